"""The pictures of a report, with their captions; each is drawn where it is needed, which may be in another process."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import NamedTuple

from analysis.metrics.dollars import WHOLE_RUN
from analysis.metrics.forecast import DAY_S, Forecast
from analysis.plots.amounts import days, dollars, is_single
from analysis.plots.cashflow import cash_flow
from analysis.plots.distribution import Mark, distribution
from analysis.plots.ettr import ettr
from analysis.plots.interval import interval_curve
from analysis.plots.names import phase_name
from analysis.plots.pareto import pareto
from analysis.plots.style import Picture
from analysis.plots.survival import survival
from analysis.plots.timeline import timeline
from analysis.plots.waterfall import waterfall
from analysis.report import doubts, flows
from analysis.report.findings import Findings
from analysis.report.lives import lives, story, track
from analysis.report.replay import Replay
from analysis.report.words import stages
from simulator.foundation.forks import dealt


@dataclass(frozen=True, kw_only=True)
class Exhibit:
    """A picture in its place: which section of the report, what stands below it, and how it is drawn."""

    section: str
    caption: str
    draw: Callable[[], Picture]

    @cached_property
    def picture(self) -> Picture:
        """The picture, drawn in this process."""
        return self.draw()


class Written(NamedTuple):
    """An exhibit as a page holds it."""

    section: str
    caption: str
    svg: str


def written(shown: Sequence[Exhibit]) -> Sequence[Written]:
    """Draw exhibits and write them as text, on all cores."""
    return dealt(_written, shown)


def _written(exhibit: Exhibit) -> Written:
    return Written(exhibit.section, exhibit.caption, exhibit.picture.inline())


def exhibits(found: Findings) -> Sequence[Exhibit]:
    """Return every exhibit that the runs of this scenario have something to show for."""
    return [*_answer(found.forecast), *_losses(found), *_money(found), *_runs(found)]


def doubtful(found: Findings) -> Sequence[Exhibit]:
    """Return what shows which input could move the answer, for which `found` may have to wait."""
    draw = doubts.picture(found.doubts)
    if draw is None:
        return []
    caption = "Mean dollars with one input at a time at the ends of its range, the others as the scenario has them."
    return [Exhibit(section="doubts", caption=caption, draw=draw)]


def _answer(forecast: Forecast) -> Sequence[Exhibit]:
    made = []
    if not is_single(forecast.samples.wall_days.tolist()):
        draw = partial(
            distribution, "days", forecast.samples.wall_days,
            quantity="days from start to end", written=days, mark=_mark(forecast),
        )  # fmt: skip
        made.append(Exhibit(section="answer", caption=f"Days, over {forecast.replicas:,} runs.", draw=draw))
    if not is_single(forecast.samples.usd.tolist()):
        draw = partial(distribution, "dollars", forecast.samples.usd, quantity="dollars", written=dollars)
        made.append(Exhibit(section="answer", caption=f"Dollars, over {forecast.replicas:,} runs.", draw=draw))
    return made


def _mark(forecast: Forecast) -> Mark | None:
    """Return the published length, to hold the days against."""
    known = forecast.scenario.published
    if known is None or known.wall_s is None:
        return None
    kind = f" ({known.wall_kind})" if known.wall_kind in ("net", "gross") else ""
    return Mark(value=known.wall_s / DAY_S, label=f"published: {days(known.wall_s / DAY_S)}{kind}")


def _losses(found: Findings) -> Sequence[Exhibit]:
    steps, losses = flows.steps(found.forecast), flows.losses(found.forecast)
    if not losses:
        return []
    made = [
        Exhibit(
            section="ledger",
            caption="From productive training to the bill: accelerator-hours and dollars, means of all runs.",
            draw=partial(waterfall, "waterfall", steps),
        ),
        Exhibit(
            section="ledger",
            caption="Losses by phase and cause, largest first; beside each its dollars and the running share.",
            draw=partial(pareto, "losses", losses),
        ),
    ]
    curve = flows.interval_curve(found.scenario)
    if curve is not None:
        caption = (
            f"How often to save in stage {curve.stage}: expected time lost to saves and stops, by closed form; spares "
            "always at hand."
        )
        made.append(Exhibit(section="ledger", caption=caption, draw=partial(interval_curve, "interval", curve)))
    return made


def _runs(found: Findings) -> Sequence[Exhibit]:
    """Show the typical and the bad run on one axis of time."""
    scenario = found.scenario
    shown: list[tuple[str, str, Replay]] = [("typical", "A typical run", found.typical)]
    if found.bad is not None:
        shown.append(("bad", "A bad run (p90)", found.bad))
    stories = [story(scenario, run, title) for _, title, run in shown]
    until, most_h = max(told.stages[-1].end for told in stories), max(told.lost_h for told in stories)
    lines = [
        Exhibit(
            section="runs",
            caption=f"{told.title}: replica {run.header.replica}, {days(told.days)}, {_stops(len(told.stops))}. "
            f"{stages(scenario, run.header.stage_s)}".strip(),
            draw=partial(timeline, name, told, until=until, most_lost_h=most_h),
        )
        for (name, _, run), told in zip(shown, stories, strict=True)
    ]
    return [*lines, *_attempts([(title, run) for _, title, run in shown])]


def _stops(number: int) -> str:
    return f"{number:,} stop{'s' if number != 1 else ''}"


def _attempts(shown: Sequence[tuple[str, Replay]]) -> Sequence[Exhibit]:
    """Show how effective the runs were so far, and how long their attempts lived, where stops are many."""
    found = lives([run for _, run in shown])
    if found is None:
        return []
    return [
        Exhibit(
            section="runs",
            caption="Productive time over the time so far, in both runs." if len(shown) > 1
            else "Productive time over the time so far.",
            draw=partial(ettr, "ettr", [track(title, run) for title, run in shown]),
        ),
        Exhibit(
            section="runs",
            caption=f"How long {len(found.hours):,} attempts worked before a stop, beside a constant rate.",
            draw=partial(survival, "survival", found),
        ),
    ]  # fmt: skip


def _money(found: Findings) -> Sequence[Exhibit]:
    months = flows.cash_flow(found.forecast, found.ensemble)
    caption = "Dollars by calendar month: mean, and where eight runs in ten lie."
    beside = dict.fromkeys(phase_name(row.phase) for row in found.forecast.ledger if row.stage == WHOLE_RUN and row.usd)
    if beside:
        caption += f" Owed beside the use of machines: {', '.join(beside)}. A reservation is paid to its end."
    return [Exhibit(section="money", caption=caption, draw=partial(cash_flow, "cash", months))]
