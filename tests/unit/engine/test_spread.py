"""What belongs to a replica as a whole: its efficiency and its discount."""

from dataclasses import replace

import numpy as np
from scipy import stats

from simulator.engine.spread import GROUP, efficiencies, luck_in_talks
from simulator.engine.timeline import BLOCK
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


def test_draws_are_even_in_every_group_and_block() -> None:
    drawn = luck_in_talks(UNSURE, range(2 * BLOCK))
    for size in (GROUP, BLOCK):
        for part in drawn.reshape(-1, size):
            assert sorted(np.floor(part * size).tolist()) == list(range(size))


def test_a_mean_hardly_depends_on_even_draws() -> None:
    """Independent draws would scatter by 0.29 / 8 = 0.036 for a group, and 0.009 for a block."""
    for size, least in ((GROUP, 0.036 / 8), (BLOCK, 0.009 / 20)):
        means = [luck_in_talks(replace(UNSURE, seed=seed), range(size)).mean() for seed in range(40)]
        assert np.std(means) < least


def test_a_replica_has_its_luck_in_any_company() -> None:
    for drawn in (efficiencies, luck_in_talks):
        whole = drawn(UNSURE, range(3000))
        np.testing.assert_array_equal(drawn(UNSURE, range(1000, 2100)), whole[1000:2100])
        assert drawn(UNSURE, range(2047, 2048))[0] == whole[2047]
    assert abs(np.corrcoef(efficiencies(UNSURE, range(3000)), luck_in_talks(UNSURE, range(3000)))[0, 1]) < 0.07
