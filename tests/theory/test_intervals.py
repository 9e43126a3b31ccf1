"""T2 of theory/reliability.md: the exact interval, Young's and Daly's, and what each of them wastes.

Source: section 1, where the table comes from; Young (1974), Daly (2006), Lambert W of the stationarity condition.
"""

import math

import pytest

from simulator.engine.estimate import estimate
from simulator.reliability.attempt import Cycle
from simulator.reliability.checkpoint import policy
from simulator.reliability.expected import run_s, segment_s
from simulator.reliability.recovery import Exposure
from tests import factories

TABLE = [  # M [h], C [min]; exact, Young, Daly low, Daly high [min]; best efficiency for D = R = 0
    (24.0, 2 / 3, 43.374, 43.818, 43.151, 43.374, 0.9699),
    (7.9, 5.0, 65.555, 68.848, 63.848, 65.555, 0.8617),
    (2.7, 1.0, 17.340, 18.000, 17.000, 17.340, 0.8930),
    (1.8, 5.0, 29.618, 32.863, 27.863, 29.615, 0.7258),
    (0.23, 1.0, 4.609, 5.254, 4.254, 4.608, 0.6660),
    (0.23, 5.0, 8.678, 11.747, 6.747, 8.650, 0.3711),
]
COLUMNS = ("mtbf_h", "write_min", "exact", "young", "low", "high", "best")
LONG_S = 1e12


def interval_s(name: str, write_s: float, mtbf_s: float) -> float:
    """Return a policy's interval on a stage that does not bound it [s]."""
    return policy(name).interval_s(work_s=LONG_S, cost_s=write_s, mtbf_s=mtbf_s)


def efficiency(work_s: float, write_s: float, mtbf_s: float, exposure: Exposure = "A") -> float:
    """Return useful over expected time of a segment, D = R = 0."""
    return work_s / segment_s(work_s, write_s, mtbf_s=mtbf_s, down_s=0.0, recovery_s=0.0, exposure=exposure)


@pytest.mark.parametrize(COLUMNS, TABLE)
def test_table(
    mtbf_h: float, write_min: float, exact: float, young: float, low: float, high: float, best: float
) -> None:
    """The intervals to the table's last digit, and the best efficiency, which is 1 - W*/M."""
    write_s, mtbf_s = write_min * 60.0, mtbf_h * 3600.0
    found = {name: interval_s(name, write_s, mtbf_s) / 60.0 for name in ("optimal", "young", "daly")}
    assert found == pytest.approx({"optimal": exact, "young": young, "daly": high}, abs=6e-4)
    assert found["young"] - write_min == pytest.approx(low, abs=6e-4)
    assert efficiency(found["optimal"] * 60.0, write_s, mtbf_s) == pytest.approx(best, abs=6e-5)
    assert 1.0 - found["optimal"] * 60.0 / mtbf_s == pytest.approx(best, abs=6e-5)


@pytest.mark.parametrize("exposure", factories.EXPOSURES)
@pytest.mark.parametrize(("down", "recovery"), [(0.0, 0.0), (0.3, 0.0), (0.1, 0.5)])
def test_one_optimum_for_all_models(exposure: Exposure, down: float, recovery: float) -> None:
    """D and R drop out: the same interval is best in A, B and C (section 1)."""
    mtbf_s, write_s = 6480.0, 300.0

    def spent(work_s: float) -> float:
        return segment_s(
            work_s, write_s, mtbf_s=mtbf_s, down_s=down * mtbf_s, recovery_s=recovery * mtbf_s, exposure=exposure
        ) / work_s  # fmt: skip

    best_s = interval_s("optimal", write_s, mtbf_s)
    assert all(spent(best_s) < spent(best_s * factor) for factor in (0.9, 0.99, 1.01, 1.1))


@pytest.mark.parametrize("name", ["optimal", "young", "daly"])
@pytest.mark.parametrize(COLUMNS[:2], [row[:2] for row in TABLE])
def test_waste_by_monte_carlo(name: str, mtbf_h: float, write_min: float) -> None:
    """The wall-clock of a run at each policy's interval is that of the closed form, within its error."""
    write_s, mtbf_s = write_min * 60.0, mtbf_h * 3600.0
    work_s = interval_s(name, write_s, mtbf_s)
    scenario = factories.scenario(
        factories.stage(8.0 * work_s, cycle=Cycle(work_s=work_s, write_s=write_s)), [factories.cause(1.0 / mtbf_s)]
    )
    wall_s = estimate(scenario, range(10_000)).wall_s
    expected_s = run_s(
        8.0 * work_s, interval_s=work_s, write_s=write_s, mtbf_s=mtbf_s, down_s=0.0, recovery_s=0.0, exposure="A"
    )
    assert abs(wall_s.mean() - expected_s) <= 3.5 * wall_s.std() / math.sqrt(wall_s.size)


@pytest.mark.parametrize(COLUMNS[:2], [row[:2] for row in TABLE])
def test_the_optimum_is_flat(mtbf_h: float, write_min: float) -> None:
    """Young's and Daly's intervals cost hardly more than the exact one, and never less."""
    write_s, mtbf_s = write_min * 60.0, mtbf_h * 3600.0
    best, young, daly = (
        efficiency(interval_s(name, write_s, mtbf_s), write_s, mtbf_s) for name in ("optimal", "young", "daly")
    )
    assert best * 0.95 < young <= best
    assert best * (1 - 1e-4) < daly <= best
