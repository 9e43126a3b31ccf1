"""``flopcast web`` without the extra: one clear message, and nothing is served."""

import importlib.util
import os
from typing import Any

import pytest
from typer.testing import CliRunner

from analysis.cli.main import app


def test_without_streamlit_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec

    def not_here(name: str, *arguments: Any) -> Any:
        return None if name.partition(".")[0] == "streamlit" else find(name, *arguments)

    monkeypatch.setattr(importlib.util, "find_spec", not_here)
    monkeypatch.setattr(os, "execve", lambda *_: pytest.fail("a page was served"))
    done = CliRunner().invoke(app, ["web"])
    assert done.exit_code == 2
    assert done.stderr == "the page needs the extra web: pip install 'flopcast[web]'\n"
    assert done.stdout == ""


@pytest.mark.parametrize("port", ["80", "70000", "x"])
def test_a_port_that_cannot_be_had_is_refused(port: str) -> None:
    assert CliRunner().invoke(app, ["web", "--port", port]).exit_code == 2
