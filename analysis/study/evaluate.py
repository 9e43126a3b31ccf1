"""One scenario in, one flat row of numbers out: the unit of work of every study.

`evaluate` is a top-level function of plain values, so that any worker, on this machine or another, can call it. A row
depends on the scenario, its seed and its replicas, and on nothing else: not the worker, not the order of work.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from analysis.metrics.forecast import Samples, basis, samples
from analysis.metrics.summary import summary
from simulator import __version__
from simulator.engine.run import run
from simulator.scenario.values import Scenario

QUANTITIES = ("wall_days", "usd", "accelerator_hours", "goodput", "interruptions")
STATISTICS = ("mean", "p10", "p50", "p90", "stderr")
FIGURES = tuple(f"{quantity}_{statistic}" for quantity in QUANTITIES for statistic in STATISTICS)


class Key(NamedTuple):
    """What a row depends on; equal keys, equal rows."""

    fingerprint: str
    seed: int
    replicas: int
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one scenario came to.

    Parameters
    ----------
    key : Key
        Which run this is.
    figures : mapping of str to float
        By `FIGURES`, in their order: days, USD on `basis`, accelerator-hours, ratio 0 to 1, stops.
    basis : str
        On which basis the dollars are.
    engine : str
        ``estimate`` or ``simulate``.
    """

    key: Key
    figures: Mapping[str, float]
    basis: str
    engine: str


def key_of(scenario: Scenario) -> Key:
    """Return the key of a scenario's row."""
    return Key(scenario.fingerprint, scenario.seed, scenario.replicas, __version__)


def bare(scenario: Scenario) -> Scenario:
    """Return a scenario without what no engine reads, so that little travels to the workers."""
    return replace(scenario, assumptions=(), notes={}, warnings=(), published=None)


def evaluate(scenario: Scenario) -> Row:
    """Run all replicas of a scenario, and sum them up."""
    found, engine = sampled(scenario)
    figures = {
        f"{quantity}_{statistic}": float(getattr(five, statistic))
        for quantity in QUANTITIES
        for five in [summary(getattr(found, quantity))]
        for statistic in STATISTICS
    }
    return Row(key=key_of(scenario), figures=figures, basis=basis(scenario.tariff), engine=engine)


def sampled(scenario: Scenario) -> tuple[Samples, str]:
    """Return the outcome of every replica, and the engine that made them."""
    replicas = range(scenario.replicas)
    ensemble = run(scenario, replicas)
    return samples(scenario, ensemble, replicas), ensemble.engine
