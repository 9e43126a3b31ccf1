"""How long a stage of a life cycle lasts: stated, counted, taken from the run, or from what others published."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from simulator.catalogue.reader import Entry, entry
from simulator.scenario import schema
from simulator.scenario.findings import Findings
from simulator.scenario.life import MONTH_S
from simulator.scenario.lines import Path, dotted
from simulator.scenario.schema.lifecycle import FineTuning, LifeStage, MachinePool
from simulator.scenario.schema.lifecycle import Serving as ServingTable
from simulator.scenario.trained import shape_of
from simulator.workload.architecture import Architecture
from simulator.workload.finetuning import METHODS, least_machines, machine_s
from simulator.workload.serving import Machine, TokenTime, token_time
from simulator.workload.stages import NOTHING, Estimate, Lasting, MachineTime, OfTheRun, Serving, TheRun, Work

WAYS: Final = ("duration", "machine_time", "tokens", "multiple", "run", "fine_tuning", "serving")
UTILISATION: Final = 0.4  # share of the day's capacity that a demand with days and nights fills; assumption, 0.2 to 0.7
CONTEXT: Final = 1000  # tokens; assumption
HALF_TO_TWICE: Final = (0.5, 1.0, 2.0)  # what the roofline is good for
_MILLION: Final = 1e6
_MOST_MONTHS: Final = 1200
_LEAST_UTILISATION: Final = 1e-3
_MOST_GROWTH: Final = math.log(_MILLION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One stage while it is resolved.

    Parameters
    ----------
    name : str
        As the scenario calls it.
    table : LifeStage
        As it is written.
    pools : mapping of str to MachinePool
        Of the scenario, as they are written.
    """

    name: str
    table: LifeStage
    document: schema.Document
    pools: Mapping[str, MachinePool]
    findings: Findings = field(repr=False)

    @property
    def path(self) -> Path:
        """Where it stands."""
        return "lifecycle", "stages", self.name

    def problem(self, key: str, message: str) -> None:
        """Note a reason why the stage cannot be used."""
        self.findings.problem((*self.path, *key.split(".")), message)

    def machine(self, key: str) -> Entry | None:
        """Return the accelerator of the stage's machines; None with a problem noted where it names none."""
        pool = self.pools.get(self.table.machines or "")
        if pool is None or pool.accelerator is None:
            self.problem(key, "needs machines whose pool names an accelerator, for its peak and its memory")
            return None
        return entry("accelerators", pool.accelerator)


def work_of(draft: Draft) -> Work:
    """Return what sets the length of a stage; with a problem noted where nothing or several things do."""
    table = draft.table
    given = [name for name in WAYS if getattr(table, name) not in (None, False)]
    if len(given) > 1:
        draft.problem(given[1], f"contradicts {given[0]}; state one of {', '.join(WAYS)}")
        return Lasting(duration=NOTHING)
    if not given:
        return _usual(draft)
    if given[0] in ("machine_time", "tokens", "multiple", "fine_tuning"):
        _needs_machines(draft, given[0])
    return _READERS[given[0]](draft)


def _usual(draft: Draft) -> Work:
    """Return what others published for a kind of stage, where they did."""
    if draft.table.kind == "experiment":
        _needs_machines(draft, "machines")
        return OfTheRun(multiple=_published(draft, "experiment", "multiple"))
    if draft.table.kind == "evaluate" and draft.table.machines:
        _needs_machines(draft, "machines")
        return MachineTime(machine_s=_published(draft, "evaluate", "machine_s"))
    draft.findings.problem(draft.path, f"how long does it last? state one of {', '.join(WAYS)}")
    return Lasting(duration=NOTHING)


def _published(draft: Draft, key: str, name: str) -> Estimate:
    fact = entry("stages", key)
    found = Estimate(*(fact.number(f"{name}_{end}") for end in ("low", "mode", "high")))
    shown = found if name == "multiple" else Estimate(*(value / 3600 for value in found))
    words = (
        f"{shown.low:g} to {shown.high:g}, most probably {shown.mode:g}{'' if name == 'multiple' else ' machine-hours'}"
    )
    draft.findings.fact((*draft.path, "work"), words, fact.source, fact.evidence)
    return found


