"""What is lost where nobody says the plan: measured step time over that of the fastest plan that fits.

A measured row states most of its plan. Here the same rows are forecast from model, accelerators and batch alone, by the
fastest plan of a search. What people ran is slower than that, for nobody tunes everything; how much slower, and how
unevenly, is what a forecast without a plan must take into account.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from analysis.validation.throughput_cases import Case
from analysis.validation.throughput_fit import Factor, middle_of_sources
from analysis.validation.throughput_spread import spread
from simulator.workload.choice import best_plan_within, usual_limits
from simulator.workload.prediction import predict
from simulator.workload.stack import Parameters


class Chosen(NamedTuple):
    """Measured over modelled step time under the search's fastest plan."""

    factor: float
    sigma: float  # log standard deviation of what remains
    rows: int
    sources: int


def chosen(
    cases: Sequence[Case], parameters: Parameters, factors: Mapping[str, Factor], unknown: Factor, *, known: bool
) -> Chosen:
    """Hold the rows that state how many accelerators ran against the fastest plan of a search.

    Parameters
    ----------
    known : bool
        Whether the forecast knows the stack, or takes the generic one.
    """
    used, left = [], []
    for case in cases:
        if case.row.count is None or case.row.halves > 1:
            continue
        stack = case.row.stack if known else None
        factor = factors[case.row.stack].factor if known else unknown.factor
        try:
            rate = _rate(case, parameters, stack, factor)
        except ValueError:  # no plan of the search fits, though the row's own does
            continue
        used.append(case.row.source)
        left.append(math.log((case.row.tokens_per_s or math.nan) / rate))
    middle = middle_of_sources(left, used)
    return Chosen(math.exp(-middle), spread([x - middle for x in left], used), len(left), len(set(used)))


def _rate(case: Case, parameters: Parameters, stack: str | None, factor: float) -> float:
    """Tokens per second and device of the fastest plan that fits."""
    row = case.row
    limits = usual_limits(
        case.fabric, accelerators=row.count or 1, seq=row.seq, global_batch=row.global_batch, stack=stack, fp8=row.fp8
    )
    plan = best_plan_within(row.arch, case.chip, case.fabric, limits, stack=stack, parameters=parameters)
    found = predict(
        row.arch, plan, case.chip, case.fabric, seq=row.seq, global_batch=row.global_batch, stack=stack,
        factor=factor, parameters=parameters,
    )  # fmt: skip
    return float(found.tokens_per_s_per_accelerator.p50)
