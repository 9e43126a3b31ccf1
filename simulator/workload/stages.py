"""The stages of a model's life as a graph: what each needs, what it waits for, and in which order teams take them.

Collecting, preparing, experimenting, training, evaluating, aligning, deploying, serving: a stage lasts for a while,
takes some people and machines from teams and pools of limited size, and starts when all stages before it have ended.

Teams and pools book their stages in one fixed order: that of the plan, by the earliest start that the most probable
durations allow. A stage that is booked keeps its people until it has ended. Because the order does not depend on the
size of a team, more people never make anything later; a greedy choice at each moment would not have this property
(R. L. Graham, SIAM Journal on Applied Mathematics 17 (1969) 416).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Amount: TypeAlias = float | NDArray[np.float64]

KINDS = (
    "collect",
    "prepare",
    "configure",
    "experiment",
    "train",
    "evaluate",
    "align",
    "deploy",
    "serve",
    "other",
)


class Estimate(NamedTuple):
    """A quantity that is not known exactly: least, most probable and largest value, spread as a triangle."""

    low: float
    mode: float
    high: float

    def at(self, share: Amount) -> Amount:
        """Return the value below which such a share of the distribution lies.

        Examples
        --------
        >>> Estimate(1.0, 2.0, 3.0).at(0.5), Estimate(0.0, 0.0, 1.0).at(0.75), Estimate(7.0, 7.0, 7.0).at(0.1)
        (2.0, 0.5, 7.0)
        """
        width = self.high - self.low
        if width == 0:
            return self.low + 0.0 * share
        rising = (self.mode - self.low) / width
        up = self.low + np.sqrt(share * width * (self.mode - self.low))
        down = self.high - np.sqrt((1.0 - share) * width * (self.high - self.mode))
        found = np.where(np.less(share, rising), up, down)
        return float(found) if found.ndim == 0 else found


NOTHING = Estimate(0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lasting:
    """A stage that lasts for a time, whatever it uses [s]."""

    duration: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineTime:
    """A stage that takes so much time of one machine, shared by those it has [machine-seconds]."""

    machine_s: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class OfTheRun:
    """A stage whose machine-time is a multiple of the training run's accelerator-time."""

    multiple: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class TheRun:
    """The training run itself, as the engine simulates it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """A demand over months, met by an interface that is paid by the token or by machines of one's own.

    Parameters
    ----------
    months : int
        Of a twelfth of a year.
    read_per_month, written_per_month : Estimate
        Tokens in and out in the first month.
    growth : float
        Share by which the demand grows from month to month.
    usd_per_read, usd_per_written : Estimate
        Price of a token that somebody else serves [USD].
    machine_s_per_read, machine_s_per_written : Estimate
        Time of one's own machines that a token takes [s].
    utilisation : float
        Share of the machines' time in which they serve.
    at_least : float
        Machines that stand by whatever the demand.
    """

    months: int
    read_per_month: Estimate
    written_per_month: Estimate
    growth: float = 0.0
    usd_per_read: Estimate = NOTHING
    usd_per_written: Estimate = NOTHING
    machine_s_per_read: Estimate = NOTHING
    machine_s_per_written: Estimate = NOTHING
    utilisation: float = 1.0
    at_least: float = 0.0


Work: TypeAlias = Lasting | MachineTime | OfTheRun | TheRun | Serving


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeStage:
    """One stage.

    Parameters
    ----------
    name, kind : str
        As the scenario calls it, and one of `KINDS`.
    work : Work
        What sets its length.
    after : tuple of str
        Stages that have to end first.
    people : mapping of str to int
        How many of which team.
    machines, count : str or None, and int
        Pool, and how many of it.
    usd : Estimate
        What it costs apart from people and machines [USD].
    """

    name: str
    kind: str
    work: Work
    after: tuple[str, ...] = ()
    people: Mapping[str, int] = field(default_factory=dict)
    machines: str | None = None
    count: int = 0
    usd: Estimate = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """People of one role.

    Parameters
    ----------
    people : int
        How many.
    usd_per_person_s : Estimate
        Cash with overhead of one person [USD/s].
    equity_usd_per_person_s : float
        Shares in the company of one person [USD/s].
    employed : bool
        Whether all are paid from the first start of their stages to the last end, or each only while at work.
    """

    name: str
    people: int
    usd_per_person_s: Estimate
    equity_usd_per_person_s: float = 0.0
    employed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Machines of one kind and their price [USD/s]; `count` is None where as many can be had as are asked for."""

    name: str
    count: int | None
    usd_per_machine_s: Estimate
    basis: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A graph made ready for the engines: everything by number, in the order in which stages are booked.

    Parameters
    ----------
    names : tuple of str
        Stages in booking order; every stage comes after those that it waits for.
    after : tuple of tuple of int
        Numbers of the stages that each waits for.
    needs : tuple of mapping of int to int
        How much each takes of which limited resource.
    sizes : tuple of int
        Size of each limited resource.
    resources : tuple of str
        Their names.
    """

    names: tuple[str, ...]
    after: tuple[tuple[int, ...], ...]
    needs: tuple[Mapping[int, int], ...]
    sizes: tuple[int, ...]
    resources: tuple[str, ...]


class CycleError(ValueError):
    """Stages that wait for each other in a circle; the message names them in order."""


def plan(
    stages: Sequence[LifeStage], teams: Sequence[Team], pools: Sequence[Pool], usual_s: Mapping[str, float]
) -> Plan:
    """Order the stages and number what they need.

    Parameters
    ----------
    usual_s : mapping of str to float
        The most probable duration of each stage [s].

    Raises
    ------
    CycleError
        If stages wait for each other in a circle.

    Examples
    --------
    >>> a = LifeStage(name="a", kind="other", work=Lasting(duration=NOTHING), after=("b",))
    >>> b = LifeStage(name="b", kind="other", work=Lasting(duration=NOTHING))
    >>> plan([a, b], [], [], {"a": 1.0, "b": 1.0}).names
    ('b', 'a')
    """
    import networkx as nx

    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(stage.name for stage in stages)
    graph.add_edges_from((before, stage.name) for stage in stages for before in stage.after)
    if not nx.is_directed_acyclic_graph(graph):
        circle = [before for before, _ in nx.find_cycle(graph)]
        raise CycleError(f"stages wait for each other in a circle: {' -> '.join([*circle, circle[0]])}")
    earliest_s: dict[str, float] = {}
    for name in nx.topological_sort(graph):
        earliest_s[name] = max((earliest_s[b] + usual_s[b] for b in graph.predecessors(name)), default=0.0)
    place = {stage.name: number for number, stage in enumerate(stages)}
    names = tuple(nx.lexicographical_topological_sort(graph, key=lambda name: (earliest_s[name], place[name])))
    limits = {("team", team.name): team.people for team in teams}
    limits |= {("machines", pool.name): pool.count for pool in pools if pool.count is not None}
    number = {resource: at for at, resource in enumerate(limits)}
    at = {name: position for position, name in enumerate(names)}
    by_name = {stage.name: stage for stage in stages}
    return Plan(
        names=names,
        after=tuple(tuple(sorted(at[before] for before in by_name[name].after)) for name in names),
        needs=tuple(_needs(by_name[name], number) for name in names),
        sizes=tuple(limits.values()),
        resources=tuple(name for _, name in limits),
    )


def _needs(stage: LifeStage, number: Mapping[tuple[str, str], int]) -> Mapping[int, int]:
    needs = {number["team", team]: people for team, people in stage.people.items()}
    machines = number.get(("machines", stage.machines or ""))
    if machines is not None and stage.count and not isinstance(stage.work, Serving):
        needs[machines] = stage.count
    return needs
