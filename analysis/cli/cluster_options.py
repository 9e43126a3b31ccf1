"""From the words of the command line to a cluster that can be run; everything wrong is said at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from simulator.engine.cluster_rules import Rules
from simulator.engine.cluster_setup import ClusterSetup
from simulator.foundation.issues import not_among
from simulator.scheduling.placement import PLACEMENTS
from simulator.scheduling.policies import make_policy
from simulator.traces.joblog import DropReport, JobLog

if TYPE_CHECKING:
    from simulator.reliability.attempt import Cycle
    from simulator.reliability.causes import Cause

T = TypeVar("T")

CHOICES: Mapping[str, tuple[str, ...]] = {
    "overrun": ("extend", "kill", "any-moment"),
    "requeue": ("original", "head", "tail"),
}
NEEDS_NODES = ("placement", "rack_nodes", "node_mtbf")


class OptionsError(ValueError):
    """Options that cannot be used; the message has one line for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options as the user wrote them; None where nothing was written."""

    policies: Sequence[str] = ("easy",)
    size: str | None = None
    overrun: str = "extend"
    requeue: str = "original"
    node_size: int | None = None
    nodes: Path | None = None
    placement: str | None = None
    rack_nodes: int | None = None
    node_mtbf: str | None = None
    repair: str = "24 h"
    checkpoint: str | None = None
    save: str = "0"
    recovery: str = "0"
    grace: str = "0"
    seed: int = 0
    replications: int = 1
    shake: str = "1 min"
    warm_up: str = "0"
    explain: bool = False
    price: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A cluster, and what is asked of it."""

    setup: ClusterSetup
    report: DropReport
    policies: Sequence[str]
    replications: int
    warm_up: float
    usd_per_accelerator_h: float | None


def question(log: JobLog, options: Options) -> Question:
    """Check the options against the log.

    Raises
    ------
    OptionsError
        With everything that is wrong, a line each.
    """
    ask = _Reader()
    setup = _setup(log, options, ask)
    warm_up = ask.quantity("--warm-up", options.warm_up, "ratio")
    if warm_up >= 1:
        ask.wrong.append(f"--warm-up: {options.warm_up} leaves no job; give a share below 1")
    for text in options.policies:
        ask.attempt("--policy", partial(make_policy, text))
    usd_per_accelerator_h = ask.optional("--price", options.price, "usd_per_h")
    if ask.wrong:
        raise OptionsError("\n".join(ask.wrong))
    fitting = setup.fitting()
    return Question(
        setup=fitting,
        report=log.report.also("larger than the cluster", len(setup.jobs) - len(fitting.jobs)),
        policies=options.policies,
        replications=options.replications,
        warm_up=warm_up,
        usd_per_accelerator_h=usd_per_accelerator_h,
    )


