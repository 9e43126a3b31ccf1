"""Files that may not be shipped: a test that asks for one that is not here is skipped, and says which."""

from pathlib import Path

import pytest

from analysis.validation import beside


def trace(name: str) -> Path:
    """Return a file of the folder of traces; skip the test where it is not here."""
    return _here(beside.traces() / name)


def truth(name: str) -> Path:
    """Return a table of measured figures; skip the test where it is not here."""
    return _here(beside.truth(name))


def _here(file: Path) -> Path:
    if not file.is_file():
        pytest.skip(beside.absent(file.name))
    return file
