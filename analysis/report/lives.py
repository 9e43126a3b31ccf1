"""What the records of a run say: its story by dates, how effective it was so far, and how long its attempts lived."""

import math
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from itertools import pairwise

import numpy as np

from analysis.plots.ettr import Track
from analysis.plots.survival import Lives
from analysis.plots.timeline import Span, Stop, Story
from analysis.report.replay import Replay
from simulator.scenario.values import Scenario

_DAY_S, _HOUR_S = 86400.0, 3600.0
_POINTS = 240
FEWEST = 8  # stops that make a curve


def story(scenario: Scenario, run: Replay, title: str) -> Story:
    """Tell a run by dates, for the timeline."""
    begin = datetime.combine(scenario.start, time())
    spans, reached_s = [], 0.0
    for name, length_s in _stretches(scenario, run):
        spans.append(
            Span(
                name=name,
                start=begin + timedelta(seconds=reached_s),
                end=begin + timedelta(seconds=reached_s + length_s),
            )
        )
        reached_s += length_s
    return Story(
        title=title,
        stages=spans,
        stops=[
            Stop(at=begin + timedelta(seconds=stop.at_s), cause=stop.cause, lost_h=stop.lost_s / 3600)
            for stop in run.stops
        ],
    )


def _stretches(scenario: Scenario, run: Replay) -> Sequence[tuple[str, float]]:
    """Return the stages one after the other, and how long each took [s]; on a spot market its waits are part of it."""
    if scenario.spot is None:
        return [(stage.name, length_s) for stage, length_s in zip(scenario.stages, run.header.stage_s, strict=True)]
    market = {away.name: stage.name for stage, away in zip(scenario.stages[::3], scenario.stages[1::3], strict=True)}
    own = sorted((record.start_s, market.get(record.subject, record.subject)) for record in run.records)
    starts = [own[0], *(later for earlier, later in pairwise(own) if earlier[1] != later[1])]
    ends = [*(start_s for start_s, _ in starts[1:]), run.header.wall_s]
    return [(name, end_s - start_s) for (start_s, name), end_s in zip(starts, ends, strict=True)]


def track(title: str, run: Replay) -> Track:
    """Return the share of a run's time so far that was productive; the first hundredth is left out, as it says little.

    Parameters
    ----------
    title : str
        What to call the run.
    run : Replay
        With all its records.
    """
    wall_s = math.fsum(run.header.stage_s)
    at_s = np.linspace(wall_s / 100, wall_s, _POINTS)
    productive = [record for record in run.records if record.phase == "productive"]
    starts_s = np.array([record.start_s for record in productive])
    lengths_s = np.array([record.duration_s for record in productive])
    before_s = np.concatenate([[0.0], np.cumsum(lengths_s)])
    begun = np.searchsorted(starts_s, at_s, side="right")
    last = np.maximum(begun - 1, 0)
    done_s = before_s[last] + np.clip(at_s - starts_s[last], 0.0, lengths_s[last])
    return Track(title=title, days=(at_s / _DAY_S).tolist(), effective=(done_s / at_s).tolist())


def lives(runs: Sequence[Replay]) -> Lives | None:
    """Return how long the attempts of some runs worked before a stop or the end; None where there were few stops."""
    hours: list[float] = []
    stopped: list[bool] = []
    for run in runs:
        found = run.stops
        works = [record.start_s for record in run.records if record.phase in ("productive", "wasted_progress")]
        ready_s = min(works, default=0.0)
        for stop in found:
            if stop.at_s > ready_s:
                hours.append((stop.at_s - ready_s) / _HOUR_S)
                stopped.append(True)
            ready_s = max(stop.until_s, ready_s)
        rest_s = math.fsum(run.header.stage_s) - ready_s
        if rest_s > 0:
            hours.append(rest_s / _HOUR_S)
            stopped.append(False)
    return Lives(hours=hours, stopped=stopped) if sum(stopped) >= FEWEST else None
