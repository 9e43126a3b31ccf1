"""What one more of something is worth: a spare, half the detection latency, twice the storage bandwidth.

Each lever changes one thing of a scenario and is compared with the scenario itself, replica by replica on the same
faults. What it saves is before the lever's own price, which nobody but the buyer knows, except for a spare: its
machine-hours are billed in both runs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath

from analysis.metrics.forecast import forecast
from analysis.study import factors
from analysis.study.compare import Difference, differences, known_of
from simulator.engine.run import run
from simulator.scenario.api import resolve
from simulator.scenario.load import Loaded
from simulator.scenario.merge import Place
from simulator.scenario.values import Scenario

_HERE = Place(file="a lever", line=None, folder=FilePath.cwd())


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What a lever changes.

    Parameters
    ----------
    lever : str
        In words.
    differences : sequence of Difference
        With the lever less without, by quantity.
    """

    lever: str
    differences: Sequence[Difference]

    def of(self, quantity: str) -> Difference:
        """Return one quantity's difference."""
        return next(row for row in self.differences if row.quantity == quantity)


Lever = Callable[[Loaded, Scenario], Scenario | None]


def worth(loaded: Loaded, levers: Mapping[str, Lever] | None = None) -> Sequence[Worth]:
    """Pull every lever that a scenario has, and return what each is worth.

    Raises
    ------
    ScenarioError
        If the scenario does not resolve.
    """
    scenario = resolve(loaded)
    replicas = range(scenario.replicas)
    before = forecast(scenario, run(scenario, replicas), replicas)
    known = known_of(before)
    found = []
    for name, lever in (LEVERS if levers is None else levers).items():
        changed = lever(loaded, scenario)
        if changed is not None:
            after = forecast(changed, run(changed, replicas), replicas)
            found.append(Worth(lever=name, differences=differences(before, after, known)))
    return found


def one_more_spare(_: Loaded, scenario: Scenario) -> Scenario | None:
    """Hold one more spare node; nothing where spares are ample."""
    return None if scenario.recovery.spares is None else factors.one_more_spare(scenario)


def half_the_detection(_: Loaded, scenario: Scenario) -> Scenario | None:
    """Notice every stop in half the time."""
    if not any(cause.detection_s for cause in scenario.causes):
        return None
    return factors.noticed(scenario, 0.5)


def half_the_repair(_: Loaded, scenario: Scenario) -> Scenario | None:
    """Repair lost machines in half the time."""
    if not any(cause.repair_s for cause in scenario.causes) or scenario.recovery.spares is None:
        return None
    return factors.repaired(scenario, 0.5)


def half_the_restart(_: Loaded, scenario: Scenario) -> Scenario | None:
    """Initialise and start up in half the time, by hand too."""
    changed = factors.set_up(scenario, 0.5)
    return None if changed == scenario else changed


def twice_the_bandwidth(loaded: Loaded, scenario: Scenario) -> Scenario | None:
    """Save and restore at twice the bandwidth of the file system; nothing where the time of a save is stated."""
    known = next((item for item in scenario.assumptions if item.path == "checkpoint.bandwidth"), None)
    if known is None or "save_time" in loaded.document.get("checkpoint", {}):
        return None
    from simulator.foundation.units import parse

    twice = 2 * parse(known.value, "bytes_per_s")
    return resolve(loaded.changed(("checkpoint", "bandwidth"), f"{twice!r} B/s", _HERE))


def half_the_failures(_: Loaded, scenario: Scenario) -> Scenario | None:
    """Fail half as often."""
    return factors.failing(scenario, 0.5) if scenario.causes else None


LEVERS: Mapping[str, Lever] = {
    "one more spare node": one_more_spare,
    "half the detection time": half_the_detection,
    "half the restart time": half_the_restart,
    "half the repair time": half_the_repair,
    "twice the storage bandwidth": twice_the_bandwidth,
    "half the failure rate": half_the_failures,
}
