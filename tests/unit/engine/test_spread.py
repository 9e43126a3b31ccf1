"""What belongs to a replica as a whole: its efficiency and its discount."""

from dataclasses import replace

import numpy as np
from scipy import stats

from simulator.engine.spread import efficiencies, luck_in_talks
from simulator.pricing.tariff import flat
from tests import factories

UNSURE = factories.scenario(efficiency_sigma=0.2, tariff=flat(2.0, discount_low=0.5, discount_high=0.8))


def test_known_values_are_not_drawn() -> None:
    known = replace(UNSURE, efficiency_sigma=0.0, tariff=flat(2.0, 0.5, 0.5))
    assert efficiencies(known, range(3)).tolist() == [1.0] * 3
    assert luck_in_talks(known, range(3)).tolist() == [0.5] * 3


def test_laws() -> None:
    assert stats.kstest(np.log(efficiencies(UNSURE, range(5000))) / 0.2, "norm").pvalue > 1e-3
    assert stats.kstest(luck_in_talks(UNSURE, range(5000)), stats.uniform(0.0, 1.0).cdf).pvalue > 1e-3


def test_a_replica_has_its_luck_in_any_company() -> None:
    for drawn in (efficiencies, luck_in_talks):
        whole = drawn(UNSURE, range(3000))
        np.testing.assert_array_equal(drawn(UNSURE, range(1000, 2100)), whole[1000:2100])
        assert drawn(UNSURE, range(2047, 2048))[0] == whole[2047]
    assert abs(np.corrcoef(efficiencies(UNSURE, range(3000)), luck_in_talks(UNSURE, range(3000)))[0, 1]) < 0.07
