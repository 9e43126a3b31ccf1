"""Named random streams: the only place that makes a generator.

A stream is named by the seed and a path of words and numbers, never by a worker or by the order of calls: the same
name gives the same numbers wherever and whenever it is asked.
"""

from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy.random import Generator


def generator(seed: int, *names: str | int) -> "Generator":
    """Return the generator of a named stream.

    Parameters
    ----------
    seed : int
        The run's seed, not negative.
    names : str or int
        The stream's path, such as ``("faults", "gaps", 3)``; integers are not negative.

    Examples
    --------
    >>> float(generator(1, "faults", 0).random()) == float(generator(1, "faults", 0).random())
    True
    >>> float(generator(1, "faults", 0).random()) == float(generator(1, "faults", 1).random())
    False
    """
    import numpy as np

    key = tuple(_word(name) for name in names)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))


def _word(name: str | int) -> int:
    if isinstance(name, int):
        return name
    return _digest(name)


@lru_cache(maxsize=1024)
def _digest(name: str) -> int:
    """Map a word to 64 bits, far from the small integers that count blocks and replicas."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little") | 1 << 63
