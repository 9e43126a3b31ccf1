"""The scoreboard of step time: how far the model is from measured rows, beside a constant MFU."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

import numpy as np

from analysis.validation.throughput_cases import Case, Forecast, case_of, forecast
from analysis.validation.throughput_fit import factors, log_ratios
from analysis.validation.throughput_rows import load
from simulator.catalogue.reader import read
from simulator.workload.architecture import training_flops
from simulator.workload.memory import memory
from simulator.workload.prediction import DECILE, doubted, stack_factor
from simulator.workload.stack import Parameters
from simulator.workload.stacks import calibrated, fine_experts, traits_of

RANGE_SHARE: Final = 0.25  # of the log range over inferred plans that is added to the slow side
MOST_RANGE: Final = 0.5
FAMOUS: Final = (  # tables that another tool was held against: name, word of the source, its mean absolute error
    ("Megatron Table 1, arXiv 2104.04473", "cases_april2021", 0.104),
    ("arXiv 2205.05198 Table 5", "2205.05198", 0.0365),
    ("Megatron Core on H100", "model_table", 0.175),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One row of truth beside its forecast; times of one step [s]."""

    id: str
    source: str
    family: str  # stack and accelerator
    stack: str
    known: bool  # whether the stack's factor was fitted on the dev split
    split: str
    measured_s: float
    p10_s: float
    p50_s: float
    p90_s: float
    slowest_s: float  # over the plans that the row leaves open
    unseen_s: float  # with every row of this source left out
    unseen_sigma: float  # log standard deviation that the other sources give
    strange_s: float  # with every row of this stack left out
    constant_s: float  # constant MFU, of the other sources on this accelerator
    plan: str
    inferred: tuple[str, ...]
    fits: bool
    memory_error: float | None  # relative, where memory was measured

    @property
    def error(self) -> float:
        """Relative error of the median."""
        return self.p50_s / self.measured_s - 1.0

    @property
    def unseen_error(self) -> float:
        """Relative error with the source left out."""
        return self.unseen_s / self.measured_s - 1.0

    @property
    def strange_error(self) -> float:
        """Relative error with the whole stack left out."""
        return self.strange_s / self.measured_s - 1.0

    @property
    def unseen_covered(self) -> bool:
        """Whether the measured time is within the interval that the other sources give."""
        return abs(math.log(self.unseen_s / self.measured_s)) <= DECILE * self.unseen_sigma

    @property
    def constant_error(self) -> float:
        """Relative error of a constant MFU."""
        return self.constant_s / self.measured_s - 1.0

    @property
    def covered(self) -> bool:
        """Whether the measured time is within the tenth and ninetieth percentile."""
        return self.p10_s <= self.measured_s <= self.p90_s


class Unseen(NamedTuple):
    """A forecast by what other rows say: tokens per second and device, and the spread of its logarithm."""

    tokens_per_s: float
    sigma: float


class Summary(NamedTuple):
    """Mean absolute errors over some rows."""

    name: str
    rows: int
    error: float
    p90: float
    unseen: float
    strange: float
    constant: float
    covered: float
    unseen_covered: float


def score(path: Path) -> tuple[list[Score], list[tuple[str, str]]]:
    """Score every usable row of a table; also return ids and reasons of the others."""
    rows, refused = load(path)
    refused += [(row.id, "no step time (with count and batch), tokens/s, FLOP/s or MFU")
                for row in rows if row.tokens_per_s is None]  # fmt: skip
    cases = []
    for row in rows:
        try:
            cases += [case_of(row)] if row.tokens_per_s is not None else []
        except ValueError as problem:
            refused.append((row.id, str(problem)))
    parameters = calibrated()
    others = zip(
        _unseen(cases, parameters, lambda case: case.row.source),
        _unseen(cases, parameters, lambda case: case.row.stack),
        _constant(cases),
        strict=True,
    )
    return [_score(case, parameters, *rates) for case, rates in zip(cases, others, strict=True)], refused


def summarise(scores: Sequence[Score]) -> list[Summary]:
    """Errors by family, by split and over all."""
    groups: dict[str, list[Score]] = defaultdict(list)
    for one in scores:
        groups[one.family].append(one)
    named = [(name, groups[name]) for name in sorted(groups)]
    named += [(f"split {split}", [s for s in scores if s.split == split]) for split in _unique(s.split for s in scores)]
    named += [
        ("val, stack known from dev", [s for s in scores if s.split == "val" and s.known]),
        ("val, other stacks", [s for s in scores if s.split == "val" and not s.known]),
        ("all", list(scores)),
    ]
    return [_summary(name, members) for name, members in named if members]


def errors_of(scores: Sequence[Score], word: str) -> list[float]:
    """Absolute errors of the rows whose source contains a word."""
    return [abs(one.error) for one in scores if word in one.source]


def memory_errors(scores: Sequence[Score]) -> list[float]:
    """Absolute errors of peak memory, of the rows that state it."""
    return [abs(one.memory_error) for one in scores if one.memory_error is not None]


