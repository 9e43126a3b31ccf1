"""A real browser, Debian's Chromium, uses the what-if page and opens the report; no other host is asked."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from typer.testing import CliRunner

from analysis.cli.main import app
from analysis.plots.amounts import days, dollars, share

pytest.importorskip("streamlit", reason="the extra web is not installed")
webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None, reason="no Chromium here: apt-get install chromium chromium-driver"
)

ROOT = Path(__file__).parents[2]
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
         "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")  # fmt: skip
WAIT_S = 60.0


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the page as `flopcast web` does, from another folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    code = "import sys; sys.argv[0] = 'flopcast'; from analysis.cli.main import main; main()"
    server = subprocess.Popen(
        [sys.executable, "-c", code, "web", "--port", str(port)], cwd=tmp_path_factory.mktemp("elsewhere"),
        env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    here = f"http://127.0.0.1:{port}"
    try:
        eventually(lambda: urllib.request.urlopen(f"{here}/_stcore/health", timeout=2).status == 200)
        yield here
    finally:
        server.terminate()
        server.wait(timeout=30)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def browser(folder: Path) -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in FLAGS:
        options.add_argument(flag)
    options.add_experimental_option("prefs", {"download.default_directory": str(folder)})
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    try:
        driver.set_window_size(1280, 1600)
        yield driver
    finally:
        driver.quit()


def eventually(is_so: Callable[[], Any]) -> Any:
    """Return what comes true within a time that a slow machine needs."""
    end = time.monotonic() + WAIT_S
    while True:
        try:
            if found := is_so():
                return found
        except Exception:
            if time.monotonic() > end:
                raise
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.1)


def by_command(*words: str, command: str = "run") -> dict[str, Any]:
    done = CliRunner().invoke(app, [command, *words, "--replicas", "400", "--json"])
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def texts(facts: dict[str, Any]) -> list[str]:
    return [days(facts["wall_days"]["p50"], 4), dollars(facts["usd"]["p50"], 4), share(facts["goodput"]["p50"], 4)]


def shown(browser: Any) -> list[str]:
    return [each.text.strip() for each in browser.find_elements("css selector", '[data-testid="stMetricValue"]')]


def fill(browser: Any, label: str, value: str) -> None:
    from selenium.webdriver.common.keys import Keys

    def typed() -> bool:
        field = browser.find_element("css selector", f'input[aria-label="{label}"]')
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(value, Keys.ENTER)
        return True

    eventually(typed)


def press(browser: Any, label: str) -> None:
    def pressed() -> bool:
        browser.find_element("xpath", f"//button[contains(., '{label}')]").click()
        return True

    eventually(pressed)


def hosts(browser: Any) -> set[str | None]:
    """Return which hosts were asked for anything since the last call."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    urls = [each["params"]["request"]["url"] for each in messages if each["method"] == "Network.requestWillBeSent"]
    urls += [each["params"]["url"] for each in messages if each["method"] == "Network.webSocketCreated"]
    return {urlsplit(url).hostname for url in urls if urlsplit(url).scheme in ("http", "https", "ws", "wss")}


def test_a_user_changes_the_cluster_and_takes_the_report(browser: Any, address: str, folder: Path) -> None:
    browser.get(address)
    base = by_command("llama-65b")
    eventually(lambda: shown(browser) == texts(base))
    press(browser, "Pin this answer")
    eventually(lambda: "Side by side" in browser.page_source)
    fill(browser, "Accelerators", "1024")
    one = by_command("llama-65b", "--set", "cluster.accelerators=1024")
    eventually(lambda: shown(browser) == texts(one))
    fill(browser, "Discount, %", "50")
    facts = by_command("llama-65b", "--set", "cluster.accelerators=1024", "--set", "pricing.discount=0.5")
    eventually(lambda: shown(browser) == texts(facts))
    changes = ("--set-b", "cluster.accelerators=1024", "--set-b", "pricing.discount=0.5")
    (compared,) = by_command("llama-65b", *changes, "--no-why", command="compare")["comparisons"]
    later = compared["differences"][0]["estimate"]["mean"]
    assert compared["differences"][0]["quantity"] == "wall_days"
    table = '[data-testid="stTable"]'
    eventually(lambda: f"{later:+,.2f} d" in browser.find_element("css selector", table).text)
    press(browser, "Report (HTML)")
    report = folder / "report.html"
    eventually(report.is_file)
    assert hosts(browser) == {"127.0.0.1"}

    browser.get(report.as_uri())
    answer = browser.find_element("css selector", ".answer").text
    assert dollars(facts["usd"]["p50"]) in answer
    data = browser.find_element("css selector", 'a[href^="data:application/json"]').get_attribute("href")
    with urllib.request.urlopen(data) as inside:
        assert json.load(inside) == facts
    assert hosts(browser) == set()


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_window(browser: Any, address: str, width: int) -> None:
    size = {"width": width, "height": 1400, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(address)
    eventually(lambda: len(shown(browser)) == 3)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    cut = """return [...document.querySelectorAll('[data-testid="stMetricValue"], button, h1, h2, h3')]
             .filter(each => each.offsetParent && each.scrollWidth > each.clientWidth + 1)
             .map(each => each.innerText)"""
    assert browser.execute_script(cut) == []
