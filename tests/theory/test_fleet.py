"""Nodes one by one against closed forms: theory, reliability, sections 3 and 4 (T8), and superposition (section 7)."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from simulator.engine.estimate import estimate
from simulator.engine.run import choose, simulate_all
from simulator.engine.simulate import simulate
from simulator.records import LedgerSink
from simulator.reliability.ages import Age, renewals
from simulator.reliability.attempt import Cycle
from simulator.reliability.fleet import Fleet, Mending, Reserve, Shop
from simulator.reliability.laws import Weibull
from simulator.reliability.recovery import Recovery
from simulator.reliability.shortage import short
from simulator.scenario.values import Scenario
from tests import factories
from tests.closing import assert_closed

DAY_S, HOUR_S = 86400.0, 3600.0
NODES, MEAN_D, DAYS = 128, 154.0, 90.0
REPLICAS = 400


@pytest.mark.parametrize(
    ("shape", "age", "counted"),
    [(0.6, "fresh", 143.6), (0.7, "fresh", 116.5), (1.0, "fresh", 75.0), (1.5, "fresh", 45.5),
     (0.6, "equilibrium", 75.0), (0.7, "equilibrium", 75.0), (1.5, "equilibrium", 75.0)],
)  # fmt: skip
def test_failures_of_a_fleet_in_its_first_90_days(shape: float, age: Age, counted: float) -> None:
    """Section 3: the table was counted, the renewal equation says it exactly; within z of 3.5 of that, and 1 % of the
    table."""
    law = Weibull(mean_s=MEAN_D * DAY_S, shape=shape)
    fault = factories.cause(1.0 / law.mean_s, law=law, age=age)
    stage = factories.stage(DAYS * DAY_S, nodes=NODES, accelerators=NODES, cycle=Cycle(work_s=60.0))
    run = factories.scenario(stage, [fault], fleet=Fleet(ample=True))
    found = simulate_all(run, range(REPLICAS))
    assert_closed(found)
    exact = NODES * (renewals(law, DAYS * DAY_S) if age == "fresh" else DAYS / MEAN_D)
    assert exact == pytest.approx(counted, rel=0.01)
    error = found.interruptions.std() / math.sqrt(REPLICAS)
    lost_days = found.wall_s.mean() / (DAYS * DAY_S) - 1.0  # up to a minute of work is lost at each stop
    assert abs(found.interruptions.mean() / (1.0 + lost_days) - exact) <= 3.5 * error


TABLE = [  # section 4: needed, spares, rate, repair [h], crews, hot, P(short), days to look at
    (128, 2, 6.5, 24, None, False, 0.04221, 1500),
    (128, 4, 6.5, 24, None, True, 0.00153, 1500),
    (2048, 40, 3.79, 72, 20, True, 0.14549, 300),
    (1024, 16, 6.5, 48, 6, False, 0.54929, 150),
]


@pytest.mark.parametrize(("needed", "spares", "rate", "repair_h", "crews", "hot", "expected", "days"), TABLE)
def test_waits_for_spares(
    needed: int, spares: int, rate: float, repair_h: float, crews: int | None, hot: bool, expected: float, days: float
) -> None:
    """Section 4: the share of the time in which the job is short, by events, within z of 3.5 of the closed form."""
    given = {"rate_per_node_s": rate * 1e-3 / DAY_S, "repair_s": repair_h * HOUR_S}
    closed = short(needed, spares, crews=crews, hot=hot, **given)
    assert closed == pytest.approx(expected, abs=5e-6)
    fault = factories.cause(nodes_lost=1, repair_law="exponential", **given)
    fleet = Fleet(cold=Reserve(nodes=spares, fails=hot), shop=Shop(manual=Mending(crews=crews)))
    stages = [
        factories.stage(length * DAY_S, name=name, nodes=needed, accelerators=needed, cycle=Cycle(work_s=1.0))
        for name, length in (("before", 30.0), ("train", days))  # all nodes are fit at first
    ]
    run = factories.scenario(stages, [fault], Recovery(spares=spares), fleet=fleet)
    shares = []
    for replica in range(16):
        books = LedgerSink()
        header = simulate(run, replica, sink=books)
        assert math.fsum(books.accelerator_s.values()) == pytest.approx(header.wall_s * (needed + spares), rel=1e-9)
        shares.append(books.accelerator_s.get(("train", "spare_wait", "fault"), 0.0) / needed / header.stage_s[1])
    error = np.std(shares) / math.sqrt(len(shares) - 1)
    assert abs(np.mean(shares) - closed) <= 3.5 * error
    assert error < 0.2 * closed


def random_case(number: int) -> Scenario:
    """Make a memoryless scenario that both engines run."""
    spares, exposure = [(None, "A"), (1, "A"), (0, "B"), (2, "B")][number % 4]
    causes = [
        factories.cause(2e-5, name="hard", nodes_lost=1, detection_s=20.0, repair_s=400.0, repair_law="exponential"),
        factories.cause(1e-5, name="soft", detection_s=60.0),
    ]
    stage = factories.stage(2e4, nodes=40, accelerators=40, cycle=Cycle(work_s=300.0, write_s=10.0))
    recovery = Recovery(
        exposure=exposure,  # type: ignore[arg-type]  # one of the words
        swap_s=20.0, initialization_s=30.0, restore_s=10.0, spares=spares,
    )  # fmt: skip
    return factories.scenario(stage, causes, recovery, seed=number)


@pytest.mark.parametrize("number", range(4))
def test_a_fleet_of_equal_memoryless_nodes_is_the_superposed_process(number: int) -> None:
    """Told node by node or as one process, the same distribution: Kolmogorov-Smirnov, and the means by cause."""
    plain = random_case(number)
    spares = plain.recovery.spares
    fleet = Fleet(ample=spares is None, cold=Reserve(nodes=spares or 0, swap_s=plain.recovery.swap_s))
    told = simulate_all(replace(plain, fleet=fleet), range(400))
    whole = estimate(plain, range(4000))
    assert_closed(told)
    assert stats.ks_2samp(told.wall_s, whole.wall_s).pvalue > 1e-3
    for name, mean in whole.stops_by_cause.items():
        assert told.stops_by_cause[name] == pytest.approx(mean, abs=3.5 * math.sqrt(mean / 400))


def test_merging_two_causes_of_equal_law_changes_nothing() -> None:
    """Two memoryless causes of one domain share a clock: as one cause of their sum, to the last bit of the wall."""
    one = replace(random_case(1), fleet=Fleet(cold=Reserve(nodes=1)))
    hard = one.causes[0]
    halves = [replace(hard, name=name, rate_per_node_s=hard.rate_per_node_s / 2) for name in ("left", "right")]
    split, whole = (replace(one, causes=causes) for causes in (halves, [hard]))
    np.testing.assert_array_equal(simulate_all(split, range(20)).wall_s, simulate_all(whole, range(20)).wall_s)


def test_spares_that_nobody_waits_for_only_cost() -> None:
    """Section 4: P(short) falls with each spare, and what a run costs rises again once it is about zero."""
    rate, repair_s, nodes = 6.5e-3 / DAY_S, DAY_S, 128
    stage = factories.stage(60.0 * DAY_S, nodes=nodes, accelerators=nodes, cycle=Cycle(work_s=600.0))
    fault = factories.cause(rate, nodes_lost=1, repair_s=repair_s, repair_law="exponential")
    fleet = Fleet(shop=Shop(manual=Mending(mean_s=repair_s)))
    hours = {}
    for spares in (0, 1, 2, 3, 5, 8, 12):
        held = replace(fleet, cold=Reserve(nodes=spares))
        found = simulate_all(factories.scenario(stage, [fault], Recovery(spares=spares), fleet=held), range(60))
        hours[spares] = float((found.accelerator_s + found.idle_accelerator_s).mean()) / HOUR_S
    enough = next(n for n in hours if short(nodes, n, rate_per_node_s=rate, repair_s=repair_s) < 1e-3)
    assert enough == 5
    best = min(hours, key=lambda n: hours[n])
    assert hours[0] > hours[1] > hours[best]
    assert best < enough
    assert hours[enough] < hours[8] < hours[12]


def test_estimate_refuses_nodes_and_says_why() -> None:
    run = replace(random_case(0), fleet=Fleet(ample=True, why=("some nodes are lemons",)))
    assert choose(run) == ("simulate", "nodes are told one by one: some nodes are lemons")
    with pytest.raises(ValueError, match="told one by one: some nodes are lemons"):
        estimate(run, range(1))
