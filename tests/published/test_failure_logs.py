"""Facts of real node logs, recomputed from the logs themselves."""

import json

import pytest
import typer
from typer.testing import CliRunner

from analysis.cli.fit import fit
from analysis.metrics.observation import Observation
from analysis.metrics.outages import study
from simulator.engine.run import run
from simulator.scenario.api import scenario
from simulator.traces.outage_logs import read_outages
from tests.beside import trace


@pytest.fixture(scope="module")
def lanl():
    return trace("terms_only/lanl/LA-UR-05-7318-failure-data-1996-2005.shared.csv.gz")


@pytest.fixture(scope="module")
def studies(lanl):
    logs = {system: read_outages(lanl, system=system) for system in ("6", "18", "19")}
    return {system: study(log, Observation.of(log)) for system, log in logs.items()}


def test_system_18_has_the_published_mean_and_shape(studies):
    """LA-UR-05-7318 by Schroeder and Gibson (DSN 2006): Weibull shapes of 0.7 to 0.9; the figures within 1 %."""
    found = studies["18"]
    assert found.rate.count == 3997
    assert found.mtbf_s / 3600 == pytest.approx(7.335, rel=1e-3)
    assert found.gaps.of("weibull").shape == pytest.approx(0.817, rel=1e-3)
    assert found.gaps.best.law == "weibull"


def test_exponential_is_rejected_for_18_and_19_and_not_for_6(studies):
    assert studies["18"].gaps.exponential_p < 1e-60
    assert studies["19"].gaps.exponential_p < 1e-15
    assert studies["6"].gaps.exponential_p > 0.9
    assert studies["6"].gaps.best.law == "exponential"


def test_node_0_is_the_worst_lemon_of_each(studies):
    """A few nodes fail 5 to 41 times as often as the rest; node 0 is a front end."""
    for system, failures in (("6", 11), ("18", 116), ("19", 119)):
        worst = studies[system].lemons[0]
        assert (worst.node, worst.failures) == ("0", failures)


def test_repairs_are_lognormal_with_a_median_of_an_hour_and_a_mean_of_three(studies):
    for system in ("18", "19"):
        repairs = studies[system].repairs
        assert repairs.laws.best.law == "lognormal"
        assert 0.9 < repairs.median_s / 3600 < 1.1
        assert 2.9 < repairs.mean_s / 3600 < 3.6


def test_starts_are_correlated(studies):
    bursts = studies["18"].bursts
    assert (bursts.count, bursts.failures, bursts.largest) == (63, 137, 6)
    assert bursts.by_chance < 10


def test_from_the_log_to_a_scenario_that_uses_it(lanl, tmp_path):
    app = typer.Typer()
    app.add_typer(fit, name="fit")
    out = tmp_path / "lanl-18.toml"
    done = CliRunner().invoke(app, ["fit", "failures", str(lanl), "--system", "18", "--out", str(out), "--json"])
    assert done.exit_code == 0, done.output
    rate = json.loads(done.stdout)["rate"]["per_1000_node_days"]
    (tmp_path / "mine.toml").write_text("extends = 'llama-65b'\n[failures]\ncatalogue = 'lanl-18.toml'\n")
    found = scenario(tmp_path / "mine.toml")
    assert [cause.name for cause in found.causes] == [
        "hardware", "software", "undetermined", "facilities", "network", "human_error",
    ]  # fmt: skip
    laws = {cause.name: (type(cause.law).__name__, cause.repair_law) for cause in found.causes}
    assert laws["hardware"] == ("Gamma", "lognormal")
    assert laws["software"] == ("Weibull", "lognormal")
    assert laws["human_error"] == ("NoneType", "lognormal")
    assert run(found, range(2)).interruptions.min() > 0
    per_day = sum(cause.rate_per_node_s for cause in found.causes) * 86400 * 1000
    assert per_day == pytest.approx(rate, rel=1e-5)
