"""Spare nodes, and what becomes of those that were lost."""

from typing import Annotated

from simulator.reliability.fleet import REPAIR_LAWS
from simulator.scenario.quantities import AnyTime, Count, Factor, Flag, Number, Share, Time, one_of
from simulator.scenario.schema.section import Section


class Reserve(Section):
    """Spare nodes of one kind."""

    nodes: Number | None = None
    swap: AnyTime | None = None
    fails: Flag | None = None


class Spares(Section):
    """Spare nodes, in the order in which they are taken, and how one of them is chosen."""

    warm: Reserve = Reserve()
    cold: Reserve = Reserve()
    preemptible: Reserve = Reserve()
    host_selection: AnyTime | None = None
    selection: Annotated[str | None, *one_of("first", "random", "history")] = None


class Mending(Section):
    """One kind of repair."""

    time: AnyTime | None = None
    law: Annotated[str | None, *one_of(*REPAIR_LAWS)] = None
    shape: Factor | None = None
    mends: Share | None = None
    crews: Count | None = None


class Repair(Section):
    """What happens to a lost node: an automatic repair, and one by hand where that does not suffice."""

    automatic: Mending = Mending()
    manual: Mending = Mending()
    manual_share: Share | None = None
    relapse: Factor | None = None
    requalification: AnyTime | None = None
    requalification_finds: Share | None = None


class Retirement(Section):
    """When a node is given up instead of being mended again."""

    failures: Factor | None = None
    window: Time | None = None
    half_life: Time | None = None
    replacement: AnyTime | None = None
