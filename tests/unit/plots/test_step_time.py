"""The picture of one training step."""

import xml.etree.ElementTree as ET

from analysis.plots.step_time import step_time

PARTS = {"matrix products": 3.0, "pipeline bubble": 0.75, "optimizer": 0.0002}


def test_the_picture_says_what_it_shows_and_repeats() -> None:
    picture = step_time("step", PARTS, title="a model: tp8")
    text = picture.svg()
    assert ET.fromstring(text).attrib["aria-label"] == picture.alt
    assert "matrix products 80 %" in picture.alt
    assert text == step_time("step", PARTS, title="a model: tp8").svg()
    assert text != step_time("step", PARTS, title="a model: tp4").svg()
