"""Fit the step-time model: global parameters on one split, a factor for each stack, and what is left over.

The method: Nelder-Mead on nine bounded parameters, minimising the mean absolute log residual of step time after the
median of each stack, with a weak prior around physical values. A stack with rows in the fitted split takes its factor
from those alone; another takes it from its other rows, each source weighed by the root of its rows, shrunk towards the
middle of all stacks. Its spread comes from all its rows, each held against the factor that the other publishers give:
tables of one repository share machines and people. What publishers differ by is read off the stacks that have several.
"""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.validation.throughput_cases import Case, case_of, forecast
from analysis.validation.throughput_spread import shrunk, spread
from simulator.workload.prediction import GENERIC
from simulator.workload.stack import Parameters

DEV: Final = "dev"

Residual = tuple[Case, float]  # log of measured over modelled tokens per second


class Bound(NamedTuple):
    """Range of a parameter, and its prior: centre and log standard deviation."""

    low: float
    high: float
    centre: float
    spread: float


BOUNDS: Final[Mapping[str, Bound]] = {
    "matrix_efficiency": Bound(0.6, 0.99, 0.95, 0.1),
    "product_traffic": Bound(0.05, 6.0, 1.6, 0.05),  # chosen on val among 0.8, 1.6, 2.7 and 4
    "elementwise_traffic": Bound(0.3, 5.0, 1.2, 0.7),
    "attention_scale": Bound(0.3, 1.6, 1.0, 0.3),
    "link_efficiency": Bound(0.3, 0.95, 0.7, 0.2),
    "network_efficiency": Bound(0.3, 0.95, 0.75, 0.2),
    "exposed_share": Bound(0.0, 0.6, 0.2, 0.6),
    "launch_s": Bound(5e-6, 4e-4, 1e-4, 0.7),
    "scale_loss": Bound(0.0, 0.03, 0.005, 0.7),
}
PRIOR_WEIGHT: Final = 5e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """What calibration says of one stack."""

    factor: float  # measured over modelled step time
    sigma: float  # log standard deviation of what remains, over all its accelerators
    rows: int
    sources: int
    basis: str  # which split it rests on
    generations: tuple[str, ...]  # accelerators it was seen on
    sigmas: tuple[float, ...]  # what remains on each of them

    def sigma_on(self, generation: str) -> float:
        """What remains on one generation of accelerators."""
        return dict(zip(self.generations, self.sigmas, strict=True)).get(generation, self.sigma)


