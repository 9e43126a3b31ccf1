"""What is asked of a run: one figure of its outcome, on the right side of a bound.

A figure is one of `analysis.study.evaluate.FIGURES`: a quantity and how it is summed up over replicas, such as
``wall_days_p90``. Without a summary the mean is meant, and ``days`` stands for ``wall_days``, from the run's start.
Where it waits on a shared cluster, ``finish_days`` counts from its submission and ``start_delay_days`` is the wait.
"""

import math
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.metrics.forecast import Samples
from analysis.study.compare import IN_QUEUE
from analysis.study.evaluate import QUANTITIES
from simulator.foundation.issues import Issue, ScenarioError, nearest, shorten
from simulator.foundation.units import parse

FloatArray = NDArray[np.float64]

DAY_S = 86400.0
_GOAL = re.compile(r"\s*([a-z_0-9]+)\s*(<=|>=)\s*(.+?)\s*")
_QUANTILE = re.compile(r"p([1-9][0-9]?)")
_BOUNDED = (*QUANTITIES, *IN_QUEUE)
_IN_DAYS = ("wall_days", *IN_QUEUE)
_DIMENSIONS = {**dict.fromkeys(_IN_DAYS, "time"), "usd": "usd", "goodput": "ratio"}
_SHORT = {"days": "wall_days", "dollars": "usd"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number of an outcome.

    Parameters
    ----------
    quantity : str
        One of `QUANTITIES` or `IN_QUEUE`.
    quantile : float or None
        Between 0 and 1; None is the mean.
    """

    quantity: str
    quantile: float | None = None

    @property
    def name(self) -> str:
        """As a person writes it, such as ``wall_days_p90``."""
        return f"{self.quantity}_{'mean' if self.quantile is None else f'p{round(100 * self.quantile)}'}"

    def of(self, samples: Samples) -> float:
        """Return the figure of an outcome, in the quantity's unit: days, USD, hours, ratio, stops."""
        return self.of_values(getattr(samples, self.quantity))

    def of_values(self, values: FloatArray) -> float:
        """Return the figure of a sample of shape (replicas,)."""
        return float(values.mean() if self.quantile is None else np.quantile(values, self.quantile))


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A figure and its bound.

    Parameters
    ----------
    figure : Figure
        What is bounded.
    at_most : bool
        Whether the figure has to stay below the bound, or above it.
    bound : float
        In the unit of the quantity: days, USD, accelerator-hours, ratio, stops.
    """

    figure: Figure
    at_most: bool
    bound: float

    def spare(self, value: float) -> float:
        """Return how far a value is on the right side of the bound; negative where it misses.

        Examples
        --------
        >>> goal("goodput >= 0.9").spare(0.95) > 0, goal("usd_p90 <= $4M").spare(5e6)
        (True, -1000000.0)
        """
        return self.bound - value if self.at_most else value - self.bound

    @property
    def text(self) -> str:
        """The goal as it may be written."""
        quantity = self.figure.quantity
        amount = f"${self.bound:.12g}" if quantity == "usd" else f"{self.bound:g}{' d' if quantity in _IN_DAYS else ''}"
        return f"{self.figure.name} {'<=' if self.at_most else '>='} {amount}"


def figure(text: str) -> Figure:
    """Read the name of a figure.

    Raises
    ------
    ValueError
        If there is no such quantity, or no such summary of it.

    Examples
    --------
    >>> figure("days_p90"), figure("goodput")
    (Figure(quantity='wall_days', quantile=0.9), Figure(quantity='goodput', quantile=None))
    """
    base, _, last = text.rpartition("_")
    if base and (last == "mean" or _QUANTILE.fullmatch(last)):
        quantity, quantile = base, None if last == "mean" else int(last[1:]) / 100
    else:
        quantity, quantile = text, None
    quantity = _SHORT.get(quantity, quantity)
    if quantity not in _BOUNDED:
        close = nearest(quantity, _BOUNDED)
        raise ValueError(f"{shorten(text)!r} is no figure of a run; expected {', '.join(_BOUNDED)}, alone or with "
                         f"_mean or _p1 to _p99{f'; did you mean {close}?' if close else ''}")  # fmt: skip
    return Figure(quantity=quantity, quantile=quantile)


def goal(text: str) -> Goal:
    """Read a goal such as ``goodput >= 0.9``, ``days_p90 <= 30 d`` or ``usd_p90 <= $4M``.

    Raises
    ------
    ScenarioError
        If it is none.

    Examples
    --------
    >>> goal("days_p90 <= 30 d").text
    'wall_days_p90 <= 30 d'
    """
    try:
        match = _GOAL.fullmatch(text)
        if match is None:
            raise ValueError(f"expected FIGURE <= VALUE or FIGURE >= VALUE, such as 'days_p90 <= 30 d', "
                             f"found {shorten(text)!r}")  # fmt: skip
        named = figure(match[1])
        dimension = _DIMENSIONS.get(named.quantity, "count")
        value = parse(_number(match[3]), dimension)
        if named.quantity == "goodput" and not 0 <= value <= 1:
            raise ValueError(f"goodput is a share from 0 to 1, found {shorten(match[3])}")
        bound = value / DAY_S if named.quantity in _IN_DAYS else value
    except ValueError as error:
        raise ScenarioError([Issue(file="--goal", message=str(error))]) from None
    return Goal(figure=named, at_most=match[2] == "<=", bound=bound)


def _number(text: str) -> str | float:
    """Return a bare number as one: units that need none take it, and the others say which they need."""
    try:
        value = float(text)
    except ValueError:
        return text
    return value if math.isfinite(value) else text
