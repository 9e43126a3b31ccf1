"""Everything a report shows, gathered once: the forecast, its replicas, and two runs lived again."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from analysis.metrics.forecast import Forecast, forecast
from analysis.plots.amounts import is_single
from analysis.report.doubts import Doubts, doubts
from analysis.report.replay import Replay, nearest_replica, replay
from simulator.engine.run import run, silent
from simulator.foundation.mapper import Mapper
from simulator.records import Ensemble
from simulator.scenario.values import Scenario

TYPICAL, BAD = 0.5, 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """A forecast with what it came from.

    Parameters
    ----------
    forecast : Forecast
        The answer.
    ensemble : Ensemble
        All replicas.
    typical, bad : Replay
        The runs of median length and of the ninth decile; `bad` is None where all runs are equally long.
    doubts : Doubts
        What could move the answer.
    """

    forecast: Forecast
    ensemble: Ensemble
    typical: Replay
    bad: Replay | None
    doubts: Doubts

    @property
    def scenario(self) -> Scenario:
        """What was run."""
        return self.forecast.scenario


def gather(scenario: Scenario, progress: Callable[[int], None] = silent, mapper: Mapper = map) -> Findings:
    """Run a scenario and live its median and its bad replica again; a mapper spreads that over workers."""
    replicas = range(scenario.replicas)
    ensemble = run(scenario, replicas, mapper=mapper, progress=progress)
    shown = [TYPICAL] if is_single(ensemble.wall_s.tolist()) else [TYPICAL, BAD]
    typical, *bad = mapper(partial(replay, scenario), [nearest_replica(ensemble.wall_s, share) for share in shown])
    return Findings(
        forecast=forecast(scenario, ensemble, replicas),
        ensemble=ensemble,
        typical=typical,
        bad=bad[0] if bad else None,
        doubts=doubts(scenario),
    )
