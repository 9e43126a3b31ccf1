"""Every command that README and docs show is run, page by page, in the order of the page, by a real shell.

A fence ```sh is run as it stands, of ```console the lines that begin with ``$``. A fence that is announced by a line
with a file name in backticks is written to that file first. ``<!-- not run: why -->`` before a fence leaves it out.
"""

import gzip
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    *(page for page in sorted(ROOT.glob("docs/**/*.md")) if not {"_build", "generated"} & set(page.parts)),
]
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NOT_RUN = re.compile(r"<!-- (?:not run: \S.*|test command) -->\s*$")
_NAMED = re.compile(r"`([\w./-]+\.(?:toml|csv|json))`:?\s*$")
_WRAPPER = """#!/bin/sh
exec "{python}" -c 'from analysis.cli.main import main; main()' "$@"
"""
SECONDS = 1200  # for a block of commands, on a busy machine


class Fence(NamedTuple):
    """A block of a page: its language and text, and the paragraph before it."""

    language: str
    text: str
    before: str


def fences(page: Path) -> Iterator[Fence]:
    text = page.read_text(encoding="utf-8")
    for match in _FENCE.finditer(text):
        yield Fence(match[1], match[2], text[: match.start()].rstrip().rpartition("\n\n")[2])


def script(fence: Fence) -> str:
    """Return what a reader would type."""
    if fence.language == "sh":
        return fence.text
    lines, goes_on = [], False
    for line in fence.text.splitlines():
        if goes_on or line.startswith("$ "):
            lines.append(line.removeprefix("$ "))
            goes_on = line.endswith("\\")
    return "\n".join(lines)


def runs(fence: Fence) -> bool:
    return fence.language in ("sh", "console") and _NOT_RUN.search(fence.before) is None


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Make a folder with `flopcast` on the path and the files that pages take for granted."""
    wrapper = tmp_path / "bin" / "flopcast"
    wrapper.parent.mkdir()
    wrapper.write_text(_WRAPPER.format(python=sys.executable))
    wrapper.chmod(0o755)
    here = tmp_path / "here"
    here.mkdir()
    (here / "log.csv").write_text("day,tokens,stops\n10,1.99T,86\n54,10.7T,466\n")
    jobs = "".join(f"{n} {60 * n} -1 {600 + n} {1 + n % 64} -1 -1 {1 + n % 64} 7200 -1 1 {n % 5} 1 -1 1 1 -1 -1\n"
                   for n in range(1, 301))  # fmt: skip
    for name in ("log.swf.gz", "jobs.swf.gz"):
        (here / name).write_bytes(gzip.compress(f"; MaxNodes: 100\n{jobs}".encode(), mtime=0))
    return here


@pytest.mark.parametrize("page", [page for page in PAGES if any(map(runs, fences(page)))],
                         ids=lambda page: str(page.relative_to(ROOT)))  # fmt: skip
def test_the_commands_of_a_page_work(page: Path, place: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{place.parent / 'bin'}:{os.environ['PATH']}",
                   "COLUMNS": "120"}  # fmt: skip
    for fence in fences(page):
        named = _NAMED.search(fence.before)
        if named and not runs(fence):
            file = place / named[1]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(fence.text, encoding="utf-8")
        elif runs(fence):
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", script(fence)], cwd=place, env=environment, timeout=SECONDS,
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert done.returncode == 0, f"{script(fence)}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"


def test_what_is_not_run_says_why_and_is_rare() -> None:
    blocks = [fence for page in PAGES for fence in fences(page) if fence.language in ("sh", "console")]
    left = [fence for fence in blocks if not runs(fence)]
    assert len(blocks) - len(left) >= 20
    assert len(left) <= len(blocks) / 2
