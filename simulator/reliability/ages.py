"""How old units are when a run begins, and how many failures to expect of them."""

from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from simulator.reliability.law import AgeingLaw, FailureLaw
from simulator.reliability.laws import Trace

if TYPE_CHECKING:
    from numpy.random import Generator

FloatArray = NDArray[np.float64]

Age: TypeAlias = Literal["fresh", "equilibrium"] | float
"""New, as old as in a fleet that has been renewed for long, or so many seconds."""

_LIVES = 64  # of which one is met at a random moment, where a law knows no closed form


def first_s(law: FailureLaw, rng: "Generator", size: int, age: Age) -> FloatArray:
    """Draw the time until units of an age fail for the first time.

    Parameters
    ----------
    law : FailureLaw
        A law without closed forms is asked for whole lives, of which those that fit are taken.
    size : int
        Number of units.
    age : Age
        At the beginning.

    Returns
    -------
    array of shape (size,)
        [s].

    Examples
    --------
    >>> from simulator.foundation.streams import generator
    >>> from simulator.reliability.laws import Weibull
    >>> fleet = Weibull(mean_s=154.0, shape=0.7)
    >>> rng = generator(1, "ages")
    >>> early = [float((first_s(fleet, rng, 100_000, age) < 10.0).mean()) for age in ("fresh", "equilibrium", 300.0)]
    >>> [round(share, 2) for share in early]  # the hazard falls with age
    [0.16, 0.06, 0.04]
    """
    if age == "fresh" or isinstance(law, Trace):
        return law.times_s(rng, size)
    if isinstance(age, str):
        return law.equilibrium_s(rng, size) if isinstance(law, AgeingLaw) else _equilibrium_s(law, rng, size)
    return law.left_s(rng, size, age) if isinstance(law, AgeingLaw) else _left_s(law, rng, size, age)


def _equilibrium_s(law: FailureLaw, rng: "Generator", size: int) -> FloatArray:
    """Draw a share of a life that is taken from several by its length."""
    lives_s = law.times_s(rng, size * _LIVES).reshape(size, _LIVES)
    places = np.cumsum(lives_s, axis=1)
    chosen = np.argmax(places > places[:, -1:] * rng.random((size, 1)), axis=1)
    return np.asarray(lives_s[np.arange(size), chosen] * rng.random(size))


def _left_s(law: FailureLaw, rng: "Generator", size: int, age_s: float) -> FloatArray:
    """Draw lives until enough are longer than the age."""
    found: list[FloatArray] = []
    left = size
    for _ in range(10_000):
        lives_s = law.times_s(rng, max(left, 1024))
        longer_s = lives_s[lives_s > age_s][:left] - age_s
        found.append(longer_s)
        left -= len(longer_s)
        if not left:
            return np.concatenate(found)
    raise ValueError(f"hardly a unit reaches an age of {age_s:g} s under {law}; state a lower age")


def renewals(law: AgeingLaw, horizon_s: float, steps: int = 2_000) -> float:
    """Return the expected failures of one unit that is new at the beginning and renewed at each failure.

    Examples
    --------
    >>> from simulator.reliability.laws import Weibull
    >>> round(128 * renewals(Weibull(mean_s=154.0, shape=0.7), 90.0), 1)  # of a fresh fleet; 74.8 in equilibrium
    117.1
    """
    return float(renewal_function(law, horizon_s, steps)[-1])


def renewal_function(law: AgeingLaw, horizon_s: float, steps: int = 2_000) -> FloatArray:
    """Return the expected failures up to each of equally spaced instants, of one unit that is new at the beginning.

    Solves the renewal equation m(t) = F(t) + integral of m(t - u) dF(u) on a grid, by the trapezoidal rule.

    Returns
    -------
    array of shape (steps + 1,)
        From 0 to the horizon, both included.

    Examples
    --------
    >>> from simulator.reliability.laws import Exponential
    >>> renewal_function(Exponential(mean_s=2.0), 4.0, steps=4).round(1).tolist()  # 1 / mean all the time
    [0.0, 0.5, 1.0, 1.5, 2.0]
    """
    reached = 1.0 - law.survival(np.linspace(0.0, horizon_s, steps + 1))
    lives = np.diff(reached)
    expected, between = np.zeros(steps + 1), np.zeros(steps)
    for at in range(1, steps + 1):
        earlier = between[: at - 1] @ lives[at - 1 : 0 : -1]  # the first failure was before the last step
        expected[at] = (reached[at] + earlier + 0.5 * lives[0] * expected[at - 1]) / (1.0 - 0.5 * lives[0])
        between[at - 1] = 0.5 * (expected[at - 1] + expected[at])
    return expected


def expected_share(law: FailureLaw | None, age: Age, time_s: float) -> float:
    """Return the failures to expect of units of an age in some time, over those of the long run.

    Parameters
    ----------
    law : FailureLaw or None
        None is exponential; of a law without a survival function the long run is taken.
    age : Age
        At the beginning.
    time_s : float
        Above zero [s].

    Examples
    --------
    >>> from simulator.reliability.laws import Weibull
    >>> law = Weibull(mean_s=154.0, shape=0.7)
    >>> [round(expected_share(law, age, 90.0), 3) for age in ("fresh", "equilibrium", 300.0)]
    [1.565, 1.0, 0.838]
    """
    if law is None or age == "equilibrium" or not isinstance(law, AgeingLaw):
        return 1.0
    since_s = 0.0 if isinstance(age, str) else age
    later = renewal_function(law, time_s)
    reached = 1.0 - law.survival(since_s + np.linspace(0.0, time_s, later.size)) / law.survival(since_s)
    again = float(np.diff(reached) @ (0.5 * (later[1:] + later[:-1]))[::-1])
    return (float(reached[-1]) + again) * law.mean_s / time_s
