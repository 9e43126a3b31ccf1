"""T10 of theory/reliability.md: what MegaScale's effective training time says about its stops (an inverse question).

Source: arXiv 2402.15627, section 4: faults are found in less than 10 min, training catches up within 15 min, and more
than 90 % of the time is effective. Both together say how far apart the stops were, which is not published.
"""

from scipy.optimize import brentq

from simulator.engine.estimate import estimate
from simulator.reliability.attempt import Cycle
from simulator.reliability.recovery import Recovery
from tests import factories

MINUTE_S, HOUR_S = 60.0, 3600.0
REPLICAS = range(50)


def run(mtbf_s: float) -> tuple[float, float]:
    """Return effective time and the hours between stops, on one set of faults for every rate."""
    scenario = factories.scenario(
        factories.stage(2e6, cycle=Cycle(work_s=6.0)),
        [factories.cause(1.0 / mtbf_s, detection_s=10 * MINUTE_S)],
        Recovery(exposure="B", restore_s=15 * MINUTE_S),
    )
    found = estimate(scenario, REPLICAS)
    return float(found.productive_accelerator_s.sum() / found.accelerator_s.sum()), float(
        found.wall_s.sum() / found.interruptions.sum() / HOUR_S
    )


def test_megascale_stops_are_four_hours_apart() -> None:
    """T10: 10 min + 15 min and 90 % imply 4.2 h from stop to stop, 25 min / 0.1; within 5 %."""
    mtbf_s = brentq(lambda mtbf_s: run(mtbf_s)[0] - 0.9, 0.5 * HOUR_S, 20 * HOUR_S, xtol=30.0)
    effective, apart_h = run(mtbf_s)
    assert abs(effective - 0.9) < 1e-3
    assert abs(apart_h / 4.2 - 1.0) < 0.05
    assert run(2 * mtbf_s)[0] > 0.9 > run(mtbf_s / 2)[0]
