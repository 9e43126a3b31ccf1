"""Published runs beside ours: hours from architecture, tokens, accelerator and count alone, and dollars from hours.

Each row becomes a scenario and goes the way of every scenario, so that a better way to an efficiency is scored as soon
as it is registered. A row that took part in the fit of `runs` is predicted without itself.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from functools import lru_cache
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

import numpy as np

from analysis.metrics.forecast import forecast
from analysis.validation.run_rows import PublishedRun, load, scorable
from analysis.validation.runs_fit import features, fit, fit_without
from simulator.engine.run import run as run_engine
from simulator.foundation.issues import ScenarioError
from simulator.pricing.book import PriceError, price_book
from simulator.scenario.api import resolve
from simulator.scenario.experience import experience, is_fitted
from simulator.scenario.merge import Loaded, Place
from simulator.scenario.values import Scenario

BEST: Final = "published"  # the headline: what a scenario takes that states no efficiency
METHODS: Final = (BEST, "model")  # those that are scored; "runs" is the first, freed of losses
Z80: Final = 1.2815515655446004  # half-width of the 80 % interval of a normal
CONSTANT: Final = {"mfu_50": 0.5, "mfu_37.5": 0.375}
STATED_SIGMA: Final = 0.2  # log spread of calendar hours around those of a stated efficiency; assumption
STATED, IMPLIED = "stated", "implied"
USUAL_COUNT: Final = 512  # accelerators where a row does not say; hours hardly depend on it


class Hours(NamedTuple):
    """Accelerator-hours in the unit of the row."""

    p10: float
    p50: float
    p90: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One run, published beside predicted; what is not known is None.

    Parameters
    ----------
    hours : Hours or None
        From architecture, tokens, accelerator and count alone, by `BEST`.
    by_method : mapping of str to Hours
        The same by every way that is registered.
    stated : Hours or None
        With the stated MFU or tokens a second.
    usd_of_hours : float or None
        What `run` makes of the published hours at the stated price, or one of the price book.
    price, price_source : float, str or None
        Of an hour of what the row counts [USD/h], and where it comes from: stated with the run, implied by its
        published dollars, or a row of the price book.
    baselines : mapping of str to float
        Accelerator-hours at constant MFU of 6 FLOP a parameter and token, and at the median of the generation's others.
    reason : str
        Why hours are not predicted or not scored.
    usd_reason : str
        What is missing to hold the published dollars against published hours at the stated price.
    """

    id: str
    generation: str
    kind: str
    published_hours: float | None
    hours: Hours | None
    by_method: Mapping[str, Hours]
    stated: Hours | None
    published_usd: float | None
    usd_of_hours: float | None
    price: float | None
    price_source: str
    baselines: Mapping[str, float]
    scored: bool
    reason: str
    usd_reason: str = ""


def score(path: Path | None = None) -> list[Score]:
    """Score a table of runs, or the catalogue's own.

    Raises
    ------
    OSError, UnicodeDecodeError, ValueError
        If the table cannot be read.
    """
    runs = load(path)
    fair = scorable(runs)
    return [_score(run, fair) for run in runs]


def _score(run: PublishedRun, fair: Sequence[PublishedRun]) -> Score:
    by_method = {} if run.reason else _by_method(run)
    price, source = _price(run)
    known = any(run is each for each in fair)
    reason = run.reason or ("" if known else "no measured hours to hold the prediction against")
    return Score(
        id=run.id,
        generation=run.generation,
        kind=run.kind,
        published_hours=run.accelerator_hours,
        hours=by_method.get(BEST),
        by_method=by_method,
        stated=None if run.reason else _stated(run),
        published_usd=run.usd,
        usd_of_hours=_usd_of_hours(run, price),
        price=price,
        price_source=source,
        baselines={} if run.reason else _baselines(run, fair),
        scored=known,
        reason=reason,
        usd_reason=_usd_reason(run),
    )


def document(run: PublishedRun, throughput: Mapping[str, Any]) -> dict[str, Any]:
    """Return the scenario of a run, as far as a row tells it: no losses, so that hours are those of stepping."""
    assert run.architecture is not None
    assert run.accelerator is not None
    shape = {each.name: value for each in fields(run.architecture)
             if (value := getattr(run.architecture, each.name)) is not None}  # fmt: skip
    accelerators = max(1, round((run.accelerators or USUAL_COUNT) * run.units))
    return _quiet(run, accelerators) | {
        "model": {"architecture": shape, "sequence": run.sequence or run.architecture.seq},
        "data": {"tokens": f"{run.tokens!r} tokens"}
        | ({"batch": f"{run.batch_tokens!r} tokens"} if run.batch_tokens else {}),
        "throughput": dict(throughput),
        "pricing": {"rate": "$1/h"},
    }


