"""A fleet watched from its first day: its rate is not that of later ages, and by how much is said."""

import tomllib

import pytest
import typer
from typer.testing import CliRunner

from analysis.cli.fit import fit
from analysis.metrics.observation import Observation
from analysis.metrics.outages import OutageStudy, study
from analysis.metrics.youth import youth
from analysis.report.failure_entry import failure_entry
from simulator.foundation.streams import generator
from simulator.reliability.ages import Age, first_s, renewals
from simulator.reliability.laws import Weibull
from simulator.traces.outages import Outage, OutageLog, collect_outages

DAY_S = 86400.0
DAYS, NODES, MEAN_D = 90.0, 1280, 154.0
NEW, LATER = 1171.0, NODES * DAYS / MEAN_D  # theory/reliability.md, section 3: 117.1 and 74.8 of 128 nodes, shape 0.7


def watched(shape: float, age: Age, days: float = DAYS) -> OutageLog:
    """Return the failures of a fleet, mended at once."""
    law, rng, found = Weibull(mean_s=MEAN_D * DAY_S, shape=shape), generator(3, "tests", "youth"), []
    for node, at_s in enumerate(first_s(law, rng, NODES, age).tolist()):
        while at_s < days * DAY_S:
            found.append(Outage(f"n{node:04}", at_s, None, "gpu"))
            at_s += float(law.times_s(rng, 1)[0])
    return collect_outages(found)


def studied(shape: float, age: Age, days: float = DAYS) -> OutageStudy:
    log = watched(shape, age, days)
    return study(log, Observation.of(log, nodes=NODES, since_s=0.0, until_s=days * DAY_S))


@pytest.fixture(scope="module")
def young() -> OutageStudy:
    return studied(0.7, "fresh")


def test_the_factor_takes_the_rate_of_a_young_fleet_to_that_of_all_ages(young: OutageStudy) -> None:
    found = young.causes[0].youth
    assert found
    assert found.factor
    assert found.new == pytest.approx(NEW, rel=0.06)  # 1,171 failures are known to 3 %
    assert young.rate.count * found.factor == pytest.approx(LATER, rel=0.1)
    assert found.low < LATER / NEW < found.high
    assert found.later
    assert found.later < found.next < found.new
    steps = [renewals(Weibull(mean_s=MEAN_D, shape=0.7), days) for days in (45.0, 90.0)]
    assert found.early == pytest.approx(steps[0] / steps[1], abs=0.01)
    assert found.seen_early == pytest.approx(found.early, abs=0.045)  # three standard errors of a share of 1,171


def test_the_entry_says_by_how_much_and_keeps_what_was_counted(young: OutageStudy) -> None:
    text = failure_entry(young, key="mine", title="Mine", source="log", node_accelerators=8)
    cause = tomllib.loads(text)["mine"]["gpu"]
    found = young.causes[0].youth
    assert found
    assert cause["rate_per_1000_node_days"] == pytest.approx(young.rate.count / (NODES * DAYS) * 1000, rel=1e-5)
    assert f"multiply it by {found.factor:.2f} ({found.low:.2f} to {found.high:.2f})" in cause["notes"]
    assert f"expects {found.new:,.0f} failures in up to 90 d" in cause["notes"]
    assert f"(seen: {100 * found.seen_early:.0f} %; at a steady rate 50 %)" in cause["notes"]
    assert "too many stops" in cause["notes"]


def test_rising_hazards_have_too_few_stops_and_memoryless_ones_are_no_matter() -> None:
    rising = studied(1.5, "fresh").causes[0].youth
    assert rising
    assert rising.factor == pytest.approx(75.0 / 45.5, rel=0.1)
    assert "rises with age" in str(rising)
    assert "too few stops" in str(rising)
    assert studied(1.0, "fresh").causes[0].youth is None


def test_a_mean_life_far_beyond_the_watch_is_not_told() -> None:
    """Lives of 150 times the watch: 100 nodes in 1,280 fail, and no log of a day says when the others will."""
    found = studied(0.5, "fresh", days=1.0).causes[0].youth
    assert found
    assert (found.later, found.factor, found.low, found.high) == (None, None, None, None)
    assert found.next < found.new
    assert "so short a watch cannot say how many at all ages" in str(found)


def test_the_command_says_so(tmp_path) -> None:
    log = tmp_path / "log.csv"
    rows = [f"{each.node},{each.start_s!r},{each.cause}\n" for each in watched(0.7, "fresh").outages]
    log.write_text("node,start,cause\n" + "".join(rows))
    app = typer.Typer()
    app.add_typer(fit, name="fit")
    window = ["--nodes", str(NODES), "--since", "0", "--until", str(DAYS * DAY_S)]
    said = CliRunner().invoke(app, ["fit", "failures", str(log), *window])
    assert said.exit_code == 0, said.output
    assert "gpu: The hazard falls with age" in said.stdout


def test_machines_that_came_one_after_another_count_each_for_its_time(young: OutageStudy) -> None:
    """Of nodes of which half were watched for half as long, the law expects m(45 d) and m(90 d)."""
    service_s = {f"n{node:04}": (node % 2 * DAYS / 2 * DAY_S, None) for node in range(NODES)}
    mixed = Observation(nodes=NODES, since_s=0.0, until_s=DAYS * DAY_S, service_s=service_s)
    laws = young.causes[0].uptimes
    assert laws
    found = youth(laws, young.rate, mixed, watched(0.7, "fresh").outages)
    assert found
    law = Weibull(mean_s=laws.weibull_mean_s(found.shape), shape=found.shape)
    expected = NODES / 2 * (renewals(law, DAYS / 2 * DAY_S) + renewals(law, DAYS * DAY_S))
    assert found.new == pytest.approx(expected, rel=2e-3)
    assert found.later == pytest.approx(NODES * 0.75 * DAYS * DAY_S / law.mean_s)