class _Reader:
    """Reads values and notes what is wrong with them."""

    def __init__(self) -> None:
        self.wrong: list[str] = []

    def attempt(self, option: str, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except (ValueError, KeyError) as problem:
            self.wrong.append(f"{option}: {problem.args[0]}")
            return None

    def quantity(self, option: str, text: str, dimension: str) -> float:
        if text.isdecimal() and (dimension in ("count", "ratio") or not int(text)):
            return int(text)  # as most are, and it saves the load of the unit library
        from simulator.foundation.units import parse

        return self.attempt(option, lambda: parse(_bare(text), dimension)) or 0

    def optional(self, option: str, text: str | None, dimension: str) -> float | None:
        return None if text is None else self.quantity(option, text, dimension)


def _bare(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text


def _setup(log: JobLog, options: Options, ask: _Reader) -> ClusterSetup:
    placement = options.placement or "consolidated"
    ask.attempt("--placement", lambda: PLACEMENTS[placement])
    node_units = _node_units(log, options, ask)
    capacity = sum(node_units) if options.nodes and node_units else _capacity(log, options, ask)
    return ClusterSetup(
        jobs=log.jobs,
        capacity=capacity,
        node_units=node_units,
        rack_nodes=options.rack_nodes,
        placement=placement,
        rules=_rules(options, ask),
        causes=_causes(options, ask),
        seed=options.seed,
        shake_s=0 if options.replications == 1 else ask.quantity("--shake", options.shake, "time"),
        explain=options.explain,
        units_per_accelerator=log.units_per_accelerator,
    )


def _causes(options: Options, ask: _Reader) -> "Sequence[Cause]":
    if options.node_mtbf is None:
        return ()
    from simulator.engine.cluster_faults import node_failures

    mtbf_s = ask.quantity("--node-mtbf", options.node_mtbf, "time")
    repair_s = ask.quantity("--repair", options.repair, "time")
    if not mtbf_s:
        ask.wrong.append("--node-mtbf: expected more than 0; leave it out for nodes that never fail")
        return ()
    return node_failures(mtbf_s, repair_s)


def _capacity(log: JobLog, options: Options, ask: _Reader) -> int:
    if options.size is None:
        if log.capacity is None:
            ask.wrong.append("--size: the log does not say how large the cluster is; give it, such as --size 1024")
        return log.capacity or 0
    size = ask.quantity("--size", options.size, "count")
    if size != int(size) or size < 1:
        ask.wrong.append(f"--size: {options.size!r} is no whole number of accelerators, such as 1024")
    return int(size) * log.units_per_accelerator


def _node_units(log: JobLog, options: Options, ask: _Reader) -> Sequence[int] | None:
    for name in NEEDS_NODES:
        if getattr(options, name) is not None and options.node_size is None and options.nodes is None:
            ask.wrong.append(f"--{name.replace('_', '-')}: works on nodes; give --node-size or --nodes as well")
    if options.rack_nodes is not None and options.rack_nodes < 1:
        ask.wrong.append("--rack-nodes: expected at least 1")
    if options.nodes is not None:
        if options.size is not None or options.node_size is not None:
            ask.wrong.append("--nodes: says how large the cluster is; leave --size and --node-size out")
        return _inventory(options.nodes, log.units_per_accelerator, ask)
    if options.node_size is None:
        return None
    units = options.node_size * log.units_per_accelerator
    capacity = _capacity(log, options, _Reader())
    if options.node_size < 1 or capacity % units:
        ask.wrong.append(f"--node-size: {options.node_size} does not divide the cluster")
        return None
    return [units] * (capacity // units)


def _inventory(path: Path, units_per_accelerator: int, ask: _Reader) -> Sequence[int] | None:
    from simulator.traces.alibaba import read_nodes

    nodes = ask.attempt("--nodes", lambda: read_nodes(path))
    return None if nodes is None else [node.accelerators * units_per_accelerator for node in nodes if node.accelerators]


def _rules(options: Options, ask: _Reader) -> Rules:
    for name, words in CHOICES.items():
        if (found := getattr(options, name)) not in words:
            ask.wrong.append(f"--{name}: {not_among(found, words)}")
    if options.checkpoint is None and options.save != "0":
        ask.wrong.append("--save: costs time only with --checkpoint")
    chosen: dict[str, Any] = {name: getattr(options, name) for name in CHOICES}
    return Rules(
        **chosen,
        cycle=_cycle(options, ask),
        recovery_s=ask.quantity("--recovery", options.recovery, "time"),
        grace_s=ask.quantity("--grace", options.grace, "time"),
    )


def _cycle(options: Options, ask: _Reader) -> "Cycle | None":
    if options.checkpoint is None:
        return None
    from simulator.reliability.attempt import Cycle

    work_s = ask.quantity("--checkpoint", options.checkpoint, "time")
    write_s = ask.quantity("--save", options.save, "time")
    return ask.attempt("--checkpoint", lambda: Cycle(work_s=work_s, write_s=write_s))
