"""Pictures of a cluster: well-formed, the same bytes for the same input, with a text for those who cannot see them."""

import re
import xml.etree.ElementTree as ET

import matplotlib as mpl
import pytest

from analysis.report.cluster_exhibits import cluster_exhibits
from simulator.engine.cluster_setup import ClusterSetup
from simulator.scheduling.job import Job


def made():
    jobs = [Job(n, n * 900, 1 << n % 7, 40_000 + 600 * (n % 11), 50_000 + 600 * (n % 11)) for n in range(150)]
    setup = ClusterSetup(jobs=jobs, capacity=128, node_units=[8] * 16, rack_nodes=4, chart=True)
    return {each.picture.name: each.picture for each in cluster_exhibits(setup.run("easy"), rack_nodes=4, inserted=6)}


@pytest.fixture(scope="module")
def pictures():
    return made()


def test_all_five_are_drawn(pictures):
    assert list(pictures) == ["queue", "use", "pieces", "gantt", "waits"]


@pytest.mark.parametrize("name", ["queue", "use", "pieces", "gantt", "waits"])
def test_each_is_well_formed_and_says_what_it_shows(pictures, name):
    text = pictures[name].svg()
    root = ET.fromstring(text)
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == pictures[name].alt != ""
    assert "nan" not in re.sub(r"[A-Za-z]*[Nn]an[a-z]+", "", text)


def test_same_input_gives_same_bytes_whatever_the_users_settings(pictures):
    before = {name: picture.svg() for name, picture in pictures.items()}
    with mpl.rc_context({"font.size": 20.0, "lines.linewidth": 9.0, "svg.fonttype": "none"}):
        assert {name: picture.svg() for name, picture in made().items()} == before