def _summary(name: str, members: Sequence[Score]) -> Summary:
    def mean(of: Callable[[Score], float]) -> float:
        return float(np.mean([of(one) for one in members]))

    errors = [abs(one.error) for one in members]
    return Summary(
        name,
        len(members),
        mean(lambda one: abs(one.error)),
        float(np.quantile(errors, 0.9)),
        mean(lambda one: abs(one.unseen_error)),
        mean(lambda one: abs(one.strange_error)),
        mean(lambda one: abs(one.constant_error)),
        mean(lambda one: one.covered),
        mean(lambda one: one.unseen_covered),
    )


def _score(case: Case, parameters: Parameters, unseen: Unseen, strange: Unseen, constant: float) -> Score:
    row = case.row
    factor, sigma = stack_factor(row.stack, str(row.accelerator.values.get("generation")), row.arch)
    found = forecast(case, parameters, {row.stack: factor})
    plan = case.plans.at(found.chosen)
    slow = min(RANGE_SHARE * math.log(found.tokens_per_s / found.low), MOST_RANGE)
    p50 = _seconds(case, found.tokens_per_s)
    return Score(
        id=row.id,
        source=row.source,
        family=f"{row.stack} / {row.accelerator.key}" + (" fp8" if row.fp8 else ""),
        stack=row.stack,
        known=_fitted_on_dev(row.stack),
        split=row.split,
        measured_s=_seconds(case, row.tokens_per_s or math.nan),
        p10_s=p50 * math.exp(-DECILE * sigma),
        p50_s=p50,
        p90_s=p50 * math.exp(math.hypot(DECILE * sigma, slow)),
        slowest_s=_seconds(case, found.low),
        unseen_s=_seconds(case, unseen.tokens_per_s),
        unseen_sigma=unseen.sigma,
        strange_s=_seconds(case, strange.tokens_per_s),
        constant_s=_seconds(case, constant),
        plan=plan.text(),
        inferred=row.inferred,
        fits=bool(case.fits.any()),
        memory_error=_memory_error(case, found),
    )


def _seconds(case: Case, tokens_per_s: float) -> float:
    """Time of a step at a rate per device; where the count is left out, on the devices of the plan that was taken."""
    devices = float(np.ravel(np.asarray(case.plans.accelerators, dtype=float))[0])
    return case.row.global_batch * case.row.seq / (tokens_per_s * devices)


def _memory_error(case: Case, found: Forecast) -> float | None:
    if case.row.memory_bytes is None:
        return None
    row, plan = case.row, case.plans.at(found.chosen)
    held = memory(case.shape, plan, traits_of(row.stack, {}), seq=row.seq, global_batch=row.global_batch)
    return float(held.allocated_bytes) / case.row.memory_bytes - 1.0


def _unseen(cases: Sequence[Case], parameters: Parameters, of: Callable[[Case], str]) -> list[Unseen]:
    """What is forecast of each case when all that share `of` with it, a source or a stack, are left out.

    They are left out of the factors, and of the fit where its rows are among them.
    """
    refits = _refits()
    forecasts = [Unseen(math.nan, math.nan)] * len(cases)
    usual = log_ratios(cases, parameters)
    for name in _unique(of(case) for case in cases):
        gone = [case for case in cases if of(case) == name]
        fitted = next((refits[case.row.source] for case in gone if case.row.source in refits), parameters)
        left = usual if fitted is parameters else log_ratios(cases, fitted)
        found, unknown = factors(cases, list(left), leave_out=partial(_is, of, name))
        for i, case in enumerate(cases):
            if of(case) == name:
                stack = found.get(case.row.stack, unknown)
                rate = forecast(case, fitted, {case.row.stack: stack.factor}).tokens_per_s
                sigma = stack.sigma_on(str(case.row.accelerator.values.get("generation")))
                forecasts[i] = Unseen(rate, doubted(sigma, case.row.arch, measured=fine_experts(case.row.stack)))
    return forecasts


def _is(of: Callable[[Case], str], name: str, case: Case) -> bool:
    return of(case) == name


def _refits() -> Mapping[str, Parameters]:
    """Global parameters fitted without one source, by that source."""
    left = [e for key, e in read("throughput_parameters").items() if key.startswith("without")]
    return {str(e.values["left_out"]): Parameters(**{n: e.number(n) for n in Parameters._fields}) for e in left}


def _constant(cases: Sequence[Case]) -> list[float]:
    """Tokens per second at the median MFU of the other sources on the same accelerator, else of all others."""
    flops = [training_flops(case.row.arch, seq=case.row.seq).model_flop for case in cases]
    mfu = [
        (case.row.tokens_per_s or math.nan) * flop / float(case.chip.peak_bf16_flop_per_s)
        for case, flop in zip(cases, flops, strict=True)
    ]
    rates = []
    for case, flop in zip(cases, flops, strict=True):
        others = [(c, m) for c, m in zip(cases, mfu, strict=True) if c.row.source != case.row.source]
        same = [m for c, m in others if c.row.accelerator.key == case.row.accelerator.key and c.row.fp8 == case.row.fp8]
        level = median(same or [m for _, m in others] or [0.4])
        rates.append(level * float(case.chip.peak_bf16_flop_per_s) / flop)
    return rates


def _fitted_on_dev(stack: str) -> bool:
    found = read("throughput_parameters")["parameters"].parts.get(stack)
    return found is not None and found.values.get("basis") == "dev"


def _unique(items: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(items))
