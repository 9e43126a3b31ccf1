"""How the answer moves with what is not known: one input at a time, all together, and what knowing would be worth.

- *Tornado*: each input at its low and its high end, the others as the scenario has them.
- *Morris*: mean absolute elementary effects over random walks; finds inputs that act through others.
- *Sobol*: the share of the answer's variance that an input explains alone (first order) and with others (total).
- *Perfect information*: how much cheaper the best decision gets on average if an input were known before deciding.

All points are run on the same replicas, so that the luck of single runs does not hide the inputs.

Sources: M. D. Morris, Technometrics 33 (1991) 161; I. M. Sobol, Mathematics and Computers in Simulation 55 (2001) 271,
with the estimators of A. Saltelli et al., Computer Physics Communications 181 (2010) 259 as scipy has them; M. Strong,
J. E. Oakley, A. Brennan, Medical Decision Making 34 (2014) 311 for the regression behind partial information.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from analysis.study.evaluate import QUANTITIES, bare, sampled
from analysis.study.executor import Failure, Site, completed
from analysis.study.goal import Figure
from analysis.study.uncertain import Input, Model, Point
from simulator.engine.run import silent
from simulator.foundation.streams import generator

FloatArray = NDArray[np.float64]
Progress = Callable[[int], None]

BOOTSTRAPS = 200  # for the errors of Sobol's indices
_Z_95 = 1.959964
NEIGHBOURS = 8  # a point is judged by this part of the points, those nearest in one input
DEGREE, POINTS_A_TERM = 3, 4  # of the polynomial in one input, and the fewest points for each of its terms


class MissingExtraError(OSError):
    """A package that an extra brings is not installed."""


class NoResultError(OSError):
    """A point that has no result, such as a run that never ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swing:
    """What one input does alone; all by quantity, the figure's unit."""

    input: Input
    low: dict[str, float]
    high: dict[str, float]

    def of(self, quantity: str) -> float:
        """Return how far a quantity moves from the input's low to its high end."""
        return self.high[quantity] - self.low[quantity]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tornado:
    """The answer at the scenario's own values, and every input's swing, widest in dollars first."""

    base: dict[str, float]
    swings: Sequence[Swing]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One input among all.

    Parameters
    ----------
    input : Input
        Which.
    first, total : float
        Shares of the variance that it explains alone, and with others.
    first_error, total_error : float
        Half-widths of their 95 % bootstrap intervals.
    """

    input: Input
    first: float
    total: float
    first_error: float
    total_error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Walks:
    """One input by Morris: mean, mean absolute value and spread of its elementary effects, in the figure's unit."""

    input: Input
    mean: float
    mean_absolute: float
    spread: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Information:
    """What it would be worth to know an input before deciding.

    Parameters
    ----------
    decisions : sequence of str
        What can be decided.
    expected : sequence of float
        Mean cost of each decision as things are [USD].
    best : int
        The decision with the least mean cost.
    chosen : sequence of float
        Share of the points at which each decision is the cheapest.
    perfect : float
        Expected saving if everything were known [USD].
    partial : sequence of (Input, float)
        Expected saving if this input alone were known [USD], largest first; none is above `perfect`.
    """

    decisions: Sequence[str]
    expected: Sequence[float]
    best: int
    chosen: Sequence[float]
    perfect: float
    partial: Sequence[tuple[Input, float]]


class Runner:
    """Runs points at a place of work, and returns figures.

    Parameters
    ----------
    place : Site
        Where.
    replicas : int
        Of each point.
    progress : callable, optional
        Called with the number of points done since the last call.
    """

    def __init__(self, place: Site, replicas: int, progress: Progress = silent) -> None:
        self.place, self.replicas, self.progress = place, replicas, progress

    def figures(self, points: Sequence[Point], wanted: Sequence[Figure]) -> FloatArray:
        """Return the wanted figures of every point, shape (points, figures).

        Raises
        ------
        NoResultError
            If a point has none.
        """
        tasks = [
            (point._replace(scenario=bare(replace(point.scenario, replicas=self.replicas))), tuple(wanted))
            for point in points
        ]
        found = np.empty((len(points), len(wanted)))
        for settled in completed(_figures, tasks, self.place):
            for number, row in settled:
                if isinstance(row, Failure):
                    raise NoResultError(f"a point has no result: {row.message}")
                found[number] = row
            self.progress(len(settled))
        return found


