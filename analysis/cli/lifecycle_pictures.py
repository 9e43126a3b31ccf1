"""The two pictures of ``flopcast lifecycle``."""

from collections.abc import Sequence

from analysis.metrics.lifecycle import LifeForecast
from analysis.plots.gantt import Bar, gantt
from analysis.plots.stage_dollars import StageDollars, stage_dollars
from analysis.plots.style import Picture


def pictures(found: LifeForecast) -> Sequence[Picture]:
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
