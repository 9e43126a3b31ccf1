"""What a log of outages says, on fleets whose truth is known."""

import math

import numpy as np
import pytest

from analysis.metrics.observation import Observation, hazard_by_age
from analysis.metrics.outages import find_lemons, study
from simulator.foundation.streams import generator
from simulator.traces.joblog import DropReport, TraceError
from simulator.traces.outages import Outage, OutageLog

DAY_S = 86400.0


def log(outages, **given):
    ordered = sorted(outages, key=lambda outage: (outage.start_s, outage.node))
    return OutageLog(outages=ordered, report=DropReport(read=len(ordered)), **given)


def fleet(nodes=200, days=400.0, mean_d=40.0, shape=0.7, seed=5, repair_s=3600.0):
    """Return the outages of a fleet of new nodes that are renewed at each repair."""
    rng = generator(seed, "tests", "fleet")
    scale_s, found = mean_d * DAY_S / math.gamma(1 + 1 / shape), []
    for node in range(nodes):
        at_s = scale_s * rng.weibull(shape)
        while at_s < days * DAY_S:
            length_s = repair_s * math.exp(1.2 * rng.standard_normal())
            found.append(Outage(str(node), at_s, at_s + length_s, "hw" if rng.random() < 0.75 else "sw"))
            at_s += length_s + scale_s * rng.weibull(shape)
    return found


def test_a_fleet_gives_its_laws_back():
    found = log(fleet(), nodes=200)
    result = study(found, Observation.of(found, since_s=0.0, until_s=400 * DAY_S))
    assert result.uptimes.best.law == "weibull"
    assert result.uptimes.shape_low < 0.7 < result.uptimes.shape_high
    assert result.uptimes.best.mean_s == pytest.approx(40 * DAY_S, rel=0.08)
    assert result.repairs.laws.best.law == "lognormal"
    assert result.repairs.laws.best.shape == pytest.approx(1.2, rel=0.05)
    assert result.repairs.median_s == pytest.approx(3600, rel=0.1)
    assert result.lemons == []
    assert result.observation.node_days == pytest.approx(200 * 400)
    assert [cause.name for cause in result.causes] == ["hw", "sw"]
    assert sum(cause.rate.count for cause in result.causes) == result.rate.count == len(found.outages)
    assert result.rate.low < result.rate.per_1000_node_days < result.rate.high


def test_mean_gap_is_span_over_gaps_and_bursts_are_minutes():
    outages = [Outage("a", 0, 5, "x"), Outage("b", 59, 60, "x"), Outage("a", 60, 61, "x"), Outage("a", 240, 240, "x")]
    found = log(outages)
    result = study(found, Observation.of(found))
    assert result.mtbf_s == 80.0
    assert (result.bursts.count, result.bursts.failures, result.bursts.largest) == (1, 2, 2)
    assert result.repairs.instants == 1
    assert result.gaps is None  # three gaps are too few for a law
    assert not result.observation.known


def test_ages_add_up():
    outages = fleet(nodes=50)
    found = log(outages, nodes=60, service_s={"0": (-100 * DAY_S, None), "1": (0.0, 200 * DAY_S)})
    seen = Observation.of(found, since_s=0.0, until_s=400 * DAY_S)
    ages = hazard_by_age(found.outages, seen)
    assert math.fsum(each.node_days for each in ages) == pytest.approx(seen.node_days)
    assert sum(each.rate.count for each in ages) == len(outages)
    assert seen.days("0") == 400
    assert seen.days("1") == 200


def test_a_lemon_is_named_and_its_weight_taken_off_the_others():
    outages = [Outage(str(node), DAY_S * (1 + node % 90), None, "x") for node in range(300)]
    outages += [Outage("7", DAY_S * at, None, "x") for at in range(2, 62, 2)]
    found = log(outages, nodes=600)
    lemon = find_lemons(found.outages, Observation.of(found, since_s=0.0, until_s=100 * DAY_S))
    assert [each.node for each in lemon] == ["7"]
    assert lemon[0].failures == 31
    assert lemon[0].multiple == pytest.approx(31 / (299 / 599))