def _figures(task: tuple[Point, Sequence[Figure]]) -> Sequence[float]:
    point, wanted = task
    outcome, _ = sampled(point.scenario)
    return [figure.of(outcome) for figure in wanted]


def tornado(model: Model, runner: Runner) -> Tornado:
    """Move one input at a time to each of its ends."""
    means = [Figure(quantity=quantity) for quantity in QUANTITIES]
    points = [model.at({})]
    for number in range(len(model.inputs)):
        points += [model.at({number: 0.0}), model.at({number: 1.0})]
    rows = [dict(zip(QUANTITIES, row, strict=True)) for row in runner.figures(points, means).tolist()]
    swings = [
        Swing(input=each, low=rows[1 + 2 * number], high=rows[2 + 2 * number])
        for number, each in enumerate(model.inputs)
    ]
    swings.sort(key=lambda swing: (-abs(swing.of("usd")), -abs(swing.of("wall_days")), swing.input.name))
    return Tornado(base=rows[0], swings=swings)


def answer(model: Model, runner: Runner, figure: Figure) -> Callable[[FloatArray], FloatArray]:
    """Return the figure as a function of shares, of shape (inputs, points) to (points,)."""

    def of(shares: FloatArray) -> FloatArray:
        points = [model.at(dict(enumerate(column))) for column in shares.T.tolist()]
        return runner.figures(points, [figure])[:, 0]

    return of


def sobol(
    inputs: Sequence[Input], function: Callable[[FloatArray], FloatArray], samples: int, seed: int
) -> Sequence[Effect]:
    """Return Sobol's indices of a function of evenly spread shares.

    Parameters
    ----------
    inputs : sequence of Input
        One a row of the function's argument.
    function : callable
        From shares of shape (inputs, points) to values of shape (points,).
    samples : int
        A power of two; the function is asked at samples x (inputs + 2) points.
    seed : int
        Of the scrambling and of the bootstrap.

    Raises
    ------
    ValueError
        If `samples` is no power of two.
    """
    stream = generator(seed, "sensitivity", "sobol")
    values = _crossed(len(inputs), samples, function, stream)
    first, total = _indices(values)
    again = [_indices(values[:, stream.integers(samples, size=samples)]) for _ in range(BOOTSTRAPS)]
    errors = _Z_95 * np.std(again, axis=0)
    effects = [
        Effect(
            input=each,
            first=float(first[number]),
            total=float(total[number]),
            first_error=float(errors[0, number]),
            total_error=float(errors[1, number]),
        )
        for number, each in enumerate(inputs)
    ]
    return sorted(effects, key=lambda effect: -effect.total)


def _crossed(
    width: int, samples: int, function: Callable[[FloatArray], FloatArray], stream: Generator
) -> FloatArray:  # fmt: skip
    """Return the function at points A, at points B, and at A with one row from B each; shape (width + 2, samples)."""
    from scipy.stats import qmc

    shares = qmc.Sobol(2 * width, scramble=True, rng=stream).random(samples).T
    a, b = shares[:width], shares[width:]
    crossed = [np.where(np.arange(width)[:, None] == number, b, a) for number in range(width)]
    return function(np.hstack([a, b, *crossed])).reshape(width + 2, samples)


