"""What became of published runs that failed: goodput, stops and days of the shipped scenarios that state them."""

import math
from collections.abc import Iterator, Sequence
from typing import Final

from analysis.metrics.forecast import forecast
from analysis.metrics.summary import Summary
from analysis.validation.board_lines import NOISE, SIGMAS, Board, Line
from simulator.catalogue.reader import entry
from simulator.engine.run import run
from simulator.scenario.api import scenario
from simulator.scenario.load import shipped
from simulator.scenario.values import Published, Scenario

REPLICAS: Final = 1000  # at most
NEVER, USUAL = "nothing ever fails", "RSC-1's stops a node and day"
DAY_S: Final = 86400.0


def outcomes(names: Sequence[str] | None = None) -> Board:
    """Score each scenario, the shipped ones if none is named, that says what goodput or how many stops were published.

    A net length holds no stop, so that it says nothing of what became of a run that failed: it is left out.
    """
    lines = [line for name in (shipped() if names is None else names) for line in _lines(name)]
    return Board(name="outcomes", title="What became of runs that failed", lines=lines)


def _lines(name: str) -> Iterator[Line]:
    case = scenario(name)
    known = case.published
    if known is None or (known.goodput is None and known.interruptions is None):
        return
    replicas = range(min(case.replicas, REPLICAS))
    found = forecast(case, run(case, replicas), replicas)
    if known.goodput is not None:
        yield _line(f"{name}: goodput", found.goodput, known.goodput, 1.0, NEVER)
    if known.interruptions is not None:
        yield _line(f"{name}: stops", found.interruptions, known.interruptions, _usual(case, known), USUAL)
    if known.wall_s is not None and known.wall_kind != "net" and not all(stage.gross for stage in case.stages):
        ideal = math.fsum(stage.work_s for stage in case.stages) / DAY_S
        yield _line(f"{name}: days", found.wall_days, known.wall_s / DAY_S, ideal, NEVER)


def _usual(case: Scenario, known: Published) -> float | None:
    if known.wall_s is None:
        return None
    nodes = max(stage.nodes for stage in case.stages)
    causes = entry("failures", "rsc-1").parts.values()
    each = math.fsum(cause.number("rate_per_1000_node_days") for cause in causes) / 1000
    return each * nodes * known.wall_s / DAY_S


def _line(name: str, ours: Summary, published: float, baseline: float | None, rule: str) -> Line:
    return Line(
        name=name,
        count=1,
        error=abs(ours.mean / published - 1.0),
        kind="error",
        noise=max(NOISE, SIGMAS * ours.stderr / published),
        baseline=None if baseline is None else abs(baseline / published - 1.0),
        rule=rule,
    )