def test_an_outage_without_end_is_censored():
    outages = [Outage(str(n), n * 1000.0, n * 1000.0 + 60 * (1 + n % 7), "x") for n in range(40)]
    outages.append(Outage("last", 39_500.0, None, "x"))
    found = log(outages)
    repairs = study(found, Observation.of(found, until_s=50_000.0)).repairs
    assert (repairs.laws.observed, repairs.laws.censored) == (40, 1)


def test_repairs_that_are_still_open_lengthen_mean_and_median():
    """Repairs of 5 h in the mean, watched for 2 h each: the ends that were seen are of 0.9 h in the mean."""
    lengths_s = generator(3, "tests", "repairs").exponential(5 * 3600.0, 2000)
    ends_s = [length_s if length_s < 7200.0 else None for length_s in lengths_s]
    found = log([Outage(str(n), 0.0, end_s, "x") for n, end_s in enumerate(ends_s)])
    repairs = study(found, Observation.of(found, until_s=7200.0)).repairs
    assert repairs.open == ends_s.count(None)
    assert np.mean([end_s for end_s in ends_s if end_s]) < 3600.0
    assert repairs.mean_s == pytest.approx(5 * 3600.0, rel=0.2)
    assert repairs.median_s == pytest.approx(5 * 3600.0 * math.log(2), rel=0.2)


def test_a_few_repairs_by_hand():
    """Four of 1 h and four that are open after 3 h: 16 h in four ends; of no length is no repair."""
    outages = [Outage(str(n), 0.0, 3600.0 if n < 4 else None, "x") for n in range(8)]
    found = log([*outages, Outage("8", 0.0, 0.0, "x")])
    repairs = study(found, Observation.of(found, until_s=3 * 3600.0)).repairs
    assert (repairs.mean_s, repairs.median_s) == pytest.approx((4 * 3600.0, 4 * 3600.0 * math.log(2)))
    assert (repairs.instants, repairs.open) == (1, 4)
    closed = log([Outage("0", 0.0, 3600.0, "x"), Outage("1", 0.0, 0.0, "x"), Outage("2", 0.0, 10800.0, "x")])
    repairs = study(closed, Observation.of(closed, until_s=20_000.0)).repairs
    assert (repairs.mean_s, repairs.median_s, repairs.instants) == (7200.0, 7200.0, 1)


def test_ends_that_are_missing_from_the_log_are_no_open_repairs():
    """A tenth of the ends is lost, of nodes that failed again: repairs stay what they were, not weeks long."""
    whole = fleet()
    holed = [outage._replace(end_s=None) if number % 10 == 0 else outage for number, outage in enumerate(whole)]
    found = log(holed, nodes=200)
    repairs = study(found, Observation.of(found, since_s=0.0, until_s=400 * DAY_S)).repairs
    assert repairs.missing == sum(outage.end_s is None for outage in holed)
    assert repairs.laws.censored == 0
    assert repairs.laws.best.shape == pytest.approx(1.2, rel=0.05)
    assert repairs.laws.best.mean_s == pytest.approx(3600 * math.exp(1.2**2 / 2), rel=0.1)


def test_a_node_that_is_still_out_is_not_up():
    """Without its last repair a node is down until the observation ends, which is no uptime."""
    outages = [Outage(str(n), (10 + n) * DAY_S, (11 + n) * DAY_S, "x") for n in range(9)]
    outages += [Outage("0", 50 * DAY_S, None, "x")]
    found = log(outages, nodes=9)
    result = study(found, Observation.of(found, since_s=0.0, until_s=100 * DAY_S))
    assert (result.uptimes.observed, result.uptimes.censored) == (10, 8)
    assert (result.repairs.laws, result.repairs.missing) == (None, 0)  # all alike


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"nodes": 1}, "2 different nodes fail in the log, more than the 1"),
        ({"since_s": 1e9}, "no failure starts between"),
        ({"until_s": -1.0}, "no failure starts between"),
    ],
)
def test_an_observation_that_cannot_be(given, said):
    found = log([Outage("a", 1.0, None, "x"), Outage("b", 2.0, None, "x")])
    with pytest.raises(TraceError, match=said):
        Observation.of(found, **given)


def test_one_row_is_a_rate_and_nothing_else():
    found = log([Outage("a", 5.0, None, "x")])
    result = study(found, Observation.of(found, until_s=10.0))
    assert (result.mtbf_s, result.gaps, result.uptimes, result.repairs) == (None, None, None, None)
    assert result.rate.count == 1