def _indices(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return first-order and total indices of crossed samples."""
    from scipy.stats import sobol_indices

    crossed: Any = {"f_A": values[:1], "f_B": values[1:2], "f_AB": values[2:, None, :]}
    found: Any = sobol_indices(func=crossed, n=values.shape[1])
    return np.atleast_1d(found.first_order), np.atleast_1d(found.total_order)


def morris(
    inputs: Sequence[Input], function: Callable[[FloatArray], FloatArray], walks: int, seed: int
) -> Sequence[Walks]:
    """Return Morris' elementary effects of a function of shares, the strongest first.

    Parameters
    ----------
    inputs, function
        As for `sobol`.
    walks : int
        Random walks; the function is asked at walks x (inputs + 1) points.
    seed : int
        Of the walks.

    Raises
    ------
    MissingExtraError
        Without SALib.
    """
    try:
        from SALib.analyze import morris as analysis
        from SALib.sample import morris as sampling
    except ImportError:
        raise MissingExtraError("Morris needs SALib: pip install 'flopcast[stats]'") from None
    number = int(generator(seed, "sensitivity", "morris").integers(2**31))
    problem = {"num_vars": len(inputs), "names": [each.name for each in inputs], "bounds": [[0.0, 1.0]] * len(inputs)}
    shares = sampling.sample(problem, walks, num_levels=4, seed=number)
    found = analysis.analyze(problem, shares, function(shares.T), num_levels=4, seed=number)
    rows = [
        Walks(
            input=each,
            mean=float(found["mu"][row]),
            mean_absolute=float(found["mu_star"][row]),
            spread=float(found["sigma"][row]),
        )
        for row, each in enumerate(inputs)
    ]
    return sorted(rows, key=lambda walk: -walk.mean_absolute)


def information(
    decisions: Sequence[str], inputs: Sequence[Input], shares: FloatArray, costs: FloatArray
) -> Information:
    """Return what knowing the inputs before deciding is worth.

    Parameters
    ----------
    decisions : sequence of str
        What can be decided.
    inputs : sequence of Input
        What is not known.
    shares : array of shape (points, inputs)
        Where the costs were computed.
    costs : array of shape (points, decisions)
        [USD]

    Examples
    --------
    Build for 6, or rent for anything between 0 and 10: knowing the rent saves 0.8 on average (0.4 x 4 / 2).

    >>> share = np.linspace(0.0, 1.0, 1001)[:, None]
    >>> found = information(["build", "rent"], [], share, np.hstack([np.full_like(share, 6.0), 10.0 * share]))
    >>> found.best, round(found.perfect, 2)
    (1, 0.8)
    """
    expected = costs.mean(axis=0)
    best = int(expected.argmin())
    cheapest = costs.argmin(axis=1)
    saved = costs[:, best, None] - costs  # differences keep what the decisions have in common out of it
    perfect = float(saved.max(axis=1).mean())
    effects = _main_effects(shares, saved)
    alone = saved - effects.sum(axis=0) + effects  # of shape (inputs, points, decisions)
    partial = [(each, min(_known(shares[:, number], alone[number]), perfect)) for number, each in enumerate(inputs)]
    return Information(
        decisions=decisions,
        expected=expected.tolist(),
        best=best,
        chosen=[float((cheapest == number).mean()) for number in range(len(decisions))],
        perfect=perfect,
        partial=sorted(partial, key=lambda item: -item[1]),
    )


def _main_effects(shares: FloatArray, saved: FloatArray) -> FloatArray:
    """Return what each input does to the savings by itself, of mean zero, shape (inputs, points, decisions).

    Least squares of all inputs together, a polynomial in each: Legendre's have mean zero over even shares, so that
    taking other inputs' effects from the savings leaves the expected saving by one of them as it is, however badly the
    polynomials fit, and takes most of the noise. With too few points for the terms nothing is taken.
    """
    points, width = shares.shape
    degree = min(DEGREE, points // POINTS_A_TERM // width)
    if degree == 0:
        return np.zeros((width, *saved.shape))
    terms = np.polynomial.legendre.legvander(2.0 * shares - 1.0, degree)[:, :, 1:]  # of shape (points, inputs, degree)
    whole = np.hstack([np.ones((points, 1)), terms.reshape(points, -1)])
    fitted = np.linalg.lstsq(whole, saved, rcond=None)[0][1:].reshape(width, degree, -1)
    effects: FloatArray = np.einsum("pit,itd->ipd", terms, fitted)
    return effects


def _known(share: FloatArray, saved: FloatArray) -> float:
    """Return the expected saving if one input were known, from the savings of shape (points, decisions).

    The decision at a point is the one that saves most on the mean of its neighbours in that input, the point itself
    left out; what it saves is what it saves at the point. A decision from few neighbours is not always the best one, so
    that what is worth little is told somewhat too low (`tests/theory/test_sensitivity.py` says by how much).
    """
    at, reach = np.arange(len(share)), max(len(share) // NEIGHBOURS // 2, 1)
    order = np.argsort(share, kind="stable")
    saved, known = saved[order], share[order]
    first = np.searchsorted(known, known[np.maximum(at - reach, 0)], side="left")  # equal shares go together
    last = np.searchsorted(known, known[np.minimum(at + reach, len(share) - 1)], side="right")
    sums = np.vstack([np.zeros(saved.shape[1]), np.cumsum(saved, axis=0)])
    around = sums[last] - sums[first] - saved
    return max(float(saved[at, around.argmax(axis=1)].mean()), 0.0)
