"""What was fitted to a log of outages: gaps, uptimes and repairs on Weibull paper, beside the laws."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from analysis.metrics.outages import OutageStudy
from analysis.plots.amounts import share
from analysis.plots.interval import interval
from analysis.plots.style import BLUE, GREY, INK, SOFT, VERMILLION, Picture, canvas, drawn
from simulator.reliability.fitting import Choice, survival
from simulator.reliability.laws import AgeingLaw, law

_LADDER_S: Final = (1, 10, 60, 600, 3600, 6 * 3600, 86400, 7 * 86400, 30 * 86400, 365 * 86400, 3650 * 86400)
_SHARES: Final = (0.01, 0.1, 0.5, 0.9, 0.99)
_POINTS, _STEPS = 200, 200


@drawn
def failure_fit(name: str, study: OutageStudy) -> Picture:
    """Draw each kind of time on Weibull paper, on which a Weibull law is a straight line, exponential at 45 degrees."""
    panels = [
        (what, laws)
        for what, laws in (
            ("gap between failures of the fleet", study.gaps),
            ("uptime of one node", study.uptimes),
            ("repair", None if study.repairs is None else study.repairs.laws),
        )
        if laws is not None
    ]
    figure = canvas(2.6 * max(len(panels), 1))
    axes = figure.subplots(max(len(panels), 1), 1, squeeze=False)[:, 0]
    for ax, (what, laws) in zip(axes, panels, strict=False):
        _panel(ax, what, laws)
    if not panels:
        axes[0].set_axis_off()
        axes[0].text(0.5, 0.5, "too few different times to choose a law", ha="center", va="center", color=SOFT)
    return Picture(name=name, figure=figure, alt=_alt(panels))


def _panel(ax: Axes, what: str, laws: Choice) -> None:
    times, outlasting = survival(laws.observed_s, laws.censored_s)
    inside = (outlasting > 0) & (outlasting < 1)
    times, outlasting = times[inside], outlasting[inside]
    some = _thinned(-np.log(outlasting))
    ax.plot(times[some], -np.log(outlasting[some]), ".", color=INK, markersize=3.5, zorder=3,
            label=f"{laws.observed:,} times, {laws.censored:,} censored")  # fmt: skip
    low, high = float(laws.observed_s[0]), float(laws.observed_s[-1])
    grid = np.geomspace(low, high if high > low else 2 * low, _STEPS)
    best = laws.best
    others = ["exponential"] if best.law != "exponential" else ["weibull"]
    for law_name, colour, style, width in (
        (best.law, BLUE, "-", 2.0),
        *((each, VERMILLION, "--", 1.4) for each in others),
    ):
        fit = laws.of(law_name)
        made = law(law_name, mean_s=fit.mean_s, **fit.parameters)
        assert isinstance(made, AgeingLaw)
        with np.errstate(divide="ignore"):
            hazard = -np.log(np.maximum(made.survival(grid), 1e-300))
        shape = "" if law_name == "exponential" else f", shape {fit.shape:.3g}"
        ax.plot(grid, hazard, color=colour, linestyle=style, linewidth=width, label=f"{law_name}{shape}")
    _scales(ax, grid, -np.log(outlasting) if outlasting.size else np.array([0.1, 1.0]))
    ax.set_xlabel(f"{what}, logarithmic")
    ax.set_ylabel("share that ended")
    ax.legend(loc="upper left", handlelength=1.6)
    ax.grid(color=GREY, linewidth=0.4)


def _scales(ax: Axes, times: np.ndarray, hazard: np.ndarray) -> None:
    """Set the scales of Weibull paper: time, and minus the logarithm of what is left, both logarithmic."""
    ax.set_xscale("log")
    ax.set_yscale("log")
    low, high = float(times[0]), float(times[-1])
    ax.set_xlim(low / 1.2, high * 1.2)
    ax.set_ylim(max(float(hazard.min()) / 2, 1e-4), max(float(hazard.max()) * 4, 2.0))
    ax.xaxis.set_major_locator(FixedLocator([at for at in _LADDER_S if low / 1.2 <= at <= high * 1.2] or [low]))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _time(value)))
    ax.yaxis.set_major_locator(FixedLocator([-math.log1p(-each) for each in _SHARES]))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: share(-math.expm1(-value))))


def _time(value_s: float) -> str:
    """Write a rung of the ladder.

    Examples
    --------
    >>> _time(60), _time(3600), _time(86400), _time(365 * 86400)
    ('1 min', '1 h', '1 d', '1 y')
    """
    named = {60: "1 min", 600: "10 min", 3600: "1 h", 86400: "1 d", 7 * 86400: "7 d", 365 * 86400: "1 y"}
    named |= {30 * 86400: "30 d", 3650 * 86400: "10 y"}
    return named.get(round(value_s)) or interval(value_s)


def _thinned(values: np.ndarray) -> np.ndarray:
    """Return indices of points that lie apart on the logarithmic axis, the first and last included."""
    if values.size <= _POINTS:
        return np.arange(values.size)
    wanted = np.geomspace(float(values[0]), float(values[-1]), _POINTS)
    return np.unique(np.clip(np.searchsorted(values, wanted), 0, values.size - 1))


def _alt(panels: Sequence[tuple[str, Choice]]) -> str:
    told = [
        f"{what}: {laws.best.law}, mean {_time(laws.best.mean_s)}, exponential "
        f"{'rejected' if laws.exponential_rejected else 'not rejected'}"
        for what, laws in panels
    ]
    return f"Weibull paper with observed times and fitted laws. {'; '.join(told) or 'Too few times.'}."
