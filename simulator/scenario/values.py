"""A scenario as a value: everything that an engine needs, in base units, with nothing left to look up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from simulator.pricing.energy import PowerPlan
from simulator.pricing.tariff import Tariff
from simulator.reliability.attempt import Cycle
from simulator.reliability.causes import Cause, total_rate_per_node_s
from simulator.reliability.fleet import Fleet, told
from simulator.reliability.hazard import Steps
from simulator.reliability.progress import is_special, needs_luck
from simulator.reliability.recovery import Recovery
from simulator.reliability.spot import SpotMarket
from simulator.scenario.shared import Shared


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stretch of the run on one set of machines: a phase of the scenario, such as PaLM's 3,072-chip end.

    Parameters
    ----------
    name : str
        As the scenario calls it.
    accelerators, nodes : int
        Machines at work; `nodes` is what fails.
    work_s : float
        Useful time at the median efficiency, saves and failures apart [s].
    scales : bool
        Whether `work_s` follows the uncertain efficiency (tokens were given) or not (hours were given).
    gross : bool
        True when `work_s` is calendar time that contains every loss already: nothing strikes, nothing is saved.
    productive_s : float
        The part of `work_s` in which the model learns [s]; less only in gross stages whose tokens are known.
    cycle : Cycle
        Work between saves, and the cost of one.
    final_save : bool
        Whether the stage ends with a blocking save and its flush.
    reenters : bool
        Whether the job is set up anew and reads its last save on entry, because the set of machines changed.
    tokens : float or None
        Tokens trained in this stage.
    flop_per_token : float or None
        Model FLOPs of one token, forward and backward, attention counted in full.
    mfu : float or None
        Model FLOPs over peak while the model learns.
    usd_per_accelerator_h : float or None
        List price of this stage where it differs from the scenario's.
    """

    name: str
    accelerators: int
    nodes: int
    work_s: float
    scales: bool
    gross: bool
    productive_s: float
    cycle: Cycle
    final_save: bool
    reenters: bool = False
    tokens: float | None = None
    flop_per_token: float | None = None
    mfu: float | None = None
    usd_per_accelerator_h: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """One resolved value: where in the scenario, what, and where it came from.

    Settings, stated or default, have their TOML in `toml`; facts that were looked up or derived have None there.
    """

    path: str
    value: str
    source: str  # "default: why", "file:line", "--set", or a catalogue key with its source
    evidence: str = ""
    toml: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What was published of a run, to hold the forecast against."""

    wall_s: float | None = None
    accelerator_hours: float | None = None
    usd: float | None = None
    goodput: float | None = None
    interruptions: float | None = None
    hours_kind: str = "unknown"  # net | gross | unknown
    wall_kind: str = "unknown"  # of the length, which may be told with the stops where the hours are told without
    source: str = ""
    evidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A training run to forecast.

    Parameters
    ----------
    stages : sequence of Stage
        In order.
    causes : sequence of Cause
        Empty when failures are switched off.
    recovery : Recovery
        What a stop costs.
    fleet : Fleet or None
        What is said of single nodes; None where all are equal and memoryless.
    spot : SpotMarket or None
        Capacity that is taken back; then each phase is three stages, on spot, away with no machine held, on demand.
    maturity : Steps or None
        Multiple of all rates by the time since the run began; None where it is always 1.
    accelerators_per_node : int
        Turns nodes and spares into accelerators.
    efficiency_sigma : float
        Standard deviation of the logarithm of the efficiency, across replicas; zero when it is known.
    tariff : Tariff
        What turns accelerator-hours into dollars.
    power : PowerPlan or None
        What the machines draw and emit; None where the power of the accelerator is not known.
    shared : Shared or None
        The busy cluster on which the run waits for its machines; None where it has its own.
    start : date
        First day of the run; prices are of that day.
    seed, replicas, engine : int, int and str
        How it is simulated: ``auto``, ``estimate`` or ``simulate``.
    published : Published or None
        What the forecast is held against.
    warnings, notes : sequence of str, and mapping of str to str
        What a reader should know, and what the scenario's author wrote down.
    assumptions : sequence of Assumption
        Every value that was used, with its source.
    fingerprint : str
        Hash of all that changes a result, the seed apart.

    The file's name, the warnings and where values came from do not count when two scenarios are compared.
    """

    name: str = field(compare=False)
    title: str
    stages: Sequence[Stage]
    causes: Sequence[Cause]
    recovery: Recovery
    accelerator: str
    accelerators_per_node: int
    efficiency_sigma: float
    tariff: Tariff
    start: date
    seed: int
    replicas: int
    engine: str = "auto"
    shared: Shared | None = None
    fleet: Fleet | None = None
    spot: SpotMarket | None = None
    maturity: Steps | None = None
    published: Published | None = None
    power: PowerPlan | None = None
    warnings: Sequence[str] = field(default=(), compare=False)
    notes: Mapping[str, str] = field(default_factory=dict)
    assumptions: Sequence[Assumption] = field(default=(), compare=False)
    fingerprint: str = ""


def rate_per_s(scenario: Scenario, stage: Stage) -> float:
    """Return how often the job is struck in a stage, down or not [1/s]."""
    return 0.0 if stage.gross else total_rate_per_node_s(scenario.causes) * stage.nodes


def uses_luck(scenario: Scenario) -> bool:
    """Tell whether chance decides what a stop leaves: corrupt saves, or near copies that may be lost."""
    return any(needs_luck(cause, stage.cycle) for stage in scenario.stages for cause in scenario.causes)


def is_fragile(scenario: Scenario) -> bool:
    """Tell whether a stop can destroy progress that an earlier attempt has saved."""
    return any(is_special(cause, stage.cycle) for stage in scenario.stages for cause in scenario.causes)


def needs_events(scenario: Scenario) -> str | None:
    """Say why only the event engine runs a scenario; None where both do."""
    if scenario.spot is not None:
        return "machines are on a spot market and come and go together"
    if scenario.fleet is not None:
        return told(scenario.fleet)
    if slow := [cause.name for cause in scenario.causes if cause.slowdown]:
        return f"machines that slow the job until they are found ({', '.join(slow)})"
    if scenario.recovery.policy != "restart":
        return f"the job goes on without some replicas (recovery.policy = {scenario.recovery.policy!r})"
    if any(stage.cycle.check_s for stage in scenario.stages) and any(each.kind == "silent" for each in scenario.causes):
        return "silent errors are found when a save is verified"
    return None
