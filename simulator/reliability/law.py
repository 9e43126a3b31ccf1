"""What a failure law is, and where laws are found by name."""

from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.foundation.registry import Registry

if TYPE_CHECKING:
    from numpy.random import Generator

FloatArray = NDArray[np.float64]


class FailureLaw(Protocol):
    """A distribution of times to failure; a class of your own needs no more than this."""

    @property
    def mean_s(self) -> float:
        """Mean time from new to failure [s]."""
        ...

    def times_s(self, rng: "Generator", size: int) -> FloatArray:
        """Draw times from new to failure, shape (size,) [s]."""
        ...


@runtime_checkable
class AgeingLaw(FailureLaw, Protocol):
    """A law that knows in closed form what age does to it; all of ours but the trace do."""

    def survival(self, age_s: ArrayLike) -> FloatArray:
        """Return the probability to reach an age, in its shape."""
        ...

    def left_s(self, rng: "Generator", size: int, age_s: float) -> FloatArray:
        """Draw the time left to a unit that has reached an age, shape (size,) [s]."""
        ...

    def equilibrium_s(self, rng: "Generator", size: int) -> FloatArray:
        """Draw the time left to a unit met at a random moment of a long life of renewals, shape (size,) [s]."""
        ...


LAWS: Final = Registry[type[Any]]("failure law", group="flopcast.failure_laws")
