"""Make ``picture.svg`` of the README from a real forecast: ``python docs/make_picture.py`` in the project's root."""

from pathlib import Path

from analysis.metrics.forecast import DAY_S
from analysis.plots.distribution import Mark
from analysis.plots.overview import overview
from analysis.report.findings import gather
from analysis.report.flows import steps
from analysis.report.words import short_answer
from simulator.scenario.api import scenario

NAME = "llama-65b"


def picture() -> str:
    """Return the picture as SVG."""
    found = gather(scenario(NAME))
    forecast, known = found.forecast, found.scenario.published
    if known is None or known.wall_s is None:
        raise AssertionError(f"{NAME} states the published days")
    return overview(
        "picture",
        question=f"flopcast run {NAME}: 1.4T tokens on 2,048 A100, failures as on RSC-1, {forecast.replicas:,} runs",
        answer=short_answer(forecast),
        wall_days=forecast.samples.wall_days,
        steps=steps(forecast),
        mark=Mark(value=known.wall_s / DAY_S, label="published: 21 d without stops"),
    ).svg()


if __name__ == "__main__":
    (Path(__file__).parent / "picture.svg").write_text(picture(), encoding="utf-8")
