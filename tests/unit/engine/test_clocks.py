"""Clocks of units: only what struck is renewed, clocks that rest keep their time, and spares leave the others alone."""

from array import array
from collections.abc import Iterable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.engine.clocks import Clocks, groups
from simulator.reliability.causes import Cause
from simulator.reliability.laws import Exponential, Lognormal, Trace, Weibull
from tests import factories

MEAN_S = 100.0


def weibull(name: str = "fault", shape: float = 0.7, **given: object) -> Cause:
    law = Weibull(mean_s=MEAN_S, shape=shape)
    return factories.cause(1.0 / MEAN_S, name=name, law=law, **{"age": "fresh", **given})


def clocks(causes: Sequence[Cause], nodes: int = 4, running: Iterable[int] | None = None, **given: object) -> Clocks:
    usual = {"job_nodes": nodes, "nodes": nodes, "multiples": array("d", [1.0] * nodes), "seed": 1, "replica": 0}
    return Clocks(causes, running=range(nodes) if running is None else running, **{**usual, **given})


def strikes(found: Clocks, count: int) -> list[tuple[float, int, int, int]]:
    """Return instant, group, unit and cause of the next strikes."""
    told = []
    for _ in range(count):
        due, at, unit = found.peek()
        told.append((due, at, unit, found.strike()))
    return told


def test_memoryless_causes_of_one_domain_share_a_clock() -> None:
    causes = [
        factories.cause(1e-3, name="gpu", domain="accelerator", domain_nodes=0.125),
        factories.cause(2e-3, name="host"),
        factories.cause(1e-4, name="rack", domain="rack", domain_nodes=8),
        factories.cause(1e-4, name="other-rack", domain="rack", domain_nodes=8, law=Exponential(mean_s=1250.0)),
        factories.cause(3e-3, name="planned", kind="planned"),
        weibull("wear", domain="accelerator", domain_nodes=0.125),
        factories.cause(0.0, name="never"),
    ]
    found = {group.name: group for group in groups(causes, nodes=64)}
    assert {name: group.causes for name, group in found.items()} == {
        "wear": (5,), "memoryless": (0, 1), "memoryless-8-even": (2, 3), "memoryless-even": (4,),
    }  # fmt: skip
    assert [found[name].units(64) for name in ("wear", "memoryless", "memoryless-8-even")] == [512, 64, 8]
    assert found["memoryless"].law.mean_s == pytest.approx(1.0 / 3e-3)
    assert found["memoryless-8-even"].law.mean_s == pytest.approx(1.0 / (8 * 2e-4))
    assert found["memoryless"].shares == pytest.approx((1 / 3, 1.0))


def test_strikes_are_in_order_and_renew_one_unit() -> None:
    """Each unit's strikes are the sums of its own lives, whatever the others do."""
    together = strikes(clocks([weibull()], 50), 2000)
    assert [due for due, *_ in together] == sorted(due for due, *_ in together)
    alone = strikes(clocks([weibull()], 50, running=[7]), 100)
    of_seven = [due for due, _, unit, _ in together if unit == 7]
    assert of_seven == [due for due, *_ in alone][: len(of_seven)]


def test_more_nodes_leave_the_lives_of_the_others_alone() -> None:
    few, many = clocks([weibull()], 30), clocks([weibull()], 40)
    ours = strikes(few, 200)
    theirs = [strike for strike in strikes(many, 400) if strike[2] < 30]
    assert ours[:150] == theirs[:150]


@pytest.mark.parametrize("age", ["fresh", "equilibrium", 50.0])
def test_the_long_run_rate_is_that_of_the_mean(age: str | float) -> None:
    """N / mean for any law: superposition, not rejuvenation."""
    found = strikes(clocks([weibull(shape=0.8, age=age)], 200), 20_000)
    assert 20_000 / found[-1][0] == pytest.approx(200 / MEAN_S, rel=0.03)


