"""Nodes as a placement rule sees them: what it takes of them, and what it has to be able to tell."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol, Self

from simulator.scheduling.job import Job


class Place(NamedTuple):
    """Units taken on the nodes of a gang; where devices are shared, also which ones on each node."""

    nodes: tuple[int, ...]
    units: tuple[int, ...]
    devices: tuple[tuple[int, ...], ...] = ()


class Room(NamedTuple):
    """When a pool has room for a job."""

    after: int  # places that are given back by then; one more than there are if all of them are not enough
    free: int  # units in service that are free then


class Pool(Protocol):
    """Nodes with their free units, and the rule that chooses among them."""

    units: Sequence[int]

    @property
    def free(self) -> int:
        """Free units of all nodes in service."""
        ...

    @property
    def capacity(self) -> int:
        """Units of all nodes."""
        ...

    def find(self, job: Job) -> Place | None:
        """Return where the job would go now, or None."""
        ...

    def fits(self, job: Job) -> bool:
        """Tell whether there is a place for the job now."""
        ...

    def take(self, place: Place) -> None:
        """Hold units."""
        ...

    def give(self, place: Place) -> None:
        """Give units back."""
        ...

    def give_all(self, places: Iterable[Place]) -> None:
        """Give the units of many places back."""
        ...

    def first_room(self, job: Job, places: Iterable[Place]) -> Room | None:
        """Return when there is room for a job that has none now, if places are given back in order.

        None where that cannot be told by counting nodes.
        """
        ...

    def in_service(self, place: Place) -> int:
        """Return the units of a place on nodes in service."""
        ...

    def copy(self) -> Self:
        """Return an independent copy."""
        ...

    def lose(self, node: int) -> None:
        """Take a node out of service."""
        ...

    def restore(self, node: int) -> None:
        """Put a node back into service."""
        ...

    def stranded(self) -> int:
        """Return the free units on nodes of which a part is taken."""
        ...

    def obstacle(self, job: Job) -> str:
        """Say why enough free units are no place for the job."""
        ...