def _needs_machines(draft: Draft, key: str) -> None:
    if not draft.table.machines or not draft.table.count:
        draft.problem(key, "needs machines, a pool of lifecycle.machines, and count, how many of it")


def _lasting(draft: Draft) -> Work:
    return Lasting(duration=Estimate(*(draft.table.duration or NOTHING)))


def _machine_time(draft: Draft) -> Work:
    return MachineTime(machine_s=Estimate(*(draft.table.machine_time or NOTHING)))


def _tokens(draft: Draft) -> Work:
    """Return tokens over speed: the slowest speed belongs to the longest time."""
    tokens, speed = Estimate(*(draft.table.tokens or NOTHING)), draft.table.tokens_per_second_per_machine
    if speed is None:
        fact = entry("stages", "tokenise")
        speed = (fact.number("tokens_per_s"),) * 3
        draft.findings.fact(
            (*draft.path, "tokens_per_second_per_machine"), f"{speed[1]:g} tokens/s", fact.source, fact.evidence
        )
    if min(speed) <= 0:
        draft.problem("tokens_per_second_per_machine", "is zero; write something larger")
        return Lasting(duration=NOTHING)
    return MachineTime(machine_s=Estimate(*(each / rate for each, rate in zip(tokens, reversed(speed), strict=True))))


def _multiple(draft: Draft) -> Work:
    return OfTheRun(multiple=Estimate(*(draft.table.multiple or NOTHING)))


def _the_run(draft: Draft) -> Work:  # noqa: ARG001 - one of several readers
    return TheRun()


def _fine_tuning(draft: Draft) -> Work:
    """Count the FLOP of fine-tuning, and refuse what does not fit into the memory."""
    table = draft.table.fine_tuning or FineTuning()
    missing = [key for key in ("method", "architecture", "tokens", "mfu") if getattr(table, key) is None]
    for key in missing:
        draft.problem(f"fine_tuning.{key}", "is missing; fine-tuning states method, architecture, tokens and mfu")
    machine = draft.machine("fine_tuning")
    if missing or machine is None:
        return Lasting(duration=NOTHING)
    shape = _shape(draft, str(table.architecture))
    if shape is None:
        return Lasting(duration=NOTHING)
    method = METHODS[str(table.method)]
    least = least_machines(method, parameters=shape.parameters, hbm_bytes=machine.number("hbm_bytes"))
    if (draft.table.count or 0) < least:
        size = f"{shape.parameters / 1e9:.3g}B parameters"
        draft.problem("count", f"{draft.table.count} {machine.key} cannot hold {size} for {table.method} fine-tuning; "
                               f"the least is {least}")  # fmt: skip
    speed = machine.number("peak_bf16_flop_per_s") * (table.mfu or 1.0)
    took = machine_s(method, parameters=shape.active_parameters, tokens=table.tokens or 0.0, flop_per_s=speed)
    words = f"{took / 3600:.6g} machine-hours"
    draft.findings.fact(
        (*draft.path, "work"), words, f"{method.flop_per_parameter_token:g} FLOP a parameter and token", "D"
    )
    return MachineTime(machine_s=Estimate(took, took, took))


def _shape(draft: Draft, named: str) -> Architecture | None:
    try:
        return shape_of(named, Findings(draft.findings.loaded))
    except (ValueError, TypeError, KeyError, ArithmeticError, AttributeError) as error:
        draft.findings.problem(draft.path, str(error))
        return None


def _serving(draft: Draft) -> Work:
    table = draft.table.serving or ServingTable()
    for key in ("months", "written"):
        if getattr(table, key) is None:
            draft.problem(f"serving.{key}", "is missing; a demand states months and written (tokens a month)")
    if table.written is not None and table.written[0] == 0:
        draft.problem("serving.written", "is zero; write something larger: dollars are also shown by token")
    if (table.months or 1) * math.log1p(table.growth or 0.0) > _MOST_GROWTH:
        draft.problem(
            "serving.growth", f"over {table.months} months makes the demand more than a million times as large"
        )
    if (table.months or 1) > _MOST_MONTHS:
        draft.problem("serving.months", f"{table.months} are too many; {_MOST_MONTHS} at most")
        return Lasting(duration=NOTHING)
    bought = table.usd_per_m_written is not None or table.usd_per_m_read is not None
    if bought == (draft.table.machines is not None):
        draft.problem("serving", "states neither or both of usd_per_m_written, the price of somebody else's service, "
                                 "and machines, one's own")  # fmt: skip
        return Lasting(duration=NOTHING)
    read_s, written_s = (NOTHING, NOTHING) if bought else _own_service(draft, table)
    return Serving(
        months=table.months or 1,
        read_per_month=Estimate(*(table.read or NOTHING)),
        written_per_month=Estimate(*(table.written or NOTHING)),
        growth=table.growth or 0.0,
        usd_per_read=_by_million(table.usd_per_m_read),
        usd_per_written=_by_million(table.usd_per_m_written),
        machine_s_per_read=read_s,
        machine_s_per_written=written_s,
        utilisation=_utilisation(draft, table) if not bought else 1.0,
        at_least=float(table.at_least or 0),
    )


