"""Systems of one's own: found beside the scenario, with units, and checked."""

import pytest

from tests.unit.scenario.maker import Maker, fact

ABOUT = "source = 'our rack plan'\ndate = 2026-11-01\nevidence = 'P'\n"
GOOD = f"""
[ours]
title = "Our hall"
accelerator = "h100-sxm"
nodes = 64
accelerators_per_node = 8
fabric = "leaf_spine"
nodes_per_rack = 4
racks_per_pod = 8
nic_bytes_per_s = "400 Gb/s"
storage_write_bytes_per_s = "120 GB/s"
{ABOUT}"""
NEEDED = "accelerator = 'h100-sxm'\nnodes = 4\naccelerators_per_node = 8\nfabric = 'single'\n"
OURS = "without = ['cluster.accelerator']\n[cluster]\nsystem = '{}'\naccelerators = 256\n"


def test_a_file_beside_the_scenario_says_what_the_machines_are(made: Maker) -> None:
    (made.folder / "ours.toml").write_text(GOOD)
    found = made(OURS.format("ours.toml"))
    assert found.stages[0].accelerators == 256
    assert found.accelerators_per_node == 8
    assert fact(found, "cluster.system.entry").value == "ours: Our hall"
    assert fact(found, "cluster.system.entry").source == "our rack plan"
    assert fact(found, "checkpoint.bandwidth").value == "120 GB/s"


def test_a_rack_of_it_is_a_domain_of_failures(made: Maker) -> None:
    (made.folder / "ours.toml").write_text(GOOD)
    cause = "[failures.causes.pdu]\nrate_per_1000_node_days = 1\ndomain = 'rack'\nkind = 'fail_stop'\n"
    found = made(OURS.format("ours.toml") + cause)
    assert fact(found, "failures.causes.pdu.domain.nodes").value == "4"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot be read"),
        ("a = 1", "no system in it"),
        (f"[a]\n{ABOUT}nodes = 4", "a.accelerator: is missing"),
        (f"[a]\n{NEEDED}", "source is missing"),
        (f"[a]\n{ABOUT}{NEEDED.replace('h100-sxm', 'h100-sxn')}", "did you mean 'h100-sxm'"),
        (f"[a]\n{ABOUT}{NEEDED.replace('nodes = 4', 'nodes = 0')}", "a.nodes: expected a whole number"),
        (f"[a]\n{ABOUT}{NEEDED.replace('nodes = 4', 'nodes = nan')}", "a.nodes"),
        (f"[a]\n{ABOUT}{NEEDED.replace('nodes = 4', 'nodes = -3')}", "a.nodes"),
        (f"[a]\n{ABOUT}{NEEDED.replace('single', 'ring')}", "one of single, leaf_spine, torus"),
        (f"[a]\n{ABOUT}{NEEDED.replace('single', 'torus')}", "a.torus_shape: is missing"),
        (f"[a]\n{ABOUT}{NEEDED}nic_bytes_per_s = '400 GiB'", "a.nic_bytes_per_s"),
        (f"[a]\n{ABOUT}{NEEDED}nic_bytes_per_s = 0", "expected a speed"),
        (f"[a]\n{ABOUT}{NEEDED}nic_byte_per_s = '400 Gb/s'", "did you mean"),
        (f"[a]\n{ABOUT}{NEEDED}[a.b]\nx = 1", "a.b"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_said(made: Maker, text: str | None, said: str) -> None:
    if text is not None:
        (made.folder / "own.toml").write_text(text)
    issues = made.issues(OURS.format("own.toml"))
    assert list(issues) == ["cluster.system"]
    assert said in issues["cluster.system"]


def test_several_systems_need_a_key(made: Maker) -> None:
    (made.folder / "two.toml").write_text(GOOD + GOOD.replace("[ours]", "[theirs]"))
    said = made.issues(OURS.format("two.toml"))["cluster.system"]
    assert said == "two.toml: has several systems; name one, as in two.toml#ours"


def test_an_unknown_word_names_both_ways(made: Maker) -> None:
    said = made.issues(OURS.format("ibm-velo"))["cluster.system"]
    assert "did you mean 'ibm-vela'" in said
    assert "the path of a .toml file" in said
