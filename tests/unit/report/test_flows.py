"""What the pictures show sums to what the forecast says."""

import pytest

from analysis.report import flows
from analysis.report.exhibits import exhibits
from analysis.report.findings import Findings, gather
from simulator.scenario.api import scenario, shipped


@pytest.fixture(scope="module", params=["llama-65b", "palm-540b", "llama3-405b", "what-if-negotiate", "palm-540b-seed"])
def found(request: pytest.FixtureRequest) -> Findings:
    return gather(scenario(request.param, ["run.replicas=100"]))


def test_steps_lead_from_productive_hours_to_the_bill(found: Findings) -> None:
    steps = flows.steps(found.forecast)
    assert steps[0].phase == "productive"
    assert sum(s.accelerator_hours for s in steps) == pytest.approx(found.forecast.accelerator_hours.mean, rel=1e-9)
    assert sum(s.usd for s in steps) == pytest.approx(found.forecast.usd.mean, rel=1e-9)


def test_losses_are_the_steps_without_the_productive_one(found: Findings) -> None:
    lost = sum(loss.usd for loss in flows.losses(found.forecast))
    assert lost == pytest.approx(sum(step.usd for step in flows.steps(found.forecast)[1:]), rel=1e-9)


def test_months_sum_to_the_mean_and_follow_each_other(found: Findings) -> None:
    months = flows.cash_flow(found.forecast, found.ensemble)
    assert sum(month.usd for month in months) == pytest.approx(found.forecast.usd.mean, rel=1e-9)
    assert (months[0].first.year, months[0].first.month) == (found.scenario.start.year, found.scenario.start.month)
    numbers = [12 * month.first.year + month.first.month for month in months]
    assert numbers == list(range(numbers[0], numbers[0] + len(months)))
    assert all(month.p10 <= month.p90 for month in months)


@pytest.mark.parametrize(("sets", "beside"), [([], []), (["pricing.term=commit_1y"], ["reserved, not used"])])
def test_what_is_owed_beside_the_use_is_named_below_the_months(sets: list[str], beside: list[str]) -> None:
    where = ["pricing.provider=aws", "pricing.region=us-east-1", "run.replicas=20"]
    [money] = [each for each in exhibits(gather(scenario("llama-65b", [*where, *sets]))) if each.section == "money"]
    assert [words for words in ["reserved, not used"] if words in money.caption] == beside


def test_a_year_end_is_no_edge() -> None:
    later = gather(scenario("llama-65b", ["run.replicas=20", "start=2022-12-31"]))
    months = flows.cash_flow(later.forecast, later.ensemble)
    assert [month.name for month in months] == ["Dec 2022", "Jan 2023"]
    one_day = later.forecast.usd.mean / later.forecast.wall_days.mean
    assert months[0].usd == pytest.approx(one_day, rel=0.02)


@pytest.mark.parametrize("name", [name for name in shipped() if name.startswith(("llama", "palm", "opt", "bloom"))])
def test_the_best_interval_is_the_bottom_of_its_curve(name: str) -> None:
    curve = flows.interval_curve(scenario(name))
    if curve is None:
        assert not scenario(name).causes or all(stage.gross for stage in scenario(name).stages)
        return
    assert list(curve.intervals_s) == sorted(curve.intervals_s)
    assert curve.best_lost <= min(curve.lost) * (1 + 1e-6)
    assert curve.best_lost <= curve.chosen_lost * (1 + 1e-9)


def test_work_goes_on_until_a_silent_error_is_found() -> None:
    """Its detection is no downtime, so that the curve does not hang on it."""
    silent = "failures.causes.corruption={rate_per_1000_node_days=2, kind='silent', detection='%s', nodes_lost=0}"
    soon, late = (flows.interval_curve(scenario("llama-65b", [silent % time])) for time in ("1 min", "3 h"))
    assert soon is not None
    assert late is not None
    assert soon.chosen_lost == late.chosen_lost


PLANNED = "failures.causes.upgrade={rate_per_1000_node_days=20, kind='planned', duration='5 min'}"


@pytest.mark.parametrize("more", [[], [PLANNED]])
def test_the_curve_agrees_with_the_engine(more: list[str]) -> None:
    """At the chosen interval, with blocking saves and ample spares: the closed form against 2,000 replicas."""
    sets = ["checkpoint.mode=blocking", "cluster.spares=ample", "run.replicas=2000", *more]
    found = gather(scenario("llama-65b", sets))
    curve = flows.interval_curve(found.scenario)
    assert curve is not None
    useful_s = found.scenario.stages[0].work_s
    lost = float(found.ensemble.wall_s.mean()) / useful_s - 1
    assert curve.chosen_lost == pytest.approx(lost, rel=0.03)


def test_announced_stops_leave_the_best_interval_where_it_was() -> None:
    blocking = ["checkpoint.mode=blocking", "checkpoint.save_time=60 s"]
    without, beside = (flows.interval_curve(scenario("llama-65b", [*blocking, *more])) for more in ([], [PLANNED]))
    assert without is not None
    assert beside is not None
    assert beside.best_s == without.best_s
