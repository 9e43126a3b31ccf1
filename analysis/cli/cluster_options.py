"""From the words of the command line to a cluster that can be run; everything wrong is said at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from analysis.cli.cluster_machines import MachineOptions, machines_of
from analysis.cli.option_reader import Reader
from simulator.engine.cluster_rules import Rules
from simulator.engine.cluster_setup import ClusterSetup
from simulator.foundation.issues import not_among
from simulator.scheduling.policies import make_policy
from simulator.traces.joblog import DropReport, JobLog

if TYPE_CHECKING:
    from simulator.reliability.attempt import Cycle
    from simulator.reliability.causes import Cause

CHOICES: Mapping[str, tuple[str, ...]] = {
    "overrun": ("extend", "kill", "any-moment"),
    "requeue": ("original", "head", "tail"),
}


class OptionsError(ValueError):
    """Options that cannot be used; the message has one line for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(MachineOptions):
    """The options as the user wrote them; None where nothing was written."""

    policies: Sequence[str] = ("easy",)
    overrun: str = "extend"
    requeue: str = "original"
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
    labels: Sequence[str] = ()
    title: str | None = None
    warnings: Sequence[str] = ()


def question(log: JobLog, options: Options) -> Question:
    """Check the options against the log.

    Raises
    ------
    OptionsError
        With everything that is wrong, a line each.
    """
    ask = Reader()
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


def _setup(log: JobLog, options: Options, ask: Reader) -> ClusterSetup:
    machines = machines_of(log, options, ask)
    shake_s = ask.quantity("--shake", options.shake, "time")
    return ClusterSetup(
        jobs=log.jobs,
        capacity=machines.capacity,
        node_units=machines.node_units,
        rack_nodes=machines.rack_nodes,
        pod_racks=machines.pod_racks,
        node_kinds=machines.node_kinds,
        torus_shape=machines.torus,
        cube_shape=machines.cube,
        placement=machines.placement,
        rules=_rules(options, ask),
        causes=_causes(options, ask),
        seed=options.seed,
        shake_s=0 if options.replications == 1 else shake_s,
        explain=options.explain,
        units_per_accelerator=log.units_per_accelerator,
    )


def _causes(options: Options, ask: Reader) -> "Sequence[Cause]":
    repair_s = ask.quantity("--repair", options.repair, "time")
    if options.node_mtbf is None:
        return ()
    from simulator.engine.cluster_faults import node_failures

    mtbf_s = ask.quantity("--node-mtbf", options.node_mtbf, "time")
    if not mtbf_s:
        ask.wrong.append("--node-mtbf: expected more than 0; leave it out for nodes that never fail")
        return ()
    return node_failures(mtbf_s, repair_s)


def _rules(options: Options, ask: Reader) -> Rules:
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


def _cycle(options: Options, ask: Reader) -> "Cycle | None":
    if options.checkpoint is None:
        return None
    from simulator.reliability.attempt import Cycle

    work_s = ask.quantity("--checkpoint", options.checkpoint, "time")
    write_s = ask.quantity("--save", options.save, "time")
    return ask.attempt("--checkpoint", lambda: Cycle(work_s=work_s, write_s=write_s))
