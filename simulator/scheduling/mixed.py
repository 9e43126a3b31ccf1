"""Pools that are not made of equal nodes: devices that several jobs share, and kinds of accelerators.

Source: Weng et al., "Beware of fragmentation", USENIX ATC 2023 (a fraction of an accelerator lies on one device).
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from itertools import accumulate
from typing import Self

from simulator.scheduling.job import Job
from simulator.scheduling.nodes import NodePool, PlacementRule
from simulator.scheduling.pool import Place, Pool, Room


class DevicePool:
    """Nodes whose accelerators can be shared: a job takes whole devices, or a fraction of one device.

    The rule chooses among nodes with whole free devices. A fraction goes to the shared device with the least room that
    holds it, whatever the rule, and breaks a new device only if there is none, on the node with the fewest free ones.
    A job of more than one device is rounded up to whole devices.

    Parameters
    ----------
    units : sequence of int
        Units of each node, multiples of `device`.
    rule : PlacementRule
        Chooses among nodes.
    racks, pods : sequence of int or None
        As in `NodePool`.
    device : int
        Units of one device, such as 1000 thousandths.

    Attributes
    ----------
    whole : NodePool
        The nodes with their whole free devices.

    Examples
    --------
    >>> from simulator.scheduling.placement import PLACEMENTS
    >>> pool = DevicePool([2000], PLACEMENTS["consolidated"]())
    >>> for size in (600, 600):
    ...     pool.take(pool.find(Job("a", 0, size, 1, 1)))
    >>> pool.free, pool.find(Job("b", 0, 800, 1, 1)), pool.find(Job("c", 0, 400, 1, 1)).devices
    (800, None, ((0,),))
    """

    def __init__(
        self,
        units: Sequence[int],
        rule: PlacementRule,
        racks: Sequence[int] | None = None,
        pods: Sequence[int] | None = None,
        *,
        device: int = 1000,
    ) -> None:
        if any(count % device for count in units):
            raise ValueError(f"nodes have whole devices of {device} units")
        self.whole = NodePool([count // device for count in units], rule, racks, pods)
        self.device = device
        self.units, self.free = units, sum(units)
        self.room = [[device] * (count // device) for count in units]  # on each device of each node
        self.shared: list[tuple[int, int, int]] = []  # room, node and number of devices that fractions use

    @property
    def capacity(self) -> int:
        """Units of all nodes."""
        return sum(self.units)

    @property
    def racks(self) -> Sequence[int]:
        """Rack of each node."""
        return self.whole.racks

    @property
    def pods(self) -> Sequence[int]:
        """Pod of each node."""
        return self.whole.pods

    def find(self, job: Job) -> Place | None:
        """Return one device for a fraction, or nodes with whole devices by the rule."""
        if job.size > self.free:
            return None
        if job.size < self.device:
            return self._fraction(job.size)
        place = self.whole.find(job._replace(size=-(-job.size // self.device)))
        if place is None:
            return None
        numbers = tuple(self._unshared(node)[:count] for node, count in zip(place.nodes, place.units, strict=True))
        return Place(place.nodes, tuple(count * self.device for count in place.units), numbers)

    def fits(self, job: Job) -> bool:
        """Tell whether there is a place for the job now."""
        return self.find(job) is not None

    def _fraction(self, size: int) -> Place | None:
        at = bisect_left(self.shared, (size,))
        if at < len(self.shared):
            _, node, number = self.shared[at]
            return Place((node,), (size,), ((number,),))
        fresh = next((found[0] for found in self.whole.by_free[1:] if found), None)
        return None if fresh is None else Place((fresh,), (size,), (self._unshared(fresh)[:1],))

    def _unshared(self, node: int) -> tuple[int, ...]:
        return tuple(number for number, room in enumerate(self.room[node]) if room == self.device)

    def take(self, place: Place) -> None:
        """Hold devices or a part of one; it is an error if they are not free."""
        for node, units, numbers in zip(*place, strict=True):
            if node in self.whole.broken:
                raise AssertionError(f"node {node} is out of service")
            for number in numbers:
                self._change(node, number, -(units // len(numbers)))

    def give_all(self, places: Iterable[Place]) -> None:
        """Give the units of many places back."""
        for place in places:
            self.give(place)

    def first_room(self, job: Job, places: Iterable[Place]) -> Room | None:  # noqa: ARG002 - the protocol
        """Tell nothing: a device has room for a part of a job."""
        return None

    def in_service(self, place: Place) -> int:
        """Return the units of a place on nodes in service."""
        return self.whole.in_service(place)

    def give(self, place: Place) -> None:
        """Give devices back; those of broken nodes stay out of reach."""
        for node, units, numbers in zip(*place, strict=True):
            for number in numbers:
                self._change(node, number, units // len(numbers))

    def _change(self, node: int, number: int, by: int) -> None:
        before, after = self.room[node][number], self.room[node][number] + by
        if not 0 <= after <= self.device:
            raise AssertionError(f"device {number} of node {node} has {before} free units, {-by} are to be taken")
        self.room[node][number] = after
        if node not in self.whole.broken:
            self.free += by
            if 0 < before < self.device:
                del self.shared[bisect_left(self.shared, (before, node, number))]
            if 0 < after < self.device:
                insort(self.shared, (after, node, number))
        change = (after == self.device) - (before == self.device)
        if change:
            self.whole.set_free(node, self.whole.free_on[node] + change)

    def lose(self, node: int) -> None:
        """Take a node out of service."""
        self.whole.lose(node)
        self.free -= sum(self.room[node])
        self.shared = [entry for entry in self.shared if entry[1] != node]

    def restore(self, node: int) -> None:
        """Put a node back into service."""
        self.whole.restore(node)
        self.free += sum(self.room[node])
        for number, room in enumerate(self.room[node]):
            if 0 < room < self.device:
                insort(self.shared, (room, node, number))

    def stranded(self) -> int:
        """Return the free units on shared devices and on nodes of which a part is taken."""
        return self.free - (self.whole.free - self.whole.stranded()) * self.device

    def obstacle(self, job: Job) -> str:
        """Say why enough free units are no place for the job."""
        return self.whole.obstacle(job._replace(size=-(-job.size // self.device)))

    def copy(self) -> Self:
        """Return an independent copy that shares what never changes."""
        twin = copy(self)
        twin.whole = self.whole.copy()
        twin.room, twin.shared = [room.copy() for room in self.room], self.shared.copy()
        return twin


class MixedPool:
    """Several kinds of accelerators, each in a pool of its own; a gang stays within one kind.

    A job that names kinds goes to the first of them that has a place, another to the first of all that has, in the
    order of the pools. Nodes are numbered through.

    Examples
    --------
    >>> from simulator.scheduling.placement import PLACEMENTS
    >>> pool = MixedPool({kind: NodePool([8], PLACEMENTS["consolidated"]()) for kind in ("T4", "V100")})
    >>> pool.find(Job("a", 0, 8, 1, 1, kinds=("V100",)))
    Place(nodes=(1,), units=(8,), devices=())
    """

    def __init__(self, pools: Mapping[str, Pool]) -> None:
        self.pools = pools
        self.units: Sequence[int] = [count for pool in pools.values() for count in pool.units]
        sizes = [len(pool.units) for pool in pools.values()]
        self._first = dict(zip(pools, accumulate([0, *sizes[:-1]]), strict=True))
        self._kind = [kind for kind, pool in pools.items() for _ in pool.units]

    @property
    def free(self) -> int:
        """Free units of all kinds."""
        return sum(pool.free for pool in self.pools.values())

    @property
    def capacity(self) -> int:
        """Units of all nodes."""
        return sum(self.units)

    def find(self, job: Job) -> Place | None:
        """Return where the job would go now, or None."""
        for kind in job.kinds or self.pools:
            pool = self.pools.get(kind)
            place = pool.find(job) if pool else None
            if place is not None:
                first = self._first[kind]
                return place._replace(nodes=tuple(first + node for node in place.nodes))
        return None

    def fits(self, job: Job) -> bool:
        """Tell whether one of the kinds has a place for the job now."""
        return any(self.pools[kind].fits(job) for kind in job.kinds or self.pools if kind in self.pools)

    def _own(self, place: Place) -> tuple[Pool, Place]:
        """Return the pool of a place, and the place in that pool's own numbers."""
        kind = self._kind[place.nodes[0]]
        first = self._first[kind]
        return self.pools[kind], place._replace(nodes=tuple(node - first for node in place.nodes))

    def take(self, place: Place) -> None:
        """Hold units."""
        pool, own = self._own(place)
        pool.take(own)

    def give_all(self, places: Iterable[Place]) -> None:
        """Give the units of many places back."""
        for place in places:
            self.give(place)

    def first_room(self, job: Job, places: Iterable[Place]) -> Room | None:  # noqa: ARG002 - the protocol
        """Tell nothing: kinds differ."""
        return None

    def in_service(self, place: Place) -> int:
        """Return the units of a place on nodes in service."""
        pool, own = self._own(place)
        return pool.in_service(own)

    def give(self, place: Place) -> None:
        """Give units back."""
        pool, own = self._own(place)
        pool.give(own)

    def lose(self, node: int) -> None:
        """Take a node out of service."""
        self.pools[self._kind[node]].lose(node - self._first[self._kind[node]])

    def restore(self, node: int) -> None:
        """Put a node back into service."""
        self.pools[self._kind[node]].restore(node - self._first[self._kind[node]])

    def stranded(self) -> int:
        """Return the free units on partly used nodes of all kinds."""
        return sum(pool.stranded() for pool in self.pools.values())

    def obstacle(self, job: Job) -> str:
        """Say why enough free units are no place for the job: the wrong kind, or scattered."""
        pools = [self.pools[kind] for kind in job.kinds or self.pools if kind in self.pools]
        holding = [pool for pool in pools if pool.free >= job.size]
        return holding[0].obstacle(job) if holding else "kind"

    def copy(self) -> Self:
        """Return an independent copy."""
        return type(self)({kind: pool.copy() for kind, pool in self.pools.items()})
