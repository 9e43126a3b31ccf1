"""Pictures: well-formed, the same bytes for the same input, and readable by those who cannot see them."""

import importlib.util
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from types import ModuleType

import matplotlib as mpl
import pytest

from analysis.plots.style import PHASE_FILLS, Picture
from simulator.records import PHASES


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


drawings = load(Path(__file__).with_name("drawings.py"))
KINDS = [picture.name for picture in drawings.pictures()]


@pytest.fixture(scope="module")
def drawn() -> dict[str, Picture]:
    return {picture.name: picture for picture in drawings.pictures()}


@pytest.mark.parametrize("name", KINDS)
def test_svg_is_well_formed_and_says_what_it_shows(drawn: dict[str, Picture], name: str) -> None:
    text = drawn[name].svg()
    root = ET.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == drawn[name].alt != ""
    assert "nan" not in re.sub(r"[A-Za-z]*[Nn]an[a-z]+", "", text)


@pytest.mark.parametrize("name", KINDS)
def test_inline_svg_refers_to_nothing_outside_itself(drawn: dict[str, Picture], name: str) -> None:
    text = drawn[name].inline()
    assert "http" not in text
    known = set(re.findall(r'\bid="([^"]*)"', text))
    assert all(identifier.startswith(f"{name}-") for identifier in known)
    assert set(re.findall(r'href="#([^"]*)"', text)) | set(re.findall(r"url\(#([^)]*)\)", text)) <= known


def test_same_input_gives_same_bytes_whatever_the_users_settings(drawn: dict[str, Picture]) -> None:
    before = {name: picture.svg() for name, picture in drawn.items()}
    with mpl.rc_context({"font.size": 20.0, "axes.grid": True, "lines.linewidth": 9.0, "svg.fonttype": "none"}):
        after = {picture.name: picture.svg() for picture in drawings.pictures()}
    assert after == before


def test_other_input_gives_other_bytes(drawn: dict[str, Picture]) -> None:
    other = drawings.timeline("typical", drawings.story(11))
    assert other.svg() != drawn["typical"].svg()


def test_png_on_request(drawn: dict[str, Picture]) -> None:
    pixels = drawn["waterfall"].png(100)
    assert pixels.startswith(b"\x89PNG")
    assert pixels == drawn["waterfall"].png(100)


def test_each_phase_has_its_own_look() -> None:
    assert set(PHASES) == set(PHASE_FILLS)
    assert len(set(PHASE_FILLS.values())) == len(PHASE_FILLS)


def test_many_stops_do_not_swell_the_picture() -> None:
    picture = drawings.timeline("dense", drawings.story(20_000))
    assert len(picture.svg()) < 2_000_000
