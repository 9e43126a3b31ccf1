"""All boards at once: hours, dollars, step times, what became of runs that failed, and starts of jobs."""

from collections.abc import Callable, Iterator, Sequence
from statistics import fmean, median
from typing import Final, NamedTuple

from analysis.validation.beside import absent, truth
from analysis.validation.board_lines import Board, Line
from analysis.validation.outcomes import outcomes
from analysis.validation.runs import STATED, Score, Summed, dollar_errors, score, summarise
from analysis.validation.schedules import schedules
from analysis.validation.throughput import memory_errors
from analysis.validation.throughput import score as score_steps
from analysis.validation.throughput import summarise as summarise_steps

MEDIAN, MEAN = "median error", "mean error"
CONSTANT_MFU, SIX_N_D, GENERATION = "a constant MFU", "6 FLOP a parameter and token at 50 % MFU", "generation's median"
WIDTH: Final = "median of p90 / p10"


class Promise(NamedTuple):
    """What is promised of hours from little: median error, share beyond 30 %, and p90 / p10."""

    error: float | None = None
    beyond: float | None = None
    width: float | None = None


PROMISES: Final = {
    "published, the headline": Promise(0.18, 0.28, 2.0),
    "with one stated MFU or tokens/s": Promise(0.10),
}


def boards() -> list[Board]:
    """Build all boards; those whose published figures are not here say so."""
    scores = score()
    return [_hours(scores), _dollars(scores), _steps(), outcomes(), schedules()]


def _hours(scores: Sequence[Score]) -> Board:
    lines = [line for way in summarise(scores) if way.coverage is not None for line in _way(way, scores)]
    return Board(name="hours", title="Accelerator-hours of published runs, each predicted without itself", lines=lines)


def _way(way: Summed, scores: Sequence[Score]) -> Iterator[Line]:
    promise = PROMISES.get(way.name, Promise())
    fair = [one for one in scores if one.scored and one.published_hours and _hours_of(one, way.name)]

    def errors(rule: str) -> list[float]:
        return [abs(one.baselines[rule] / (one.published_hours or 1.0) - 1.0) for one in fair if rule in one.baselines]

    median_of, six = errors("generation_median"), errors("mfu_50")
    yield Line(name=way.name, count=way.runs, error=way.median_error, kind=MEDIAN, coverage=way.coverage,
               baseline=median(median_of) if median_of else None, rule=GENERATION, most=promise.error)  # fmt: skip
    yield Line(name=f"{way.name}: beyond 30 %", count=way.runs, error=1.0 - way.within_30,
               kind="share of runs off by more than 30 %", noise=1.001 / way.runs,
               baseline=sum(error > 0.3 for error in six) / len(six) if six else None, rule=SIX_N_D,
               most=promise.beyond)  # fmt: skip
    yield Line(name=f"{way.name}: width", count=way.runs, error=way.width or 1.0, kind=WIDTH, most=promise.width,
               factor=True)  # fmt: skip


def _hours_of(one: Score, way: str) -> bool:
    return one.stated is not None if way.startswith("with one") else way.split(",")[0] in one.by_method


def _dollars(scores: Sequence[Score]) -> Board:
    errors = [abs(error) for _, error in dollar_errors(scores)]
    priced = [one for one in scores if one.price_source == STATED and one.published_usd and one.price and one.hours]

    def alone(hours: Callable[[Score], float | None]) -> list[float]:
        known = [(one, value) for one in priced if (value := hours(one))]
        return [abs(value * (one.price or 0.0) / (one.published_usd or 1.0) - 1.0) for one, value in known]

    ours = alone(lambda one: None if one.hours is None else one.hours.p50)
    lines = [
        Line(name="of published hours at the stated price", count=len(errors), error=max(errors), kind="largest error",
             most=0.10),
        Line(name="of predicted hours at the stated price", count=len(ours), error=median(ours), kind=MEDIAN,
             baseline=median(alone(lambda one: one.baselines.get("generation_median"))), rule=GENERATION),
    ]  # fmt: skip
    return Board(name="dollars", title="Dollars of published runs", lines=lines)


def _steps() -> Board:
    title, table = "Step times, measured elsewhere", truth("throughput.csv")
    if not table.is_file():
        return Board(name="steps", title=title, absent=absent("the table of step times, truth/throughput.csv,"))
    scores, _ = score_steps(table)
    lines = []
    for found in summarise_steps(scores):
        if "/" in found.name:  # one stack on one accelerator: too few rows to say much
            continue
        lines += [
            Line(name=f"{found.name}, source left out", count=found.rows, error=found.unseen, kind=MEAN,
                 baseline=found.constant, rule=CONSTANT_MFU, coverage=found.unseen_covered),
            Line(name=f"{found.name}, stack left out", count=found.rows, error=found.strange, kind=MEAN,
                 baseline=found.constant, rule=CONSTANT_MFU),
        ]  # fmt: skip
    memory = memory_errors(scores)
    if memory:
        lines.append(Line(name="peak memory", count=len(memory), error=fmean(memory), kind=MEAN))
    return Board(name="steps", title=title, lines=lines)
