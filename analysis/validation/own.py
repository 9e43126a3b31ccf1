"""A stack factor from somebody's own measurements."""

import math
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from analysis.validation.throughput_cases import case_of
from analysis.validation.throughput_fit import log_ratios
from analysis.validation.throughput_rows import load
from analysis.validation.throughput_spread import shrunk, spread
from simulator.workload.prediction import stack_factor
from simulator.workload.stacks import calibrated


class OwnFactor(NamedTuple):
    """What somebody's measurements say of their stack."""

    stack: str
    factor: float
    shipped: float
    sigma: float  # log standard deviation of what remains, held to the shipped one where rows are few
    rows: int
    error_before: float
    error_after: float
    refused: list[tuple[str, str]]


def own_factor(path: Path, stack: str | None = None) -> OwnFactor:
    """Fit measured over modelled step time to a table of measurements.

    Raises
    ------
    ValueError
        If no row can be used.
    """
    rows, refused = load(path)
    usable = [row if stack is None else replace(row, stack=stack) for row in rows if row.tokens_per_s is not None]
    refused += [(row.id, "no step time, tokens/s, FLOP/s or MFU") for row in rows if row.tokens_per_s is None]
    if not usable:
        reasons = "; ".join(f"{row_id}: {reason}" for row_id, reason in refused[:3])
        raise ValueError(f"no row can be used{': ' + reasons if reasons else ''}")
    left = log_ratios([case_of(row) for row in usable], calibrated())
    middle = float(median(left))
    key = usable[0].stack
    shipped, prior = stack_factor(key)
    own = spread([float(x) - middle for x in left], [row.id for row in usable])
    return OwnFactor(
        stack=key,
        factor=math.exp(-middle),
        shipped=shipped,
        sigma=shrunk(own, len(left), prior),
        rows=len(left),
        error_before=float(np.mean(np.abs(np.exp(left) * shipped - 1))),
        error_after=float(np.mean(np.abs(np.exp(left - middle) - 1))),
        refused=refused,
    )
