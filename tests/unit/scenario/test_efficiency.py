"""Methods of efficiency: the registry as a user extends it, and what the catalogue may lack."""

from dataclasses import replace
from pathlib import Path

import pytest

from simulator.catalogue.reader import entry
from simulator.foundation.issues import ScenarioError
from simulator.scenario.api import load, scenario
from simulator.scenario.efficiency import METHODS, Question, Speed, Stated, speed_of
from simulator.scenario.experience import experience
from simulator.scenario.findings import Findings
from simulator.scenario.machines import Machines
from simulator.scenario.trained import Trained
from simulator.workload.architecture import Architecture, six_n_d, training_flops

SHAPE = Architecture(layers=2, hidden=64, heads=4, ffn=128, vocab=100, seq=32)
MODEL = Trained(
    shape=SHAPE, sequence=32, flop_per_token=training_flops(SHAPE, causal=False).model_flop, six_n=six_n_d(SHAPE)
)


def question(**values: float | str) -> Question:
    accelerator = entry("accelerators", "h100-sxm")
    known = {**accelerator.values, **values} if values else {"peak_bf16_flop_per_s": 1e15}
    return Question(
        machines=Machines(accelerator=replace(accelerator, values=known), system=None, accelerators=8, per_node=8),
        model=MODEL,
        accelerators=8,
        batch_tokens=None,
        stated=Stated(path=("throughput",)),
        findings=Findings(load("llama-65b")),
    )


def test_a_generation_without_published_runs() -> None:
    asked = question()
    assert speed_of(asked, "published") is None
    assert "no published efficiency for h100-sxm" in asked.findings.issues[0].message


def test_quartiles_make_a_lognormal() -> None:
    asked = question(mfu_p25=0.2, mfu_p50=0.3, mfu_p75=0.4, mfu_basis="assumed")
    found = speed_of(asked, "published")
    assert found is not None
    assert found.sigma == pytest.approx(0.6931 / 1.349, rel=1e-3)
    assert found.tokens_per_s == pytest.approx(0.3 * 989e12 / MODEL.six_n, rel=0.01)


def test_what_nobody_states_is_what_whole_runs_came_to() -> None:
    """In calendar time; `runs` is the same fit freed of losses."""
    known = experience(entry("accelerators", "h100-sxm"))
    asked = question(mfu_basis="published")
    calendar, net = speed_of(asked, "published"), speed_of(asked, "runs")
    assert calendar is not None
    assert net is not None
    assert calendar.tokens_per_s == pytest.approx(known.mfu * 989e12 / MODEL.flop_per_token)
    assert net.tokens_per_s / calendar.tokens_per_s == pytest.approx(known.net_over_gross)
    assert calendar.sigma == net.sigma == known.small_sigma  # a model below 4 billion parameters


def test_a_method_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Half:
        def speed(self, question: Question) -> Speed | None:
            return Speed(tokens_per_s=100.0 * question.accelerators / 2048, sigma=0.1)

    monkeypatch.setitem(METHODS._members, "half", Half)
    (tmp_path / "mine.toml").write_text("extends = 'llama-65b'\n[throughput]\nmethod = 'half'\n")
    found = scenario(tmp_path / "mine.toml")
    assert found.stages[0].work_s == pytest.approx(1.4e12 / 100 / 2048)
    assert found.efficiency_sigma == 0.1
    with pytest.raises(ScenarioError, match="did you mean"):
        scenario(tmp_path / "mine.toml", ["throughput.method=halff"])