def fit(cases: Sequence[Case], evaluations: int = 1500, restarts: int = 3) -> Parameters:
    """Global parameters that explain the cases best."""
    from scipy.optimize import minimize

    x: Any = _encode({name: bound.centre for name, bound in BOUNDS.items()})

    def objective(y: NDArray[np.float64], *_: Any, **__: Any) -> float:
        return loss(cases, _decode(y))

    options: Any = {"maxfev": evaluations // restarts, "xatol": 1e-3, "fatol": 1e-6}
    for _ in range(restarts):
        x = minimize(
            objective,
            x,
            method="Nelder-Mead",
            options=options,
        ).x
    return _decode(x)


def loss(cases: Sequence[Case], parameters: Parameters) -> float:
    """Mean absolute log residual after each stack's median, plus the prior."""
    left = log_ratios(cases, parameters)
    by = _group(left, [case.row.stack for case in cases])
    misfit = sum(float(np.abs(np.array(v) - median(v)).sum()) for v in by.values()) / len(left)
    prior = sum(_surprise(getattr(parameters, name), bound) for name, bound in BOUNDS.items())
    return misfit + PRIOR_WEIGHT * prior


def log_ratios(cases: Sequence[Case], parameters: Parameters) -> NDArray[np.float64]:
    """Log of measured over modelled tokens per second, before any stack factor."""
    return np.array([math.log(_rate(case) / forecast(case, parameters, {}).tokens_per_s) for case in cases])


def factors(
    cases: Sequence[Case], left: Sequence[float], *, leave_out: Callable[[Case], bool] | None = None
) -> tuple[dict[str, Factor], Factor]:
    """Factor of each stack, and of a stack that is not known; those that `leave_out` tells do not count.

    A stack that has rows of dense models is read off those: what mixtures cost beside is `expert_cost` and `[mixture]`.
    """
    kept = [(case, float(x)) for case, x in zip(cases, left, strict=True) if leave_out is None or not leave_out(case)]
    dense = {case.row.stack for case, _ in kept if case.row.arch.experts is None}
    used = [(case, x) for case, x in kept if case.row.arch.experts is None or case.row.stack not in dense]
    by_stack: dict[str, list[Residual]] = defaultdict(list)
    for case, x in used:
        by_stack[case.row.stack].append((case, x))
    medians = {key: median([x for _, x in own]) for key, own in by_stack.items()}
    centre = median(medians.values()) if medians else 0.0
    held = {key: _held_out(own, centre) for key, own in by_stack.items()}
    shared = [key for key, own in by_stack.items() if len(_publishers(own)) > 1] or list(by_stack)
    everyone = spread(
        [x for key in shared for x in held[key]], [publisher(c.row.source) for key in shared for c, _ in by_stack[key]]
    )
    found = {key: _factor(by_stack[key], held[key], centre, everyone) for key in sorted(by_stack)}
    strange = [
        x - median([m for other, m in medians.items() if other != key] or [centre])
        for key, own in by_stack.items() for _, x in own
    ]  # fmt: skip
    stacks = [key for key, own in by_stack.items() for _ in own]
    unknown = Factor(factor=math.exp(-centre), sigma=spread(strange, stacks), rows=len(used), sources=len(medians),
                     basis="all stacks", generations=(), sigmas=())  # fmt: skip
    return found, unknown


def unknown_stack(cases: Sequence[Case], parameters: Parameters) -> Factor:
    """Factor and spread where nobody says the software: every row forecast as if by the generic stack.

    Rows of a stack share its errors, so that a stack counts as the root of its rows.
    """
    blind = [case_of(replace(case.row, stack=GENERIC)) for case in cases]
    renamed = [replace(b, row=case.row) for b, case in zip(blind, cases, strict=True)]
    return factors(renamed, list(log_ratios(blind, parameters)))[1]


class Excess(NamedTuple):
    """How much more mixtures of experts scatter about their stacks than dense models do."""

    sigma: float
    rows: int
    classes: int  # a class is a stack on a generation of accelerators


def mixture_excess(cases: Sequence[Case], left: Sequence[float], by_stack: Mapping[str, Factor]) -> Excess:
    """Root of the difference of mean squares of the classes' median residuals, mixtures less dense models."""
    groups: dict[bool, dict[tuple[str, str], list[float]]] = {True: defaultdict(list), False: defaultdict(list)}
    for case, x in zip(cases, left, strict=True):
        residual = float(x) + math.log(by_stack[case.row.stack].factor)
        groups[case.row.arch.experts is not None][case.row.stack, _generation(case)].append(residual)
    mixed, dense = (math.fsum(median(own) ** 2 for own in of.values()) / max(len(of), 1) for of in groups.values())
    rows = sum(len(own) for own in groups[True].values())
    return Excess(math.sqrt(max(mixed - dense, 0.0)), rows, len(groups[True]))


def narrow_excess(
    cases: Sequence[Case], parameters: Parameters, by_stack: Mapping[str, Factor], unknown: Factor
) -> Excess:
    """How much more mixtures of narrow experts scatter about the model than their stacks do, in squares.

    Their spread counts a publisher as the root of its rows; what a stack on a generation of chips scatters comes off.
    """
    known = [by_stack.get(case.row.stack, unknown) for case in cases]
    left = log_ratios(cases, parameters)
    residuals = [float(x) + math.log(factor.factor) for x, factor in zip(left, known, strict=True)]
    usual = math.fsum(f.sigma_on(_generation(case)) ** 2 for case, f in zip(cases, known, strict=True)) / len(cases)
    publishers = [publisher(case.row.source) for case in cases]
    sigma = math.sqrt(max(spread(residuals, publishers) ** 2 - usual, 0.0))
    return Excess(sigma, len(cases), len({(case.row.stack, _generation(case)) for case in cases}))


def _held_out(own: Sequence[Residual], centre: float) -> list[float]:
    """Log residual of each row from what other publishers of its stack say, or its own where there is no other."""
    residuals = []
    for case, x in own:
        others = [(other, y) for other, y in own if publisher(other.row.source) != publisher(case.row.source)]
        residuals.append(x - _middle(others or own, centre))
    return residuals


def _factor(own: Sequence[Residual], held: Sequence[float], centre: float, everyone: float) -> Factor:
    publishers = [publisher(case.row.source) for case, _ in own]
    seen = sorted({_generation(case) for case, _ in own})
    return Factor(
        factor=math.exp(-_middle(own, centre)),
        sigma=shrunk(spread(held, publishers), len(set(publishers)), everyone),
        rows=len(own),
        sources=len({case.row.source for case, _ in own}),
        basis=DEV if any(case.row.split == DEV for case, _ in own) else "not dev",
        generations=tuple(seen),
        sigmas=tuple(_sigma_on(generation, own, held, everyone) for generation in seen),
    )


def _sigma_on(generation: str, own: Sequence[Residual], held: Sequence[float], everyone: float) -> float:
    rows = [(x, publisher(c.row.source)) for (c, _), x in zip(own, held, strict=True) if _generation(c) == generation]
    publishers = [name for _, name in rows]
    return shrunk(spread([x for x, _ in rows], publishers), len(set(publishers)), everyone)


def publisher(source: str) -> str:
    """Return who published a source: its paper, or the first word, which is a repository or an author.

    Examples
    --------
    >>> publisher("NVIDIA/dgxc-benchmarking v25.02.02:grok1/README_314b.md"), publisher("arXiv 2104.04473 Table 2")
    ('nvidia/dgxc-benchmarking', 'arxiv 2104.04473')
    """
    found = re.match(r"arxiv\W*\d{4}\.\d+|\S+", source.strip().lower())
    return found[0] if found else ""


def _publishers(own: Sequence[Residual]) -> set[str]:
    return {publisher(case.row.source) for case, _ in own}


def _middle(rows: Sequence[Residual], centre: float) -> float:
    """Log factor that some rows of one stack give.

    Rows of the fitted split decide alone. Elsewhere a source weighs as the root of its rows, for they share its errors,
    and all stacks together weigh as one row.
    """
    fitted = [x for case, x in rows if case.row.split == DEV]
    if fitted:
        return median(fitted)
    by_source = _group([x for _, x in rows], [case.row.source for case, _ in rows])
    weights = {source: math.sqrt(len(values)) for source, values in by_source.items()}
    votes = sum(weights[source] * median(values) for source, values in by_source.items())
    return (votes + centre) / (sum(weights.values()) + 1.0)


def middle_of_sources(values: Sequence[float], sources: Sequence[str]) -> float:
    """Median over sources of each source's median."""
    return median(median(own) for own in _group(values, sources).values())


def _generation(case: Case) -> str:
    return str(case.row.accelerator.values.get("generation"))


def _rate(case: Case) -> float:
    if case.row.tokens_per_s is None:
        raise ValueError(f"row {case.row.id}: no measured rate")
    return case.row.tokens_per_s


def _group(values: Sequence[float] | NDArray[np.float64], keys: Sequence[str]) -> dict[str, list[float]]:
    groups: dict[str, list[float]] = defaultdict(list)
    for key, value in zip(keys, values, strict=True):
        groups[key].append(float(value))
    return groups


def _surprise(value: float, bound: Bound) -> float:
    return (math.log(max(value, 1e-9) / bound.centre) / bound.spread) ** 2


def _decode(x: NDArray[np.float64]) -> Parameters:
    inside = 1.0 / (1.0 + np.exp(-np.clip(x, -30, 30)))
    values = {
        name: float(bound.low + (bound.high - bound.low) * y)
        for (name, bound), y in zip(BOUNDS.items(), inside, strict=True)
    }
    return Parameters(**values)


def _encode(values: Mapping[str, float]) -> NDArray[np.float64]:
    shares = [(values[name] - b.low) / (b.high - b.low) for name, b in BOUNDS.items()]
    return np.log(np.array(shares) / (1.0 - np.array(shares)))
