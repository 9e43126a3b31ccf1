"""What belongs to a replica as a whole: its efficiency and its discount."""

from dataclasses import replace

import numpy as np
from scipy import stats

from simulator.engine.spread import discounts, efficiencies
from simulator.scenario.values import Tariff
from tests import factories

UNSURE = factories.scenario(
    efficiency_sigma=0.2, tariff=Tariff(list_usd_per_accelerator_h=2.0, discount_low=0.5, discount_high=0.8)
)


def test_known_values_are_not_drawn() -> None:
    known = replace(UNSURE, efficiency_sigma=0.0, tariff=replace(UNSURE.tariff, discount_high=0.5))
    assert efficiencies(known, range(3)).tolist() == [1.0] * 3
    assert discounts(known, range(3)).tolist() == [0.5] * 3


def test_laws() -> None:
    assert stats.kstest(np.log(efficiencies(UNSURE, range(5000))) / 0.2, "norm").pvalue > 1e-3
    assert stats.kstest(discounts(UNSURE, range(5000)), stats.uniform(0.5, 0.3).cdf).pvalue > 1e-3


def test_a_replica_has_its_luck_in_any_company() -> None:
    for drawn in (efficiencies, discounts):
        whole = drawn(UNSURE, range(3000))
        np.testing.assert_array_equal(drawn(UNSURE, range(1000, 2100)), whole[1000:2100])
        assert drawn(UNSURE, range(2047, 2048))[0] == whole[2047]
    assert abs(np.corrcoef(efficiencies(UNSURE, range(3000)), discounts(UNSURE, range(3000)))[0, 1]) < 0.07
