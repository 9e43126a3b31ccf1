"""Choosing plans."""

import numpy as np
import pytest

from simulator.catalogue.reader import CatalogueError, entry
from simulator.workload.architecture import architecture
from simulator.workload.choice import PlanError, best_plan, check, search, usual_limits, whole_batch
from simulator.workload.plan import Plan
from simulator.workload.prediction import predict
from simulator.workload.search import Limits, plans
from simulator.workload.stacks import chip_of, fabric_of

H100 = entry("accelerators", "h100")
CHIP, FABRIC = chip_of(H100), fabric_of(H100)
LLAMA_70B = architecture(entry("architectures", "llama-3-70b").values)
MIXTRAL = architecture(entry("architectures", "mixtral-8x7b").values)


def limits(accelerators: int = 128, **known: int) -> Limits:
    return usual_limits(FABRIC, accelerators=accelerators, seq=8192, global_batch=256, known=known)


@pytest.mark.parametrize("arch", [LLAMA_70B, MIXTRAL])
def test_every_plan_is_legal(arch: object) -> None:
    assert arch in (LLAMA_70B, MIXTRAL)
    found = plans(LLAMA_70B if arch is LLAMA_70B else MIXTRAL, limits())
    assert (np.asarray(found.accelerators) == 128).all()
    assert (LLAMA_70B.heads % np.asarray(found.tp) == 0).all()
    assert (np.asarray(found.dp) * np.asarray(found.cp) % np.asarray(found.ep) == 0).all()
    chunked = np.asarray(found.vpp) > 1
    assert (np.asarray(found.pp)[chunked] > 1).all()
    assert (np.asarray(found.micro_batches(256))[chunked] % np.asarray(found.pp)[chunked] == 0).all()


def test_best_fits_and_none_that_fits_is_faster() -> None:
    found = search(LLAMA_70B, CHIP, FABRIC, limits(), keep=3)
    every = plans(LLAMA_70B, limits())
    all_of_them = predict(LLAMA_70B, every, CHIP, FABRIC, seq=8192, global_batch=256)
    fitting = np.asarray(all_of_them.step_time_s.p50)[np.asarray(all_of_them.fits)]
    assert float(np.min(found.best.prediction.step_time_s.p50)) == pytest.approx(fitting.min(), rel=1e-12)
    assert found.seen == len(np.asarray(every.tp))
    assert found.fitting == len(fitting)


def test_pareto_front_trades_speed_for_memory() -> None:
    front = search(LLAMA_70B, CHIP, FABRIC, limits()).pareto.prediction
    seconds, held = np.asarray(front.step_time_s.p50), np.asarray(front.memory.total_bytes)
    assert (np.diff(seconds) >= 0).all()
    assert (np.diff(held) < 0).all()


def test_a_plan_that_does_not_fit_names_class_and_neighbour() -> None:
    plan = Plan(tp=1, pp=1, dp=128, zero=1)
    with pytest.raises(PlanError, match=r"GiB too much; the largest part is (parameters|gradients|optimizer)") as error:
        check(LLAMA_70B, plan, CHIP, limits(), fabric=FABRIC)
    assert "the nearest plan that fits is" in str(error.value)


def test_a_plan_that_fits_passes() -> None:
    plan = best_plan(LLAMA_70B, CHIP, FABRIC, accelerators=128, seq=8192, global_batch=256)
    assert check(LLAMA_70B, plan, CHIP, limits(), fabric=FABRIC).total_bytes <= CHIP.hbm_bytes


def test_nothing_fits_on_one_device() -> None:
    with pytest.raises(PlanError, match="none of"):
        best_plan(LLAMA_70B, CHIP, FABRIC, accelerators=1, seq=8192, global_batch=8)


def test_nothing_is_legal() -> None:
    with pytest.raises(ValueError, match="tp=3 fixed"):
        plans(LLAMA_70B, limits(tp=3))


def test_fixed_degrees_are_kept() -> None:
    plan = best_plan(LLAMA_70B, CHIP, FABRIC, accelerators=128, seq=8192, global_batch=256, known={"tp": 8, "pp": 4})
    assert (plan.tp, plan.pp, plan.dp) == (8, 4, 4)


def test_an_unknown_stack_is_refused_and_a_strange_chip_widens() -> None:
    plan = Plan(tp=8, pp=4, dp=4)
    with pytest.raises(CatalogueError, match="nemo-2025"):
        predict(LLAMA_70B, plan, CHIP, FABRIC, seq=8192, global_batch=256, stack="nemmo")
    seen = predict(LLAMA_70B, plan, CHIP, FABRIC, seq=8192, global_batch=256, stack="nemo-2025", generation="hopper")
    strange = predict(LLAMA_70B, plan, CHIP, FABRIC, seq=8192, global_batch=256, stack="nemo-2025", generation="cdna3")
    assert strange.sigma > seen.sigma
    assert strange.step_time_s.p90 > seen.step_time_s.p90


def test_a_factor_of_ones_own_replaces_the_calibrated_one() -> None:
    plan = Plan(tp=8, pp=4, dp=4)
    one = predict(LLAMA_70B, plan, CHIP, FABRIC, seq=8192, global_batch=256, factor=1.0)
    two = predict(LLAMA_70B, plan, CHIP, FABRIC, seq=8192, global_batch=256, factor=2.0)
    assert float(two.step_time_s.p50) == pytest.approx(2 * float(one.step_time_s.p50))


@pytest.mark.parametrize(("sequences", "whole"), [(1953.125, 2048), (512, 512), (100, 96), (1, 1), (7, 7)])
def test_whole_batches(sequences: float, whole: int) -> None:
    assert whole_batch(sequences) == whole
