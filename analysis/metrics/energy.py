"""Energy and carbon of a forecast, in words and as plain data."""

from typing import Any, Final

from simulator.pricing.energy import KWH_PER_MWH, STATES, Energy

COMPONENTS: Final = ("accelerators", "servers", "site")


def sentence(found: Energy) -> str:
    """Say what the run draws and emits, and by which inputs.

    Examples
    --------
    >>> from simulator.pricing.energy import PowerPlan, energy
    >>> plan = PowerPlan(accelerator_w={"training": 400.0}, host_w=0.0, pue=1.1, g_per_kwh=385.0, label="400 W")
    >>> sentence(energy([("productive", 1_022_362.0)], plan, 504.0))
    'Energy: 450 MWh (training 450), 173 t of CO2e. 400 W.'
    """
    states = ", ".join(
        f"{state} {_amount(found.of(state=state) / KWH_PER_MWH)}" for state in STATES if found.of(state=state)
    )
    parts = [f"Energy: {_amount(found.kwh / KWH_PER_MWH)} MWh ({states})"]
    if found.tonnes is not None:
        parts.append(f"{_amount(found.tonnes)} t of CO2e")
    if found.embodied_tonnes:
        parts.append(f"{_amount(found.embodied_tonnes)} t more for the share of making the machines")
    if found.water_l:
        parts.append(f"{_amount(found.water_l / 1000.0)} m3 of water")
    if found.carbon_usd:
        parts.append(f"carbon for ${found.carbon_usd:,.0f}")
    return f"{', '.join(parts)}. {found.label}."


def _amount(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.3g}"


def energy_facts(found: Energy) -> dict[str, Any]:
    """Return energy and carbon as plain data."""
    return {
        "mwh": found.kwh / KWH_PER_MWH,
        "by_state": {state: found.of(state=state) / KWH_PER_MWH for state in STATES},
        "by_component": {name: found.of(component=name) / KWH_PER_MWH for name in COMPONENTS},
        "tonnes": found.tonnes,
        "embodied_tonnes": found.embodied_tonnes,
        "water_l": found.water_l,
        "carbon_usd": round(found.carbon_usd, 2),
        "inputs": found.label,
    }
