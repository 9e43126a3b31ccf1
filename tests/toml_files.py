"""Scenario files that a test writes itself."""

from pathlib import Path
from textwrap import dedent


def write(folder: Path, text: str, name: str = "mine.toml") -> Path:
    """Write a scenario and return its file."""
    file = folder / name
    file.write_text(dedent(text), encoding="utf-8")
    return file
