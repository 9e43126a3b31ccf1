"""How the nodes of a run differ, and how lost ones are found, mended and replaced: the rules of a fleet, as values.

A scenario without such rules treats its nodes as equal and memoryless, and both engines run it. One with a fleet is
told node by node, in `simulator.engine.fleet`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias, get_args

Domain: TypeAlias = Literal["accelerator", "host", "rack", "leaf", "pod", "power", "nvl72", "cube", "cluster"]
DOMAINS: tuple[Domain, ...] = get_args(Domain)
NODE_DOMAINS: tuple[Domain, ...] = ("accelerator", "host")
RepairLaw: TypeAlias = Literal["constant", "exponential", "weibull", "gamma", "lognormal"]
REPAIR_LAWS: tuple[RepairLaw, ...] = get_args(RepairLaw)
Selection: TypeAlias = Literal["first", "random", "history"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lemons:
    """Nodes that fail more often than the others until they are truly mended.

    Parameters
    ----------
    share : float
        Probability that a node is one at the beginning, 0 to 1.
    multiple : float
        Of an ordinary node's rate.

    Examples
    --------
    >>> print(Lemons(share=0.15, multiple=5.0).factor)  # of the job's rate while all of them are there
    1.6
    """

    share: float
    multiple: float

    @property
    def factor(self) -> float:
        """Mean rate of a node over that of an ordinary one."""
        return 1.0 + self.share * (self.multiple - 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserve:
    """Spare nodes of one kind.

    Parameters
    ----------
    nodes : int
        How many, at most: what is mended beyond that goes to the next kind.
    swap_s : float
        Putting one in place [s].
    fails : bool
        Whether they are up and fail like the job's own nodes; cold ones do not.
    """

    nodes: int = 0
    swap_s: float = 0.0
    fails: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mending:
    """One kind of repair.

    Parameters
    ----------
    mean_s : float or None
        How long it takes [s]; None as long as the cause says.
    law : str
        Around that mean; where the cause says the time, its law counts.
    shape : float or None
        What shapes the law.
    mends : float
        Probability that the node is truly mended, 0 to 1.
    crews : int or None
        How many nodes are worked on at once, first come first served; None is enough of them.
    """

    mean_s: float | None = None
    law: RepairLaw = "exponential"
    shape: float | None = None
    mends: float = 1.0
    crews: int | None = None

    def lasting(self, factor: float) -> "Mending":
        """Return the repair that takes so many times as long; as long as the cause says, where it says nothing."""
        return self if self.mean_s is None else replace(self, mean_s=self.mean_s * factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """Where lost nodes go: an automatic repair, and by hand where that does not suffice.

    Parameters
    ----------
    automatic : Mending or None
        Comes first; None where people do everything.
    manual : Mending
        By hand.
    manual_share : float
        Probability that a node goes on to the people after the automatic repair, 0 to 1.
    relapse : float
        Multiple of an ordinary node's rate for nodes that come back without being mended; 1 lets them be as good as
        before, and a lemon stays what it is.
    requalification_s : float
        Test of a node that is back from repair [s].
    requalification_finds : float
        Probability that the test finds a node that was not mended, and sends it back.
    """

    automatic: Mending | None = None
    manual: Mending = Mending()
    manual_share: float = 1.0
    relapse: float = 1.0
    requalification_s: float = 0.0
    requalification_finds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ByHand:
    """Stops after which people have to restart the job.

    Parameters
    ----------
    share : float
        Of all stops, 0 to 1.
    time : Mending
        How long it takes them beside the detection; its law may have a heavy tail.
    """

    share: float
    time: Mending


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """How often the wrong node is taken out.

    Parameters
    ----------
    misses : float
        Probability that no node is found, and the job restarts on those that it has.
    blames_wrong : float
        Probability that a healthy node is taken out instead, where one is found.
    """

    misses: float = 0.0
    blames_wrong: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Retirement:
    """When a node is given up instead of being mended again.

    Parameters
    ----------
    failures : float
        So many within the window, or so high a score, are too many.
    window_s : float
        How far back failures count [s]; as a half-life, a failure's score halves in this time.
    decays : bool
        Whether the window is a half-life.
    replacement_s : float or None
        Until a new node stands in its place [s]; None is never.
    """

    failures: float
    window_s: float
    decays: bool = False
    replacement_s: float | None = None

    def score(self, failures_s: Sequence[float], now_s: float) -> float:
        """Return how bad a node's history is.

        Examples
        --------
        >>> Retirement(failures=3, window_s=10.0).score([1.0, 95.0, 99.0], 100.0)
        2.0
        >>> Retirement(failures=3, window_s=10.0, decays=True).score([80.0, 90.0, 100.0], 100.0)
        1.75
        """
        if self.decays:
            return math.fsum(0.5 ** ((now_s - then_s) / self.window_s) for then_s in failures_s)
        return float(sum(now_s - then_s <= self.window_s for then_s in failures_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """What a scenario says of single nodes.

    Parameters
    ----------
    lemons : Lemons or None
        Bad nodes.
    warm, cold, preemptible : Reserve
        Spares, in the order in which they are taken: in the job's allocation; beside it; running work of others.
    ample : bool
        Whether a node as good as the mended one is always at hand, so that nobody waits for spares.
    host_selection_s : float
        Choosing hosts anew, when the place is not filled by a warm spare; the warm ones are then filled up [s].
    selection : str
        Which spare is taken: the ``first`` that was fit, a ``random`` one, or by ``history`` with the fewest failures.
    shop, diagnosis, retirement : Shop, Diagnosis, Retirement or None
        What becomes of lost nodes.
    by_hand : ByHand or None
        How often people restart the job.
    why : sequence of str
        What of this only `simulate` can tell, in words.
    """

    lemons: Lemons | None = None
    warm: Reserve = Reserve()
    cold: Reserve = Reserve()
    preemptible: Reserve = Reserve()
    ample: bool = False
    host_selection_s: float = 0.0
    selection: Selection = "first"
    shop: Shop = Shop()
    diagnosis: Diagnosis = Diagnosis()
    retirement: Retirement | None = None
    by_hand: ByHand | None = None
    why: Sequence[str] = field(default=(), compare=False)

    @property
    def spares(self) -> int:
        """Nodes beside the job in all."""
        return self.warm.nodes + self.cold.nodes + self.preemptible.nodes

    def repaired(self, factor: float) -> "Fleet":
        """Return the fleet whose repairs take so many times as long, where the shop says how long they take."""
        made, by_hand = self.shop.automatic, self.shop.manual
        made = None if made is None else made.lasting(factor)
        return replace(self, shop=replace(self.shop, automatic=made, manual=by_hand.lasting(factor)))

    def started_by_hand(self, factor: float) -> "Fleet":
        """Return the fleet whose people take so many times as long to restart the job."""
        people = self.by_hand
        return self if people is None else replace(self, by_hand=replace(people, time=people.time.lasting(factor)))

    def swapped(self, factor: float) -> "Fleet":
        """Return the fleet whose spares take so many times as long to be put in place, choice of hosts included."""
        kinds = {name: getattr(self, name) for name in ("warm", "cold", "preemptible")}
        slower = {name: replace(kind, swap_s=kind.swap_s * factor) for name, kind in kinds.items()}
        return replace(self, **slower, host_selection_s=self.host_selection_s * factor)


def told(fleet: Fleet) -> str:
    """Say why only the event engine runs a fleet."""
    return f"nodes are told one by one: {'; '.join(fleet.why)}"
