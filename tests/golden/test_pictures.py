"""Golden pictures: their bytes change only when somebody means it.

After a wanted change: ``FLOPCAST_GOLDEN=write pytest tests/golden/test_pictures.py`` and
``python docs/make_picture.py``. Letters are outlines that belong to a matplotlib version, so another one is skipped.
"""

import hashlib
import importlib.util
import json
import os
from pathlib import Path
from types import ModuleType

import matplotlib as mpl
import pytest

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).with_name("pictures.json")


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_pictures_have_the_golden_bytes() -> None:
    drawn = load(ROOT / "tests" / "unit" / "plots" / "drawings.py").pictures()
    found = {picture.name: hashlib.sha256(picture.svg().encode()).hexdigest() for picture in drawn}
    if os.environ.get("FLOPCAST_GOLDEN") == "write":
        GOLDEN.write_text(json.dumps({"matplotlib": mpl.__version__, "pictures": found}, indent=2) + "\n")
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    if golden["matplotlib"] != mpl.__version__:
        pytest.skip(f"golden pictures are of matplotlib {golden['matplotlib']}, this is {mpl.__version__}")
    assert found == golden["pictures"]


def test_the_readmes_picture_is_of_the_present_forecast() -> None:
    if json.loads(GOLDEN.read_text(encoding="utf-8"))["matplotlib"] != mpl.__version__:
        pytest.skip("letters are outlines of another matplotlib version")
    stored = (ROOT / "docs" / "picture.svg").read_text(encoding="utf-8")
    assert load(ROOT / "docs" / "make_picture.py").picture() == stored, "run: python docs/make_picture.py"
