"""From the words of the command line to a cluster that can be run; everything wrong is said at once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from simulator.engine.cluster import never_fits, simulate_cluster
from simulator.engine.cluster_log import ClusterLog
from simulator.engine.cluster_rules import Outage, Rules
from simulator.foundation.issues import not_among
from simulator.scheduling.job import Job
from simulator.scheduling.placement import PLACEMENTS, NodePool
from simulator.scheduling.policies import make_policy
from simulator.scheduling.state import ClusterState, PlacedState
from simulator.traces.joblog import DropReport, JobLog

if TYPE_CHECKING:
    from simulator.reliability.attempt import Cycle

T = TypeVar("T")

CHOICES: Mapping[str, tuple[str, ...]] = {
    "overrun": ("extend", "kill", "any-moment"),
    "requeue": ("original", "head", "tail"),
}


class SetupError(ValueError):
    """Options that cannot be used; the message has one line for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options as the user wrote them; None where he did not."""

    policies: Sequence[str] = ("easy",)
    size: str | None = None
    overrun: str = "extend"
    requeue: str = "original"
    node_size: int | None = None
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
class Setup:
    """A cluster, its jobs and what to do with them, in base units."""

    policies: Sequence[str]
    jobs: Sequence[Job]
    report: DropReport
    capacity: int
    node_size: int | None
    placement: str
    rack_nodes: int | None
    rules: Rules
    node_mtbf_s: float | None
    repair_s: float
    seed: int
    replications: int
    shake_s: float
    warm_up: float
    explain: bool
    usd_per_unit_h: float | None

    def run(self, policy: str, replica: int = 0) -> ClusterLog:
        """Run one policy; replica 0 is the log as it is, the others are shaken."""
        from simulator.engine.cluster_meters import Meters

        state = _state(self.capacity, self.node_size, self.placement, self.rack_nodes)
        jobs = self._jobs(replica)
        return simulate_cluster(
            jobs,
            make_policy(policy),
            state,
            rules=self.rules,
            outages=self._outages(replica, jobs[0].submit_s),
            meters=Meters() if self.explain else None,
        )

    def _jobs(self, replica: int) -> Sequence[Job]:
        if not replica:
            return self.jobs
        from simulator.foundation.streams import generator
        from simulator.scheduling.shaking import shaken

        return shaken(self.jobs, generator(self.seed, "shake", replica), self.shake_s)

    def _outages(self, replica: int, from_s: float) -> Iterable[Outage]:
        if self.node_mtbf_s is None or self.node_size is None:
            return ()
        from simulator.engine.cluster_faults import drawn_outages
        from simulator.foundation.streams import generator

        return drawn_outages(
            self.capacity // self.node_size,
            mtbf_s=self.node_mtbf_s,
            repair_s=self.repair_s,
            from_s=from_s,
            rng=generator(self.seed, "outages", replica),
        )


def _state(capacity: int, node_size: int | None, placement: str, rack_nodes: int | None) -> ClusterState:
    if node_size is None:
        return ClusterState(capacity)
    nodes = capacity // node_size
    racks = [node // rack_nodes for node in range(nodes)] if rack_nodes else None
    return PlacedState(NodePool([node_size] * nodes, PLACEMENTS[placement](), racks))


def make_setup(log: JobLog, options: Options) -> Setup:
    """Check the options against the log.

    Raises
    ------
    SetupError
        With everything that is wrong.
    """
    wrong: list[str] = []
    quantity = _Quantities(wrong)
    for name, words in CHOICES.items():
        if (found := getattr(options, name)) not in words:
            wrong.append(f"--{name}: {not_among(found, words)}")
    for text in options.policies:
        _attempt(wrong, "--policy", partial(make_policy, text))
    placement = options.placement or "consolidated"
    _attempt(wrong, "--placement", lambda: PLACEMENTS[placement])
    capacity = _capacity(log, options, quantity, wrong)
    wrong += _missing(options, capacity)
    recovery_s, grace_s = quantity("--recovery", options.recovery, "time"), quantity("--grace", options.grace, "time")
    cycle = _cycle(options, quantity, wrong)
    warm_up = quantity("--warm-up", options.warm_up, "ratio")
    if warm_up >= 1:
        wrong.append(f"--warm-up: {options.warm_up} leaves no job; give a share below 1")
    mtbf_s = None if options.node_mtbf is None else quantity("--node-mtbf", options.node_mtbf, "time")
    usd_per_h = None if options.price is None else quantity("--price", options.price, "usd_per_h")
    repair_s = 0 if options.node_mtbf is None else quantity("--repair", options.repair, "time")
    shake_s = 0 if options.replications == 1 else quantity("--shake", options.shake, "time")
    if wrong:
        raise SetupError("\n".join(wrong))
    node_size = options.node_size and options.node_size * log.units_per_accelerator
    jobs, report = _fitting(log, _state(capacity, node_size, placement, options.rack_nodes))
    rules: dict[str, Any] = {"overrun": options.overrun, "requeue": options.requeue}
    return Setup(
        policies=options.policies,
        jobs=jobs,
        report=report,
        capacity=capacity,
        node_size=node_size,
        placement=placement,
        rack_nodes=options.rack_nodes,
        rules=Rules(**rules, cycle=cycle, recovery_s=recovery_s, grace_s=grace_s),
        usd_per_unit_h=None if usd_per_h is None else usd_per_h / log.units_per_accelerator,
        seed=options.seed,
        replications=options.replications,
        warm_up=warm_up,
        explain=options.explain,
        node_mtbf_s=mtbf_s,
        repair_s=repair_s,
        shake_s=shake_s,
    )


class _Quantities:
    """Reads quantities and notes what is wrong with them."""

    def __init__(self, wrong: list[str]) -> None:
        self._wrong = wrong

    def __call__(self, option: str, text: str, dimension: str) -> float:
        if text.isdecimal() and (dimension in ("count", "ratio") or not int(text)):
            return int(text)  # as most are, and it saves the load of the unit library
        from simulator.foundation.units import parse

        return _attempt(self._wrong, option, lambda: parse(_bare(text), dimension)) or 0


def _bare(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text


def _attempt(wrong: list[str], option: str, read: Callable[[], T]) -> T | None:
    try:
        return read()
    except (ValueError, KeyError) as problem:
        wrong.append(f"{option}: {problem.args[0]}")
        return None


def _capacity(log: JobLog, options: Options, quantity: _Quantities, wrong: list[str]) -> int:
    if options.size is None:
        if log.capacity is None:
            wrong.append("--size: the log does not say how large the cluster is; give its units, such as --size 1024")
        return log.capacity or 0
    size = quantity("--size", options.size, "count")
    if size != int(size) or size < 1:
        wrong.append(f"--size: {options.size!r} is no whole number of units, such as 1024")
    return int(size) * log.units_per_accelerator


def _missing(options: Options, capacity: int) -> list[str]:
    """Return complaints about options that need another one."""
    wrong = [
        f"--{name.replace('_', '-')}: works on nodes; give --node-size as well"
        for name in ("placement", "rack_nodes", "node_mtbf")
        if getattr(options, name) is not None and options.node_size is None
    ]
    if options.node_size is not None and (options.node_size < 1 or capacity % options.node_size):
        wrong.append(f"--node-size: {options.node_size} does not divide a cluster of {capacity} units")
    if options.rack_nodes is not None and options.rack_nodes < 1:
        wrong.append("--rack-nodes: expected at least 1")
    if options.checkpoint is None and options.save != "0":
        wrong.append("--save: costs time only with --checkpoint")
    return wrong


def _cycle(options: Options, quantity: _Quantities, wrong: list[str]) -> "Cycle | None":
    if options.checkpoint is None:
        return None
    from simulator.reliability.attempt import Cycle

    work_s, write_s = quantity("--checkpoint", options.checkpoint, "time"), quantity("--save", options.save, "time")
    return _attempt(wrong, "--checkpoint", lambda: Cycle(work_s=work_s, write_s=write_s)) if work_s else None


def _fitting(log: JobLog, state: ClusterState) -> tuple[Sequence[Job], DropReport]:
    """Drop, and count, the jobs that never fit."""
    too_large = {size for size, job in {job.size: job for job in log.jobs}.items() if never_fits(job, state)}
    if not too_large:
        return log.jobs, log.report
    jobs = [job for job in log.jobs if job.size not in too_large]
    return jobs, log.report.also("larger than the cluster", len(log.jobs) - len(jobs))
