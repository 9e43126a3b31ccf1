"""The pictures of ``flopcast lifecycle``: of one life, and of several ways to one end."""

from collections.abc import Sequence

import numpy as np

from analysis.metrics.lifecycle import LifeForecast
from analysis.plots.demand import Crossing, Way, demand
from analysis.plots.gantt import Bar, gantt
from analysis.plots.stage_dollars import StageDollars, stage_dollars
from analysis.plots.style import Picture
from analysis.study.choice import BreakEven, curve


def of_life(found: LifeForecast) -> Sequence[Picture]:
    """Draw the calendar and the dollars by stage."""
    bars = [
        Bar(
            name=row.name,
            start_days=row.start_days.p50,
            finish_days=row.finish_days.p50,
            finish_p10=row.finish_days.p10,
            finish_p90=row.finish_days.p90,
            critical=row.critical,
        )
        for row in found.stages
        if row.start_days is not None and row.finish_days is not None
    ]
    money = [StageDollars(name=row.name, parts=row.parts, p10=row.usd.p10, p90=row.usd.p90) for row in found.stages]
    bars.sort(key=lambda bar: bar.start_days)
    return [
        gantt("calendar", bars, first=found.life.start, launch_days=found.launch_days.p50),
        stage_dollars("dollars", money),
    ]


def of_choice(found: Sequence[LifeForecast], even: Sequence[BreakEven]) -> Picture:
    """Draw what each way costs over the demand; all serve the same."""
    base = found[0].written_per_month
    assert base is not None
    edges = [1.0, *(each.demand for each in even)]
    factors = np.geomspace(min(edges) / 30, max(edges) * 30, 121).tolist()
    ways = [
        Way(name=each.life.name, tokens_per_month=[base * factor for factor in factors], usd=list(curve(each, factors)))
        for each in found
    ]
    by_name = {each.life.name: each for each in found}
    crossings = [
        Crossing(tokens_per_month=each.written_per_month, usd=curve(by_name[each.above], [each.demand])[0])
        for each in even
    ]
    return demand("demand", ways, crossings, now=base)
