"""The one assertion on ledgers; `tests/conftest.py` applies it to every ensemble of the suite."""

import math

import numpy as np

from simulator.records import Ensemble

REL = 1e-9


def assert_closed(ensemble: Ensemble) -> None:
    """The ledger sums to wall times accelerators, spares included; nothing in it is negative."""
    lines = ensemble.accelerator_s_by_line.values()
    whole_s = float(ensemble.accelerator_s.mean() + ensemble.idle_accelerator_s.mean())
    assert math.isclose(math.fsum(lines), whole_s, rel_tol=REL), (math.fsum(lines), whole_s)
    assert min(lines, default=0.0) >= -REL * whole_s
    np.testing.assert_allclose(ensemble.stage_s.sum(axis=0), ensemble.wall_s, rtol=REL)
