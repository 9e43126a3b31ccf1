"""Fit the step-time model: global parameters on one split, a factor for each stack, and what is left over.

The method: Nelder-Mead on nine bounded parameters, minimising the mean absolute log residual of step time after the
median of each stack, with a weak prior around physical values. A stack with rows in the fitted split takes its factor
from those alone; another takes it from its other rows, each source weighed by the root of its rows, shrunk towards the
middle of all stacks.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.validation.throughput_cases import Case, forecast
from simulator.workload.stack import Parameters

DEV: Final = "dev"


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
KNOWN_SIGMA: Final = 0.11  # log residual of a known stack, before its own residuals are seen
UNSEEN_SIGMA: Final = 0.16  # of a stack that is not known
PRIOR_SOURCES: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """What calibration says of one stack."""

    factor: float  # measured over modelled step time
    sigma: float  # log standard deviation of what remains
    rows: int
    sources: int
    basis: str  # which split it rests on
    generations: tuple[str, ...]  # accelerators it was seen on


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
    """Factor of each stack, and of a stack that is not known; those that `leave_out` tells do not count."""
    used = [(case, float(x)) for case, x in zip(cases, left, strict=True) if leave_out is None or not leave_out(case)]
    medians = [median(values) for values in _group([x for _, x in used], [c.row.stack for c, _ in used]).values()]
    centre = median(medians) if medians else 0.0
    found = {}
    for key in {case.row.stack for case, _ in used}:
        own = [(case, x) for case, x in used if case.row.stack == key]
        seen = [(case, x) for case, x in own if case.row.split == DEV]
        found[key] = _factor(seen or own, centre, basis=DEV if seen else "not dev")
    unknown = Factor(factor=math.exp(-centre), sigma=UNSEEN_SIGMA, rows=len(used), sources=len(medians),
                     basis="all stacks", generations=())  # fmt: skip
    return dict(sorted(found.items())), unknown


def _factor(own: Sequence[tuple[Case, float]], centre: float, *, basis: str) -> Factor:
    by_source = _group([x for _, x in own], [case.row.source for case, _ in own])
    n = len(by_source)
    middle = median([x for _, x in own])
    if (
        basis != DEV
    ):  # a source weighs as the root of its rows, for they share its errors; all stacks together as one row
        weights = {source: math.sqrt(len(values)) for source, values in by_source.items()}
        votes = sum(weights[source] * median(values) for source, values in by_source.items())
        middle = (votes + centre) / (sum(weights.values()) + 1.0)
    spread = sum(float(np.mean((np.array(v) - middle) ** 2)) for v in by_source.values())
    sigma = math.sqrt((spread + PRIOR_SOURCES * KNOWN_SIGMA**2) / (n + PRIOR_SOURCES))
    seen = sorted({str(case.row.accelerator.values.get("generation")) for case, _ in own})
    return Factor(factor=math.exp(-middle), sigma=sigma, rows=len(own), sources=n, basis=basis,
                  generations=tuple(seen))  # fmt: skip


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
