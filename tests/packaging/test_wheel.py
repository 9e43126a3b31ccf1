"""The wheel works in an empty virtual environment elsewhere, with the network cut.

The wheel is built from the sdist. The environment gets it by pip, and of everything else only what the wheel's own
metadata asks for, extras left out: these packages are linked from the environment that runs the tests, whose hashes
were checked when it was made, so that no index is needed. `pip check` says that nothing is missing.
"""

import json
import os
import re
import socket
import subprocess
import sys
import tarfile
import venv
from collections.abc import Iterator, Sequence
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
SECONDS = 300
REFUSE = """
import socket
def refused(*arguments, **named):
    raise OSError("the network is cut")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refused
"""


def call(*command: str | Path, cwd: Path, environment: dict[str, str] | None = None) -> str:
    done = subprocess.run([str(word) for word in command], cwd=cwd, env=environment, capture_output=True, text=True,
                          check=False, timeout=SECONDS)  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def build(kind: str, source: Path, folder: Path) -> Path:
    call(sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", folder, cwd=source)
    [made] = folder.glob("*.tar.gz" if kind == "sdist" else "*.whl")
    return made


def needed(requirements: Sequence[str]) -> Iterator[Distribution]:
    """Yield what these requirements need, and what that needs in turn; nothing for extras."""
    left, seen = list(requirements), set()
    while left:
        wanted = Requirement(left.pop())
        name = re.sub(r"[-_.]+", "-", wanted.name).lower()
        if name in seen or (wanted.marker is not None and not wanted.marker.evaluate({"extra": ""})):
            continue
        seen.add(name)
        found = distribution(name)
        left += found.requires or []
        yield found


def link(found: Distribution, site: Path) -> None:
    """Put a distribution into another environment, by links to its folders and files."""
    for top in {file.parts[0] for file in found.files or [] if file.parts[0] not in ("..", "__pycache__")}:
        place = site / top
        if not place.exists():
            place.symlink_to(Path(str(found.locate_file(top))))


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the environment."""
    folder = tmp_path_factory.mktemp("elsewhere")
    with tarfile.open(build("sdist", ROOT, folder / "sdist")) as archive:
        archive.extractall(folder / "source", filter="data")
    [source] = (folder / "source").iterdir()
    wheel = build("wheel", source, folder / "wheel")
    venv.create(folder / "venv")
    python = folder / "venv" / "bin" / "python"
    [site] = (folder / "venv").glob("lib/python*/site-packages")
    assert not list(site.iterdir())
    environment = {**os.environ, "PIP_CONFIG_FILE": os.devnull, "PYTHONPATH": ""}
    pip: list[str | Path] = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python]
    call(*pip, "install", "-q", "--no-index", "--no-deps", wheel, cwd=folder, environment=environment)
    [metadata] = site.glob("flopcast-*.dist-info")
    for found in needed(Distribution.at(metadata).requires or []):
        link(found, site)
    call(*pip, "check", cwd=folder, environment=environment)
    assert not (site / "streamlit").exists()
    assert not (site / "pytest").exists()
    return folder


@pytest.fixture(scope="module")
def cut(elsewhere: Path) -> tuple[list[str], dict[str, str]]:
    """Return a command before others that cuts the network, and the environment to run them in.

    A network namespace of its own where the system lets us; else Python is told to refuse every connection.
    """
    environment = {"PATH": f"{elsewhere / 'venv' / 'bin'}:/usr/bin:/bin", "HOME": str(elsewhere), "COLUMNS": "100"}
    for words in (["unshare", "-n"], ["unshare", "-r", "-n"]):
        try:
            if subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0:
                return words, environment
        except OSError:
            break
    refuse = elsewhere / "refuse"
    refuse.mkdir()
    (refuse / "sitecustomize.py").write_text(REFUSE, encoding="utf-8")
    return [], {**environment, "PYTHONPATH": str(refuse)}


def flopcast(elsewhere: Path, cut: tuple[list[str], dict[str, str]], *arguments: str) -> str:
    words, environment = cut
    return call(*words, elsewhere / "venv" / "bin" / "flopcast", *arguments, cwd=elsewhere, environment=environment)


def test_the_network_is_cut(elsewhere: Path, cut: tuple[list[str], dict[str, str]]) -> None:
    """A server of ours can be reached from here, and cannot from there."""
    words, environment = cut
    with socket.create_server(("127.0.0.1", 0)) as server:
        ask = f"import socket; socket.create_connection(('127.0.0.1', {server.getsockname()[1]}), timeout=5)"
        assert subprocess.run([sys.executable, "-c", ask], check=False).returncode == 0
        there = [*words, str(elsewhere / "venv" / "bin" / "python"), "-c", ask]
        done = subprocess.run(there, cwd=elsewhere, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "Error" in done.stderr


def test_run(elsewhere: Path, cut: tuple[list[str], dict[str, str]]) -> None:
    here = call(sys.executable, "-c", "from analysis.cli.main import main; main()", "run", "llama-65b", "--json",
                cwd=ROOT)  # fmt: skip
    there = json.loads(flopcast(elsewhere, cut, "run", "llama-65b", "--json"))
    assert there["usd"] == json.loads(here)["usd"]
    assert "LLaMA" in flopcast(elsewhere, cut, "run", "llama-65b")


def test_report(elsewhere: Path, cut: tuple[list[str], dict[str, str]]) -> None:
    flopcast(elsewhere, cut, "report", "llama-65b", "-o", "llama.html")
    text = (elsewhere / "llama.html").read_text(encoding="utf-8")
    assert text.count("<svg") >= 8
    assert not re.search(r"(?:src|href)=[\"']https?:", text)
    assert len(text) < 2e6


def test_it_runs_from_the_wheel_with_nothing_but_its_own_dependencies(
    elsewhere: Path, cut: tuple[list[str], dict[str, str]]
) -> None:
    words, environment = cut
    ask = "import simulator, analysis, scenarios; print(simulator.__file__, *analysis.__path__, *scenarios.__path__)"
    places = call(*words, elsewhere / "venv" / "bin" / "python", "-c", ask, cwd=elsewhere, environment=environment)
    assert all(place.startswith(str(elsewhere)) for place in places.split())
    told = flopcast(elsewhere, cut, "doctor")
    assert "flopcast[web]" in told  # how to get what is not there
    assert "a100" in flopcast(elsewhere, cut, "show", "accelerators")
    assert "_FLOPCAST_COMPLETE" in call(*words, "bash", "-c", "flopcast --show-completion; exit $?", cwd=elsewhere,
                                        environment=environment)  # fmt: skip


def test_web_says_what_is_missing(elsewhere: Path, cut: tuple[list[str], dict[str, str]]) -> None:
    words, environment = cut
    done = subprocess.run([*words, str(elsewhere / "venv" / "bin" / "flopcast"), "web"], cwd=elsewhere, env=environment,
                          capture_output=True, text=True, check=False, timeout=SECONDS)  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "the page needs the extra web: pip install 'flopcast[web]'\n"