def _quiet(run: PublishedRun, accelerators: int) -> dict[str, Any]:
    assert run.accelerator is not None
    return {
        "title": run.id,
        "start": date(run.year or 2024, 7, 1),
        "cluster": {"accelerator": run.accelerator.key, "accelerators": accelerators},
        "failures": {"catalogue": "none"},
        "checkpoint": {"policy": "none"},
        "recovery": {"initialization": "0 s", "startup": "0 s"},
        "run": {"replicas": 1},
    }


def _resolved(whole: dict[str, Any]) -> Scenario | None:
    """Resolve a document that no file holds; None where it cannot be."""
    here = Place(file="scoreboard", line=None, folder=Path())
    try:
        return resolve(Loaded(name="run", document=whole, places={(): here}, sweep={}))
    except ScenarioError:
        return None


def _hours(run: PublishedRun, throughput: Mapping[str, Any]) -> Hours | None:
    """Return stepping hours of a run by one way to its efficiency."""
    found = _resolved(document(run, throughput))
    if found is None:
        return None
    [stage] = found.stages
    middle = stage.work_s * stage.accelerators / 3600.0 / run.units
    wide = math.exp(Z80 * found.efficiency_sigma)
    return Hours(middle / wide, middle, middle * wide)


def _by_method(run: PublishedRun) -> dict[str, Hours]:
    assert run.accelerator is not None
    found = {}
    for method in METHODS:
        hours = _hours(run, {"method": method})
        if hours is None:
            continue
        hours = _scaled(hours, _as_published(run, net=method != BEST))
        if method == BEST and is_fitted(run.accelerator):
            hours = _scaled(hours, _without_itself(run))
        found[method] = hours
    return found


def _as_published(run: PublishedRun, *, net: bool) -> float:
    """Return what turns predicted hours, net or of calendar time, into hours of the kind that was published."""
    assert run.accelerator is not None
    gross = experience(run.accelerator).net_over_gross
    if net:
        return 1.0 if run.kind == "net" else gross
    return 1.0 / gross if run.kind == "net" else 1.0


def _without_itself(run: PublishedRun) -> float:
    """Return what turns the hours of the shipped fit into those of a fit that did not see the run."""
    whole, ids = _whole()
    if run.id.lower() not in ids:
        return 1.0
    apart = fit_without(_fitted(), run.id)
    # the kind enters both fits, and the gain of net hours is that of the fit without the run
    return math.exp(float(features(run) @ (whole - apart)))


@lru_cache(maxsize=1)
def _fitted() -> Sequence[PublishedRun]:
    """Return the catalogue's runs that the shipped fit saw."""
    return scorable(load(None))


@lru_cache(maxsize=1)
def _whole() -> tuple[np.ndarray, frozenset[str]]:
    return fit(_fitted()).coefficients, frozenset(run.id.lower() for run in _fitted())


def _scaled(hours: Hours, factor: float) -> Hours:
    return Hours(*(value * factor for value in hours))


def _stated(run: PublishedRun) -> Hours | None:
    """Return hours with the one figure that a row states; an 80 % interval for what a run loses on top."""
    if run.tokens_per_s is not None:
        found = _hours(run, {"tokens_per_second_per_accelerator": f"{run.tokens_per_s!r} tokens/s"})
    elif run.mfu is not None:
        found = _hours(run, {"mfu": run.mfu})
    else:
        return None
    if found is None:
        return None
    wide = math.exp(Z80 * STATED_SIGMA)
    return Hours(found.p50 / wide, found.p50, found.p50 * wide)


def _baselines(run: PublishedRun, fair: Sequence[PublishedRun]) -> dict[str, float]:
    assert run.accelerator is not None
    work = _six_n_d(run) / (3600.0 * run.accelerator.number("peak_bf16_flop_per_s") * run.units)
    others = [each for each in fair if each is not run]
    alike = [each for each in others if each.generation == run.generation] or others
    found = {name: work / mfu for name, mfu in CONSTANT.items()}
    if alike:
        found["generation_median"] = work / median(_published_mfu(each) for each in alike)
    return found


def _six_n_d(run: PublishedRun) -> float:
    assert run.architecture is not None
    return 6.0 * (run.active_parameters or run.architecture.active_parameters) * (run.tokens or 0.0)


def _published_mfu(run: PublishedRun) -> float:
    assert run.accelerator is not None
    peak = run.accelerator.number("peak_bf16_flop_per_s") * run.units
    return _six_n_d(run) / ((run.accelerator_hours or 1.0) * 3600.0 * peak)


def _price(run: PublishedRun) -> tuple[float | None, str]:
    """Return the price of an hour of what the row counts: stated, implied, or of the book in the run's year."""
    if run.usd_per_accelerator_h is not None:
        return run.usd_per_accelerator_h, STATED
    if run.usd and run.accelerator_hours:
        return run.usd / run.accelerator_hours, IMPLIED
    if run.accelerator is None:
        return None, ""
    try:
        row = price_book().lookup(run.accelerator.key, date=date(run.year or 2024, 7, 1))
    except PriceError:
        return None, ""
    return row.usd_per_accelerator_h * run.units, f"book: {row.label}"


