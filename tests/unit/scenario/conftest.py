"""Fixtures of the tests of what scenarios mean."""

from pathlib import Path

import pytest

from tests.unit.scenario.maker import Maker


@pytest.fixture
def made(tmp_path: Path) -> Maker:
    return Maker(tmp_path)
