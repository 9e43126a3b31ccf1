"""The cluster as a scheduler sees it: what is free, who is running, and when they are believed to end.

Nothing here knows a clock; the engine tells the state what happened and asks a policy what to do.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Protocol

from simulator.foundation.tuples import make
from simulator.scheduling.job import Job, JobId
from simulator.scheduling.pool import Place, Pool, Room
from simulator.scheduling.promise import PlacedPromise, Promise

if TYPE_CHECKING:
    from simulator.scheduling.reservations import Gate


class Stay(NamedTuple):
    """A job on the cluster; stays sort by the time when they are believed to end."""

    due_s: float
    rank: int  # order of starting
    size: int
    start_s: float
    job: Job
    place: Place | None
    speed: float = 1.0  # over that on the closest placement


class Paces(Protocol):
    """Knows how fast a job goes where it was placed."""

    def speed(self, job: Job, place: Place) -> float:
        """Return the speed, over that on the closest placement; positive, at most 1."""
        ...


class ClusterState:
    """Interchangeable units.

    Parameters
    ----------
    capacity : int
        Units in all.

    Attributes
    ----------
    free : int
        Units that nobody holds.
    ends : list of Stay
        Running jobs by believed end; equal ends in order of starting.
    ended : list of Stay
        What left since the last pass.
    left : list of Job
        Who went away unserved since the last pass.
    leaving : dict of int to Stay
        Stays under notice, by rank.
    promised_s : dict
        First promise to each job that got one [s].
    down : int
        Units of nodes that are out of service.
    gate : Gate or None
        What keeps units for reservations.
    changes : int
        How often something was taken, given back, or came into or went out of service.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.free = capacity
        self.ends: list[Stay] = []
        self.ended: list[Stay] = []
        self.left: list[Job] = []
        self.leaving: dict[int, Stay] = {}
        self.down = self.changes = 0
        self.gate: Gate | None = None
        self.promised_s: dict[JobId, float] = {}
        self._rank = 0
        self._rooms: dict[tuple[object, ...], int] = {}  # what the gate leaves, as long as nothing changes
        self._asked: tuple[int, float] | None = None  # changes and time of these

    def fits(self, job: Job) -> bool:
        """Tell whether the job could start now."""
        return job.size <= self.free and (self.gate is None or job.size <= self._room(self.gate, job))

    def fits_without(self, job: Job, stays: Iterable[Stay]) -> bool:
        """Tell whether the job could start if these were gone."""
        gone = {stay.rank: stay.size for stay in stays}
        free = self.free + sum(gone.values())
        if job.size > free or self.gate is None:
            return job.size <= free
        return job.size <= self._room(self.gate, job, gone)

    def _room(self, gate: "Gate", job: Job, gone: Mapping[int, int] = MappingProxyType({})) -> int:
        """Return what a gate leaves to a job if some were gone, whose units are given by rank."""
        asked = self.changes, gate.now_s
        if asked != self._asked:
            self._asked = asked
            self._rooms.clear()
        key = gate.view(job), *gone
        if (room := self._rooms.get(key)) is None:
            room = self._rooms[key] = gate.room(job, self.free + sum(gone.values()), self.ends, gone)
        return room

    def begin(self, job: Job, now_s: float) -> Stay:
        """Place a job that fits."""
        self._rank += 1
        self.changes += 1
        due_s, size = now_s + job.estimate_s, job.size
        stay = make(Stay, (due_s, self._rank, size, now_s, job, self._take(job), 1.0))
        insort(self.ends, stay)
        return stay

    def _take(self, job: Job) -> Place | None:
        if job.size > self.free:
            raise AssertionError(f"{job} does not fit into {self.free} free units")
        self.free -= job.size
        return None

    def finish(self, stay: Stay) -> None:
        """Free the units of a job."""
        del self.ends[bisect_left(self.ends, stay)]
        self.ended.append(stay)
        self.free += stay.size
        self.changes += 1
        if self.leaving:
            self.leaving.pop(stay.rank, None)

    def obstacle(self, job: Job) -> str | None:
        """Say what keeps a job from starting now, or None if it fits."""
        if job.size > self.free:
            return "outage" if job.size <= self.free + self.down else "capacity"
        return None if ClusterState.fits(self, job) else "reservation"

    def promise(self, job: Job, now_s: float) -> Promise:
        """Return when a blocked job fits if everybody ends as believed; a job that overran may end any moment."""
        free, time_s = self.free, float("inf")
        for stay in self.ends:
            if stay.due_s > time_s:
                break
            free += stay.size
            if free >= job.size:  # and whoever ends at the same time adds to what is left over
                time_s = stay.due_s if stay.due_s > now_s else now_s
        self.note_promise(job, time_s)
        lasts_until_s = time_s if self.gate is None else now_s  # what a gate lets through changes with time
        return Promise(time_s, free - job.size, lasts_until_s=lasts_until_s)

    def note_promise(self, job: Job, time_s: float) -> None:
        """Keep the first promise that a job gets."""
        self.promised_s.setdefault(job.job_id, time_s)


