"""Everything a report shows, gathered once: the forecast, its replicas, and two runs event by event."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from analysis.metrics.forecast import Forecast, forecast
from analysis.plots.amounts import is_single
from analysis.report.replay import Replay, nearest_replica, replay
from analysis.study.doubts import Doubts, doubts
from simulator.engine.run import run_and_keep, silent
from simulator.foundation.mapper import Mapper
from simulator.records import Ensemble
from simulator.scenario.values import Scenario

TYPICAL, BAD = 0.5, 0.9


@dataclass(frozen=True, kw_only=True)
class Findings:
    """A forecast with what it came from; what could move it may be on its way, and is waited for when it is read.

    Parameters
    ----------
    forecast : Forecast
        The answer.
    ensemble : Ensemble
        All replicas.
    typical : Replay
        The run of median length.
    bad : Replay or None
        The run of the ninth decile; None where all runs are equally long.
    asked : iterable of Doubts
        What could move the answer: one.
    """

    forecast: Forecast
    ensemble: Ensemble
    typical: Replay
    bad: Replay | None
    asked: Iterable[Doubts]

    @property
    def scenario(self) -> Scenario:
        """What was run."""
        return self.forecast.scenario

    @cached_property
    def doubts(self) -> Doubts:
        """What could move the answer."""
        (found,) = self.asked
        return found


def gather(
    scenario: Scenario, progress: Callable[[int], None] = silent, mapper: Mapper = map, ahead: Mapper = map
) -> Findings:
    """Run a scenario.

    Parameters
    ----------
    scenario : Scenario
        What to run.
    progress : callable, optional
        Called with the number of replicas done since the last call.
    mapper : callable, optional
        Spreads the runs over workers.
    ahead : callable, optional
        Begins at once with what could move the answer, which takes longest and is needed last.
    """
    replicas = range(scenario.replicas)
    asked = ahead(doubts, [scenario])
    ensemble, lived = run_and_keep(scenario, replicas, mapper=mapper, progress=progress)

    def shown(quantile: float) -> Replay:
        return replay(scenario, nearest_replica(ensemble.wall_s, quantile), lived)

    return Findings(
        forecast=forecast(scenario, ensemble, replicas),
        ensemble=ensemble,
        typical=shown(TYPICAL),
        bad=None if is_single(ensemble.wall_s.tolist()) else shown(BAD),
        asked=asked,
    )
