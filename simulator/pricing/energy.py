"""Energy and carbon of accelerator-hours: what machines draw in which state, what site and grid make of it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from simulator.pricing.trace import StepTrace

STATES: Final = ("training", "checkpoint", "idle")
_CHECKPOINT: Final = frozenset({"checkpoint_save", "checkpoint_restore"})
_TRAINING: Final = frozenset({"productive", "wasted_progress", "sdc_rollback", "sdc_check", "other"})
W_PER_KW: Final = 1000.0
G_PER_TONNE: Final = 1e6
KWH_PER_MWH: Final = 1000.0


def state_of(phase: str) -> str:
    """Return the state of the machines in a phase of the ledger; time that nobody explains counts as training.

    So does what is thrown away or computed to verify; what waits for a slow or a missing machine counts as idle.

    Examples
    --------
    >>> state_of("wasted_progress"), state_of("checkpoint_save"), state_of("spare_wait")
    ('training', 'checkpoint', 'idle')
    """
    return "training" if phase in _TRAINING else "checkpoint" if phase in _CHECKPOINT else "idle"


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerPlan:
    """What one accelerator and its share of the site draw, and what that emits.

    Parameters
    ----------
    accelerator_w : mapping of str to float
        Mean draw of the accelerator by state [W].
    host_w : float
        Mean draw of its share of the server and network, in every state [W].
    pue : float
        Power of the site over that of the machines.
    g_per_kwh : float or None
        Carbon of the grid; None where it is not known.
    trace : StepTrace or None
        Carbon over time from the first start on, instead [g/kWh].
    embodied_kg_per_accelerator_h : float
        Share of making the machines [kg CO2e].
    water_l_per_kwh : float
        Water of the site and the power plants [l/kWh].
    usd_per_tonne : float
        Price of carbon [USD/t].
    label : str
        Inputs, for people.
    """

    accelerator_w: Mapping[str, float]
    host_w: float
    pue: float
    g_per_kwh: float | None = None
    trace: StepTrace | None = None
    embodied_kg_per_accelerator_h: float = 0.0
    water_l_per_kwh: float = 0.0
    usd_per_tonne: float = 0.0
    label: str = ""

    def intensity(self, wall_h: float) -> float | None:
        """Return the mean carbon of the grid over a run of some length [g/kWh]."""
        return self.g_per_kwh if self.trace is None else float(self.trace.mean_between(0.0, wall_h))


class EnergyLine(NamedTuple):
    """Energy of one component in one state [kWh]."""

    component: str  # accelerators, servers, site
    state: str
    kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Energy:
    """What a run draws and emits: means.

    Parameters
    ----------
    lines : sequence of EnergyLine
        They sum to `kwh`.
    tonnes : float or None
        Carbon of operation [t CO2e]; None where the grid is not known.
    embodied_tonnes, water_l, carbon_usd : float
        Share of making the machines [t], water [l], and what the carbon costs [USD].
    label : str
        Inputs, for people.
    """

    lines: Sequence[EnergyLine]
    tonnes: float | None
    embodied_tonnes: float
    water_l: float
    carbon_usd: float
    label: str

    @property
    def kwh(self) -> float:
        """All of it [kWh]."""
        return math.fsum(line.kwh for line in self.lines)

    def of(self, *, component: str | None = None, state: str | None = None) -> float:
        """Return what a component draws, or what is drawn in a state [kWh]."""
        return math.fsum(
            line.kwh for line in self.lines
            if component in (None, line.component) and state in (None, line.state)
        )  # fmt: skip


def energy(hours: Iterable[tuple[str, float]], plan: PowerPlan, wall_h: float) -> Energy:
    """Return the energy of accelerator-hours by phase of the ledger.

    Parameters
    ----------
    hours : iterable of (phase, accelerator-hours)
        Of the job's own machines and the spares beside it.
    plan : PowerPlan
        What they draw.
    wall_h : float
        Length of the run [h], for carbon that changes with time.

    Examples
    --------
    >>> gpt3 = PowerPlan(accelerator_w={"training": 330.0}, host_w=0.0, pue=1.1)
    >>> round(energy([("productive", 3_552_000)], gpt3, 355.2).kwh / 1000)
    1289
    """
    by_state = dict.fromkeys(STATES, 0.0)
    for phase, value in hours:
        by_state[state_of(phase)] += value
    lines = []
    for state, value in by_state.items():
        machines = {"accelerators": plan.accelerator_w.get(state, 0.0) * value / W_PER_KW,
                    "servers": plan.host_w * value / W_PER_KW}  # fmt: skip
        lines += [EnergyLine(name, state, kwh) for name, kwh in machines.items()]
        lines.append(EnergyLine("site", state, (plan.pue - 1.0) * math.fsum(machines.values())))
    lines = [line for line in lines if line.kwh]
    kwh, grid = math.fsum(line.kwh for line in lines), plan.intensity(wall_h)
    tonnes = None if grid is None else kwh * grid / G_PER_TONNE
    embodied = plan.embodied_kg_per_accelerator_h * math.fsum(by_state.values()) / 1000.0
    return Energy(
        lines=lines,
        tonnes=tonnes,
        embodied_tonnes=embodied,
        water_l=plan.water_l_per_kwh * kwh,
        carbon_usd=plan.usd_per_tonne * ((tonnes or 0.0) + embodied),
        label=plan.label,
    )