def _by_million(usd: tuple[float, float, float] | None) -> Estimate:
    return NOTHING if usd is None else Estimate(*(each / _MILLION for each in usd))


def _utilisation(draft: Draft, table: ServingTable) -> float:
    if table.utilisation is not None:
        if table.utilisation < _LEAST_UTILISATION:
            draft.problem(
                "serving.utilisation", f"{table.utilisation:g} is less than 0.1 %: that many machines stand idle"
            )
        return table.utilisation
    draft.findings.fact((*draft.path, "serving", "utilisation"), f"{UTILISATION:g}",
                        "assumption, 0.2 to 0.7: demand follows the hours of the day", "M")  # fmt: skip
    return UTILISATION


def _own_service(draft: Draft, table: ServingTable) -> tuple[Estimate, Estimate]:
    """Return the machine-time of a token read and written: by a stated speed, else by the roofline."""
    if (speed := table.written_per_second_per_machine) is not None:
        if min(speed) <= 0:
            draft.problem("serving.written_per_second_per_machine", "is zero; write something larger")
            return NOTHING, NOTHING
        return NOTHING, Estimate(*(1.0 / each for each in reversed(speed)))
    machine = draft.machine("serving")
    named = table.architecture or draft.document.model.architecture
    if machine is None or not isinstance(named, str):
        if machine is not None:
            draft.problem("serving.architecture", "is missing; state it, or written_per_second_per_machine")
        return NOTHING, NOTHING
    shape = _shape(draft, named)
    if shape is None:
        return NOTHING, NOTHING
    chip = Machine(
        peak_flop_per_s=machine.number("peak_bf16_flop_per_s"),
        hbm_bytes=machine.number("hbm_bytes"),
        hbm_bytes_per_s=machine.number("hbm_bytes_per_s"),
    )
    times = token_time(
        shape, chip, context=table.context or CONTEXT, bytes_per_parameter=table.bytes_per_parameter or 2.0
    )
    words = f"{1 / times.written_s:.4g} tokens/s written, {1 / times.read_s:.4g} read, {times.machines} hold a copy"
    draft.findings.fact((*draft.path, "serving", "roofline"), words, "an approximation, good to a factor of two", "M")
    _check_copy(draft, table, times)
    read_s, written_s = (
        Estimate(*(each * factor for factor in HALF_TO_TWICE)) for each in (times.read_s, times.written_s)
    )
    return read_s, written_s


def _check_copy(draft: Draft, table: ServingTable, times: TokenTime) -> None:
    """Warn where the demand of the first month is priced at fewer machines than hold one copy of the model."""
    read, written = (Estimate(*(tokens or NOTHING)).mode for tokens in (table.read, table.written))
    busy_s = read * times.read_s + written * times.written_s
    machines = max(busy_s / (table.utilisation or UTILISATION) / MONTH_S, table.at_least or 0)
    if machines < times.machines:
        draft.findings.warn(
            f"{dotted((*draft.path, 'serving'))}: the first month is priced at {machines:.2g} machines, and one copy "
            f"of the model takes {times.machines}: state at_least = {times.machines} for a service that stands by."
        )


_READERS: Final[Mapping[str, Callable[[Draft], Work]]] = {
    "duration": _lasting,
    "machine_time": _machine_time,
    "tokens": _tokens,
    "multiple": _multiple,
    "run": _the_run,
    "fine_tuning": _fine_tuning,
    "serving": _serving,
}
