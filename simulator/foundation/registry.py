"""Kinds by name: how policies, laws and terms are found, ours and yours.

A class joins by decorator, or from another distribution by an entry point in the registry's group.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from simulator.foundation.issues import not_among

T = TypeVar("T")


class Registry(Mapping[str, T]):
    """Named members of one kind.

    Parameters
    ----------
    kind : str
        What the members are, in words for messages, such as ``checkpoint policy``.
    group : str
        Entry-point group in which other distributions offer members.

    Examples
    --------
    >>> laws = Registry[type]("failure law", group="example.laws")
    >>> @laws.register("never")
    ... class Never: ...
    >>> laws["never"].__name__
    'Never'
    """

    def __init__(self, kind: str, *, group: str) -> None:
        self.kind = kind
        self.group = group
        self._members: dict[str, T] = {}
        self._discovered = False

    def register(self, name: str) -> Callable[[T], T]:
        """Return a decorator that adds a member under a name that is still free."""

        def add(member: T) -> T:
            if name in self._members:
                raise ValueError(f"{self.kind} {name!r} is registered already, by {self._members[name]!r}")
            self._members[name] = member
            return member

        return add

    def __getitem__(self, name: str) -> T:
        if name not in self._members:
            self._discover()
        if name not in self._members:
            raise KeyError(f"{self.kind} {not_among(name, self._members)}")
        return self._members[name]

    def __iter__(self) -> Iterator[str]:
        self._discover()
        return iter(sorted(self._members))

    def __len__(self) -> int:
        self._discover()
        return len(self._members)

    def _discover(self) -> None:
        if self._discovered:
            return
        self._discovered = True
        from importlib.metadata import entry_points  # takes 15 ms, and most names are ours

        for point in entry_points(group=self.group):
            if point.name not in self._members:
                self._members[point.name] = point.load()
