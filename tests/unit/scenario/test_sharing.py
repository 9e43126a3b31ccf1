"""The section ``[shared]``: what it means, what it is refused for, and that it can be written out and read again."""

import pytest

from simulator.foundation.issues import ScenarioError
from simulator.scenario.api import resolved_toml, scenario


def test_it_takes_nodes_gang_and_defaults():
    shared = scenario("llama-65b-shared").shared
    assert (shared.nodes, shared.gang, shared.policy, shared.placement, shared.load) == (
        512,
        256,
        "easy",
        "compact",
        0.83,
    )
    assert scenario("llama-65b-shared", ["cluster.spares=4"]).shared.gang == 260
    assert scenario("llama-65b").shared is None


def test_it_is_written_out_and_read_again(tmp_path):
    first = scenario("llama-65b-shared", ["shared.nodes_per_rack=4", "shared.across_racks=2"])
    file = tmp_path / "resolved.toml"
    file.write_text(resolved_toml(first))
    again = scenario(file)
    assert again.shared == first.shared
    assert again.fingerprint == first.fingerprint
    assert "RSC-1 was 83 % utilised" in file.read_text()


def test_a_system_brings_its_racks():
    found = scenario("llama-65b-shared", ["cluster.system=meta-rsc-1"]).shared
    assert (found.nodes_per_rack, found.racks_per_pod) == (2, 10)


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        (["shared.accelerators=", "shared.load=0.5"], "state how many accelerators"),
        (["shared.accelerators=4095"], "whole number of nodes"),
        (["shared.accelerators=1024"], "needs 256"),
        (["shared.load=1"], "grows without end"),
        (["shared.policy=eazy"], "did you mean 'easy'"),
        (["shared.policy=depth-k:k=0"], "at least 1"),
        (["shared.placement=compactor"], "did you mean 'compact'"),
        (["shared.placement=box"], "--torus"),
        (["shared.across_racks=0.5"], "at least 1"),
        (["shared.polcy=easy"], "did you mean"),
    ],
)
def test_refusals(sets, said):
    with pytest.raises(ScenarioError) as caught:
        scenario("llama-65b-shared", sets)
    assert said in "\n".join(map(str, caught.value.issues))