def test_the_rejuvenation_bug() -> None:
    """Theory, section 3: 128 nodes of shape 0.7 and mean 154 d stop a job every 28.9 h; renewing all of them at each
    failure would give 3.6 h."""
    hours = 154 * 24.0
    law = Weibull(mean_s=hours, shape=0.7)
    cause = factories.cause(1.0 / hours, law=law, age="equilibrium")
    found = strikes(clocks([cause], 128), 5000)
    assert found[-1][0] / 5000 == pytest.approx(28.9, rel=0.03)
    rejuvenated = law.times_s(np.random.default_rng(1), 128 * 2000).reshape(2000, 128).min(axis=1)
    assert rejuvenated.mean() == pytest.approx(3.6, rel=0.08)
    assert hours * 128 ** (-1 / 0.7) == pytest.approx(3.6, abs=0.05)


@settings(derandomize=True, deadline=None, max_examples=50)
@given(data=st.data())
def test_resting_moves_a_nodes_strikes_and_no_others(data: st.DataObject) -> None:
    """Nodes that rest for some exposed time strike by so much later, on all their clocks."""
    causes = [weibull("one"), weibull("two", 1.5), factories.cause(1.0 / MEAN_S, name="memoryless")]
    plain = strikes(clocks(causes, 6), 60)
    node = data.draw(st.integers(0, 5))
    at, span = data.draw(st.floats(1.0, 50.0)), data.draw(st.floats(0.0, 30.0))
    found, told, rested = clocks(causes, 6), [], False
    while len(told) < 40:
        due, group, unit = found.peek()
        if not rested and due > at:
            found.rest(node, at)
            found.resume(node, at + span)
            rested = True
            continue
        told.append((due, group, unit, found.strike()))
    moved = sorted((due + span * (unit == node and due > at), group, unit) for due, group, unit, _ in plain)
    np.testing.assert_allclose([due for due, *_ in told], [due for due, *_ in moved][:40], rtol=1e-9)


def test_a_lemons_clock_runs_faster() -> None:
    """Four times as fast is four times as often; mended, it is as others again."""
    multiples = array("d", [1.0, 4.0])
    found = clocks([weibull(shape=1.0)], 2, multiples=multiples)
    told = strikes(found, 10_000)
    assert sum(unit == 1 for _, _, unit, _ in told) == pytest.approx(8000, abs=200)
    found.quicken(1, 1.0, told[-1][0])
    later = strikes(found, 10_000)
    assert sum(unit == 1 for _, _, unit, _ in later) == pytest.approx(5000, abs=250)
    assert multiples[1] == 1.0


def test_new_parts_in_a_node_that_rests() -> None:
    found = clocks([weibull()], 2)
    found.rest(0, 0.0)
    found.renew(0)
    found.quicken(0, 2.0, 0.0)
    found.resume(0, 10.0)
    other = strikes(clocks([weibull()], 2, running=[0]), 2)
    second_life = other[1][0] - other[0][0]
    assert next(due for due, _, unit, _ in strikes(found, 50) if unit == 0) == pytest.approx(10.0 + second_life / 2.0)


def test_a_trace_strikes_at_its_instants() -> None:
    replay = Trace(mean_s=1.0, times=(3.0, 5.0, 5.0, 9.0), units=(1, 0, 2, 1))
    found = clocks([factories.cause(1.0, law=replay)], 3)
    assert [(due, unit) for due, _, unit, _ in strikes(found, 4)] == [(3.0, 1), (5.0, 0), (5.0, 2), (9.0, 1)]
    assert found.peek()[0] == np.inf


def test_marks_follow_the_rates() -> None:
    causes = [factories.cause(3e-3, name="often"), factories.cause(1e-3, name="rare"), factories.cause(0.0, name="no")]
    told = strikes(clocks(causes, 20), 8000)
    assert [sum(cause == at for *_, cause in told) for at in range(3)] == pytest.approx([6000, 2000, 0], abs=140)


def test_memory_is_linear_and_small() -> None:
    """Eighteen laws on many nodes stay below 1 KiB a node (tracemalloc sees what is kept)."""
    import tracemalloc

    nodes = 8192
    causes = [weibull(f"cause-{number}") for number in range(17)]
    causes.append(factories.cause(1e-3, name="last", law=Lognormal(mean_s=1e3, sigma=1.0)))
    multiples = array("d", [1.0] * nodes)
    tracemalloc.start()
    found = clocks(causes, nodes, multiples=multiples)
    strikes(found, 2000)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept / nodes < 1024
