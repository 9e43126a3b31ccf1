"""Every picture of a fixed input, for tests that look at all of them."""

from datetime import date, datetime, timedelta

import numpy as np

from analysis.plots.amounts import days
from analysis.plots.cashflow import Month, cash_flow
from analysis.plots.demand import Crossing, Way, demand
from analysis.plots.distribution import Mark, distribution
from analysis.plots.ettr import Track, ettr
from analysis.plots.gantt import Bar, gantt
from analysis.plots.interval import Curve, interval_curve
from analysis.plots.isoflop import Point, Spend, isoflop
from analysis.plots.overview import overview
from analysis.plots.pareto import Loss, pareto
from analysis.plots.stage_dollars import StageDollars, stage_dollars
from analysis.plots.style import Picture
from analysis.plots.survival import Lives, survival
from analysis.plots.timeline import Span, Stop, Story, timeline
from analysis.plots.waterfall import Step, waterfall

SAMPLE = 21.5 + np.linspace(0.0, 1.0, 101) ** 2
STEPS = [
    Step(phase="productive", accelerator_hours=1e6, usd=4e6),
    Step(phase="wasted_progress", accelerator_hours=4e4, usd=1.6e5),
    Step(phase="checkpoint_save", accelerator_hours=2e4, usd=8e4),
    Step(phase="idle_spare", accelerator_hours=1e4, usd=4e4),
]
LOSSES = [
    Loss(phase="wasted_progress", cause=f"cause_{n}", accelerator_hours=n * 1e3, usd=n * 4e3) for n in range(1, 14)
]
MONTHS = [
    Month(first=date(2022, 12, 1), usd=3.9e6, p10=3.9e6, p90=3.9e6),
    Month(first=date(2023, 1, 1), usd=3.7e5, p10=3.2e5, p90=4.2e5),
]
CURVE = Curve(
    intervals_s=[60.0 * 2**n for n in range(10)],
    lost=[0.3 / 2**n + 0.002 * 2**n for n in range(10)],
    chosen_s=3600.0,
    chosen_lost=0.125,
    best_s=720.0,
    best_lost=0.05,
    stage="train",
)

TRACKS = [
    Track(title=title, days=[0.5 * n for n in range(1, 21)], effective=[level + 0.05 / n for n in range(1, 21)])
    for title, level in (("A typical run", 0.9), ("A bad run (p90)", 0.85))
]

SIZES = [1e9 * 2**n for n in range(8)]
BARS = [
    Bar(name="collect", start_days=0.0, finish_days=90.0, finish_p10=70.0, finish_p90=120.0, critical=1.0),
    Bar(name="configure", start_days=0.0, finish_days=30.0, finish_p10=20.0, finish_p90=50.0, critical=0.0),
    Bar(name="train", start_days=90.0, finish_days=140.0, finish_p10=120.0, finish_p90=180.0, critical=1.0),
    Bar(name="serve", start_days=140.0, finish_days=870.0, finish_p10=850.0, finish_p90=900.0, critical=0.0),
]
STAGES = [
    StageDollars(name="train", parts={"staff": 1e5, "machines": 1.6e6, "other": 0.0}, p10=1.6e6, p90=1.8e6),
    StageDollars(name="collect", parts={"staff": 2e5, "machines": 0.0, "other": 6e5}, p10=5e5, p90=1.2e6),
]


def spend(name: str, much: float) -> Spend:
    """Return the losses of a budget: a valley, and a size that is too large for it."""
    losses = [2.0 - much + 0.02 * (n - 3) ** 2 for n in range(7)]
    return Spend(name=name, parameters=SIZES, loss=[*losses, float("nan")])


def story(stops: int = 12) -> Story:
    """Return a run of two stages with stops by three causes."""
    start = datetime(2022, 12, 12)
    return Story(
        title="A typical run",
        stages=[
            Span(name="warm-up", start=start, end=start + timedelta(days=3)),
            Span(name="train", start=start + timedelta(days=3), end=start + timedelta(days=22)),
        ],
        stops=[
            Stop(at=start + timedelta(days=1 + 20 * n / max(stops, 1)), cause=f"gpu_{n % 3}", lost_h=0.5 + n % 2)
            for n in range(stops)
        ],
    )


def pictures() -> list[Picture]:
    """Return one picture of each kind."""
    mark = Mark(value=21.0, label="published: 21.0 d (net)")
    return [
        ettr("ettr", TRACKS),
        survival("survival", Lives(hours=[0.5 * n for n in range(1, 13)], stopped=[n % 5 > 0 for n in range(12)])),
        distribution("days", SAMPLE, quantity="days", written=days, mark=mark),
        distribution("single", np.full(5, 21.0), quantity="days", written=days),
        distribution(
            "far", SAMPLE, quantity="days", written=days, mark=Mark(value=64.0, label="published: 64.0 d (gross)")
        ),
        waterfall("waterfall", STEPS),
        pareto("losses", LOSSES),
        cash_flow("cash", MONTHS),
        interval_curve("interval", CURVE),
        timeline("typical", story()),
        timeline("quiet", story(0)),
        overview("overview", question="What?", answer="That.", wall_days=SAMPLE, steps=STEPS, mark=mark),
        isoflop(
            "isoflop",
            [spend("$1M", 0.0), spend("$3M", 0.05), spend("$9M", 0.1)],
            spend("p10", 0.03),
            spend("p90", 0.07),
            [Point(name="compute-optimal", parameters=8e9, loss=1.95)],
            target=1.96,
        ),
        gantt("calendar", BARS, first=date(2023, 1, 1), launch_days=140.0),
        stage_dollars("stages", STAGES),
        demand(
            "demand",
            [
                Way(name="own", tokens_per_month=[1e8, 1e9, 1e10], usd=[2e6, 2e6, 3e6]),
                Way(name="bought", tokens_per_month=[1e8, 1e9, 1e10], usd=[1e5, 1e6, 1e7]),
            ],
            [Crossing(tokens_per_month=2.1e9, usd=2.1e6)],
            now=1e9,
        ),
    ]