class PlacedState(ClusterState):
    """Units on nodes: a job fits if the placement rule finds room for the whole gang.

    Parameters
    ----------
    pool : Pool
        The nodes.
    pace : Paces or None
        What a placement does to the speed of a job, and so to the time when it is believed to end.
    """

    def __init__(self, pool: Pool, pace: Paces | None = None) -> None:
        super().__init__(pool.capacity)
        self.pool = pool
        self.pace = pace
        self.free = pool.free
        self._held_out: dict[int, int] = {}  # units of each node out of service that somebody still holds
        self._out: dict[int, list[str]] = {}  # why each node is out of service; it is back when no reason is left

    def fits(self, job: Job) -> bool:
        """Tell whether the rule finds a place now."""
        return super().fits(job) and self.pool.fits(job)

    def fits_without(self, job: Job, stays: Iterable[Stay]) -> bool:
        """Tell whether the rule would find a place if these were gone."""
        stays = list(stays)
        if job.size > self.free + sum([stay.size for stay in stays]):
            return False
        if self.gate is not None and not super().fits_without(job, stays):
            return False
        places = [stay.place for stay in stays if stay.place]
        if places and (room := self.pool.first_room(job, places)):
            return room.after <= len(places)
        future = self.pool.copy()
        future.give_all(places)
        return job.size <= future.free and future.fits(job)

    def begin(self, job: Job, now_s: float) -> Stay:
        """Place a job that fits; where it lies sets how fast it goes."""
        if self.pace is None:
            return super().begin(job, now_s)
        self._rank += 1
        self.changes += 1
        place = self._take(job)
        speed = self.pace.speed(job, place)
        due_s = now_s + (job.estimate_s if speed == 1 else job.estimate_s / speed)
        stay = make(Stay, (due_s, self._rank, job.size, now_s, job, place, speed))
        insort(self.ends, stay)
        return stay

    def _take(self, job: Job) -> Place:
        place = self.pool.find(job)
        if place is None:
            raise AssertionError(f"{job} does not fit")
        self.pool.take(place)
        self.free = self.pool.free
        return place

    def finish(self, stay: Stay) -> None:
        """Free the nodes of a job."""
        super().finish(stay)
        assert stay.place is not None
        self.pool.give(stay.place)
        self.free = self.pool.free
        if self._out and not self._out.keys().isdisjoint(stay.place.nodes):
            for node in self._out.keys() & stay.place.nodes:
                self._held_out[node] -= stay.place.units[stay.place.nodes.index(node)]

    def obstacle(self, job: Job) -> str | None:
        """Say what keeps a job from starting now, or None if it fits."""
        return super().obstacle(job) or (None if self.pool.fits(job) else self.pool.obstacle(job))

    def lose(self, node: int, cause: str = "failure") -> list[Stay]:
        """Take a node out of service and return who is on it."""
        reasons = self._out.setdefault(node, [])
        reasons.append(cause)
        if len(reasons) == 1:
            self.pool.lose(node)
            self._count()
        there = self.on(node)
        places = [stay.place for stay in there if stay.place]
        self._held_out[node] = sum([place.units[place.nodes.index(node)] for place in places])
        return there

    def restore(self, node: int, cause: str = "failure") -> None:
        """End one outage of a node, which is back in service when its last is over."""
        reasons = self._out[node]
        reasons.remove(cause)
        if not reasons:
            del self._out[node], self._held_out[node]
            self.pool.restore(node)
            self._count()

    def on(self, node: int) -> list[Stay]:
        """Return who is on a node."""
        return [stay for stay in self.ends if stay.place and node in stay.place.nodes]

    def reasons(self, node: int) -> Sequence[str]:
        """Return why a node is out of service, the oldest reason first; none if it is in service."""
        return tuple(self._out.get(node, ()))

    def unheld_out(self) -> Mapping[str, int]:
        """Return the units out of service that nobody holds, by the oldest reason."""
        total: dict[str, int] = {}
        for node, reasons in self._out.items():
            total[reasons[0]] = total.get(reasons[0], 0) + self.pool.units[node] - self._held_out[node]
        return total

    def _count(self) -> None:
        self.changes += 1
        self.free = self.pool.free
        self.down = sum(self.pool.units[node] for node in self._out)

    def promise(self, job: Job, now_s: float) -> PlacedPromise:
        """Walk the running jobs by believed end until the rule finds a place for the job."""
        ends = self.ends
        count, free = self.pool.first_room(job, _places(ends)) or self._walked(job, list(_places(ends)))
        time_s = max(ends[count - 1].due_s, now_s) if count <= len(ends) else float("inf")
        by_then = count
        while by_then < len(ends) and ends[by_then].due_s <= time_s:
            by_then += 1
        free += sum(map(self.pool.in_service, _places(ends[count:by_then])))  # adds to what is left over
        self.note_promise(job, time_s)
        return PlacedPromise(time_s, free, job, self.pool, list(_places(ends[:by_then])))

    def _walked(self, job: Job, places: Sequence[Place]) -> Room:
        """Find what `Pool.first_room` tells by giving back one place after the other, and looking after each."""
        future, few = self.pool.copy(), self._too_few(job, places)
        future.give_all(places[:few])
        for count, place in enumerate(places[few:], start=few + 1):
            future.give(place)
            if future.free >= job.size and future.fits(job):
                return Room(count, future.free)
        return Room(len(places) + 1, future.free)

    def _too_few(self, job: Job, places: Sequence[Place]) -> int:
        """Return how many of some places leave too few units for a job when given back, whatever the rule."""
        free = self.pool.free
        for count, place in enumerate(places):
            free += sum(place.units)
            if free >= job.size:
                return count
        return len(places)


_place: Callable[[Stay], Place] = attrgetter("place")


def _places(stays: Iterable[Stay]) -> Iterator[Place]:
    """Return where each lies, which all do on nodes."""
    return map(_place, stays)


class ClusterView(Protocol):
    """What a policy may look at; `ClusterState` is one."""

    capacity: int
    free: int
    changes: int
    ends: list[Stay]
    ended: list[Stay]
    left: list[Job]
    leaving: dict[int, Stay]
    gate: "Gate | None"

    def fits(self, job: Job) -> bool:
        """Tell whether the job could start now."""
        ...

    def fits_without(self, job: Job, stays: Iterable[Stay]) -> bool:
        """Tell whether the job could start if these were gone."""
        ...

    def promise(self, job: Job, now_s: float) -> Promise:
        """Return when a blocked job is sure to fit."""
        ...

    def note_promise(self, job: Job, time_s: float) -> None:
        """Tell the job when it starts at the latest."""
        ...


Queue = Sequence[Job]
