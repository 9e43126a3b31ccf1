"""Energy and carbon of accelerator-hours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.pricing.energy import STATES, PowerPlan, energy
from simulator.pricing.trace import StepTrace
from simulator.records import PHASES

PLAN = PowerPlan(
    accelerator_w={"training": 400.0, "checkpoint": 200.0, "idle": 100.0},
    host_w=50.0,
    pue=1.2,
    g_per_kwh=500.0,
    embodied_kg_per_accelerator_h=0.1,
    water_l_per_kwh=2.0,
    usd_per_tonne=100.0,
)


def test_by_hand() -> None:
    """10 h training, 5 h saving, 20 h waiting: 4 + 1 + 2 kWh, 50 W of server for 35 h, a fifth for the site."""
    found = energy([("productive", 10.0), ("checkpoint_save", 5.0), ("spare_wait", 20.0)], PLAN, 35.0)
    assert [found.of(component="accelerators", state=state) for state in STATES] == pytest.approx([4.0, 1.0, 2.0])
    assert found.of(component="servers") == pytest.approx(1.75)
    assert found.kwh == pytest.approx(1.2 * 8.75)
    assert found.tonnes == pytest.approx(1.2 * 8.75 * 500 / 1e6)
    assert (found.embodied_tonnes, found.water_l) == pytest.approx((0.0035, 21.0))
    assert found.carbon_usd == pytest.approx(100 * (0.00525 + 0.0035))


@pytest.mark.parametrize("phase", ["productive", "wasted_progress", "sdc_rollback", "sdc_check", "other"])
def test_machines_that_compute_draw_what_training_does_whatever_becomes_of_it(phase: str) -> None:
    assert energy([(phase, 10.0)], PLAN, 10.0).of(component="accelerators", state="training") == pytest.approx(4.0)


@given(st.lists(st.tuples(st.sampled_from(PHASES), st.floats(0, 1e7)), max_size=12))
def test_it_closes(hours: list[tuple[str, float]]) -> None:
    found = energy(hours, PLAN, 1.0)
    assert sum(found.of(state=state) for state in STATES) == pytest.approx(found.kwh)
    machines = found.of(component="accelerators") + found.of(component="servers")
    assert found.kwh == pytest.approx(1.2 * machines)


def test_carbon_that_changes_with_time() -> None:
    trace = StepTrace(from_h=(0.0, 12.0), levels=(100.0, 300.0), length_h=24.0)
    plan = PowerPlan(accelerator_w={"training": 1000.0}, host_w=0.0, pue=1.0, trace=trace)
    half, day = (energy([("productive", 10.0)], plan, wall_h).tonnes for wall_h in (12.0, 24.0))
    assert (half, day) == pytest.approx((10 * 100 / 1e6, 10 * 200 / 1e6))


def test_without_a_grid_there_is_no_carbon() -> None:
    assert energy([("productive", 1.0)], PowerPlan(accelerator_w={}, host_w=1.0, pue=1.0), 1.0).tonnes is None