def _usd_reason(run: PublishedRun) -> str:
    """Say what a row lacks of hours, price, dollars and an accelerator of ours; nothing where it has them all."""
    parts = {"hours": run.accelerator_hours, "price": run.usd_per_accelerator_h, "dollars": run.usd,
             "accelerator of the catalogue": run.accelerator}  # fmt: skip
    missing = [name for name, value in parts.items() if not value]
    return f"no {', no '.join(missing)}" if missing else ""


def _usd_of_hours(run: PublishedRun, price: float | None) -> float | None:
    """Return what `run` makes of the published hours at a price [USD]."""
    if run.accelerator is None or not run.accelerator_hours or not price:
        return None
    count = run.accelerators or int(run.accelerator.get_number("accelerators_per_node") or 1)
    whole = _quiet(run, count) | {
        "phases": [{"name": "train", "hours": f"{run.accelerator_hours / count!r} h", "hours_kind": "gross"}],
        "pricing": {"rate": f"${price!r}/h"},
    }
    found = _resolved(whole)
    if found is None:
        return None
    replicas = range(1)
    return forecast(found, run_engine(found, replicas), replicas).usd.mean


class Summed(NamedTuple):
    """How good one way to the hours is, over the runs that it could predict."""

    name: str
    runs: int
    median_error: float
    within_30: float  # share of runs
    within_2: float
    coverage: float | None  # share of published hours inside p10 to p90
    width: float | None  # median of p90 / p10


def summarise(scores: Sequence[Score]) -> list[Summed]:
    """Return a line for each way to the hours, and for each baseline."""
    fair = [score for score in scores if score.scored]
    lines = [_summed(f"{method}{', the headline' if method == BEST else ''}",
                     [(score.by_method.get(method), score) for score in fair]) for method in METHODS]  # fmt: skip
    lines.append(_summed("with one stated MFU or tokens/s", [(score.stated, score) for score in fair]))
    lines += [
        _summed(f"baseline: {name.replace('_', ' ')}",
                [(Hours(value, value, value) if (value := score.baselines.get(name)) else None, score)
                 for score in fair], point=True)
        for name in (*CONSTANT, "generation_median")
    ]  # fmt: skip
    return [line for line in lines if line is not None]


def _summed(name: str, pairs: Sequence[tuple[Hours | None, Score]], *, point: bool = False) -> Summed | None:
    known = [(hours, score.published_hours) for hours, score in pairs if hours and score.published_hours]
    if not known:
        return None
    ratios = [hours.p50 / published for hours, published in known]
    errors = [abs(ratio - 1.0) for ratio in ratios]
    inside = [hours.p10 <= published <= hours.p90 for hours, published in known]
    return Summed(
        name=name,
        runs=len(known),
        median_error=median(errors),
        within_30=sum(error <= 0.3 for error in errors) / len(known),
        within_2=sum(0.5 <= ratio <= 2.0 for ratio in ratios) / len(known),
        coverage=None if point else sum(inside) / len(known),
        width=None if point else median(hours.p90 / hours.p10 for hours, _ in known),
    )


def dollar_errors(scores: Sequence[Score]) -> list[tuple[Score, float]]:
    """Return the relative error of `run`'s dollars for each run that states hours, a price and dollars."""
    return [
        (score, score.usd_of_hours / score.published_usd - 1.0)
        for score in scores
        if not score.usd_reason and score.usd_of_hours and score.published_usd
    ]


def plain(score: Score) -> dict[str, Any]:
    """Return a score for programs: hours at the top, dollars beside them."""
    hours, price = score.hours, score.price
    at = {name: None if hours is None else value for name, value in (hours or Hours(0.0, 0.0, 0.0))._asdict().items()}
    usd = {name: None if value is None or price is None else round(value * price, 2) for name, value in at.items()}
    return {
        "id": score.id,
        "published": score.published_hours,
        **at,
        "hours": {"published": score.published_hours, **at},
        "usd": {"published": score.published_usd, "of_published_hours": score.usd_of_hours, **usd},
        "usd_per_accelerator_h": price,
        "price_source": score.price_source,
        "with_stated_figure": None if score.stated is None else score.stated._asdict(),
        "by_method": {name: value._asdict() for name, value in score.by_method.items()},
        "baselines": dict(score.baselines),
        "hours_kind": score.kind,
        "generation": score.generation,
        "scored": score.scored,
        "reason": score.reason,
        "usd_scored": not score.usd_reason,
        "usd_reason": score.usd_reason,
    }
