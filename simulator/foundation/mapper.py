"""Who does the pieces of some work: this process, or workers."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

Piece = TypeVar("Piece")
Done = TypeVar("Done")


class Mapper(Protocol):
    """`map`, or an executor's."""

    def __call__(self, function: Callable[[Piece], Done], pieces: Sequence[Piece], /) -> Iterable[Done]:
        """Apply the function to each piece, and hand back the results in order."""
        ...
