"""What could move the answer, in a picture, a table and words, and how far such forecasts have been off."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from analysis.plots.amounts import days, dollars, dollars_exact, spread
from analysis.plots.style import Picture
from analysis.plots.tornado import Bar, tornado
from analysis.study.doubts import Doubts, points
from analysis.study.sensitivity import Swing
from analysis.validation.stored import OUT, stored
from simulator.catalogue.reader import entry
from simulator.scenario.experience import is_fitted
from simulator.scenario.values import Scenario

_WAYS = {
    "runs": "the speed comes from published runs of the accelerator's generation",
    "model": "the speed comes from the step-time model",
    "published": "the efficiency comes from the spread of published runs",
    "stated": "one MFU, step time or tokens/s is stated",
}  # throughput.method -> in words


def picture(found: Doubts) -> Callable[[], Picture] | None:
    """Return what draws the swings in dollars; one alone needs no picture."""
    if found.swings is None or len(found.swings.swings) < 2:
        return None
    bars = [
        Bar(name=each.input.name, low=each.low["usd"], high=each.high["usd"], low_label=each.input.low,
            high_label=each.input.high)
        for each in found.swings.swings
    ]  # fmt: skip
    return partial(tornado, "tornado", bars, found.swings.base["usd"], axis="dollars, mean", written=dollars)


def ranges(found: Doubts) -> Sequence[tuple[str, str]]:
    """Return each input with what its range does, and the reason for the range."""
    return [] if found.swings is None else [(each.input.name, _range(each)) for each in found.swings.swings]


def _range(swing: Swing) -> str:
    low, high = swing.low, swing.high
    reason = swing.input.source
    return (
        f"{swing.input.low} to {swing.input.high}: {spread(dollars(low['usd']), dollars(high['usd']))}, "
        f"{spread(days(low['wall_days']), days(high['wall_days']))}. {reason[:1].upper()}{reason[1:]}."
    )


def levers(found: Doubts) -> Sequence[Sequence[str]]:
    """Return rows of what each lever saves: dollars with their 95 % interval, and days."""
    rows = []
    for each in found.levers:
        usd, time = each.of("usd"), each.of("wall_days")
        low, high = dollars_exact(-usd.estimate.high), dollars_exact(-usd.estimate.low)
        rows.append((each.lever, dollars_exact(-usd.estimate.mean), f"{low} to {high}",
                     f"{round(-time.estimate.mean, 3) + 0.0:,.3f}"))  # fmt: skip
    return rows


def validation(scenario: Scenario) -> str:
    """Say how far forecasts of this kind were off on published runs."""
    found = stored()
    dollar = (f"Dollars of published hours at the stated price were within {_percent(found.dollars.worst_error)} of "
              f"the published dollars in all {found.dollars.runs} runs that state both.")  # fmt: skip
    source = f"Source: analysis/validation/{OUT.name}, of the scoreboard of published runs (flopcast scoreboard runs)."
    if not any(stage.scales for stage in scenario.stages):
        return f"The hours of this scenario are stated, so that no speed is predicted. {dollar} {source}"
    method = next((row.value for row in scenario.assumptions if row.path == "throughput.method"), "stated")
    kind = found.kinds.get(str(method), found.kinds["stated"])
    words = _WAYS.get(str(method), _WAYS["stated"])
    sigma = scenario.efficiency_sigma
    own = f"a spread of speed of {_percent(sigma)}" if sigma else "no spread of speed: its intervals hold luck alone"
    if method == "published" and not is_fitted(entry("accelerators", scenario.accelerator)):
        own += f"; none of those runs was on {scenario.accelerator}, whose efficiency rests on less"
    return (
        f"In this scenario {words}. On {kind.runs} published runs forecasts of this kind missed the hours by "
        f"{_percent(kind.median_error)} in the median; {_percent(kind.within_30)} were within 30 %, and the interval "
        f"of eight in ten, which there includes an error of speed, held {_percent(kind.coverage)}. "
        f"This scenario has {own}. {dollar} {source}"
    )


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def shown(found: Doubts, scenario: Scenario) -> Mapping[str, Any]:
    """Return what the template names."""
    return {"left_out": found.left_out, "ranges": ranges(found), "points": points(scenario),
            "validation": validation(scenario)}  # fmt: skip
