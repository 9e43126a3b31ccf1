"""A scenario whose failures, detection, repair or spares are other than stated, single nodes included."""

from dataclasses import replace

from simulator.scenario.values import Scenario


def failing(scenario: Scenario, factor: float) -> Scenario:
    """Return the scenario whose causes strike so many times as often."""
    return replace(scenario, causes=tuple(cause.times(factor) for cause in scenario.causes))


def noticed(scenario: Scenario, factor: float) -> Scenario:
    """Return the scenario that notices every stop in so many times the time."""
    causes = tuple(replace(cause, detection_s=cause.detection_s * factor) for cause in scenario.causes)
    return replace(scenario, causes=causes)


def repaired(scenario: Scenario, factor: float) -> Scenario:
    """Return the scenario whose lost machines take so many times as long to mend, in the repair shop as well."""
    causes = tuple(replace(cause, repair_s=cause.repair_s * factor) for cause in scenario.causes)
    fleet = None if scenario.fleet is None else scenario.fleet.repaired(factor)
    return replace(scenario, causes=causes, fleet=fleet)


def swapped(scenario: Scenario, factor: float) -> Scenario:
    """Return the scenario that puts a spare in place in so many times the time."""
    recovery = replace(scenario.recovery, swap_s=scenario.recovery.swap_s * factor)
    fleet = None if scenario.fleet is None else scenario.fleet.swapped(factor)
    return replace(scenario, recovery=recovery, fleet=fleet)


def set_up(scenario: Scenario, factor: float) -> Scenario:
    """Return the scenario whose job starts in so many times the time: at first, after a stop, and by hand."""
    recovery, fleet = scenario.recovery, scenario.fleet
    recovery = replace(recovery, initialization_s=recovery.initialization_s * factor,
                       startup_s=recovery.startup_s * factor)  # fmt: skip
    return replace(scenario, recovery=recovery, fleet=None if fleet is None else fleet.started_by_hand(factor))


def restored(scenario: Scenario, factor: float) -> Scenario:
    """Return the scenario that reads its last save, near or far, in so many times the time."""
    recovery = scenario.recovery
    near_s = None if recovery.near_restore_s is None else recovery.near_restore_s * factor
    recovery = replace(recovery, restore_s=recovery.restore_s * factor, near_restore_s=near_s)
    return replace(scenario, recovery=recovery)


def dearer(scenario: Scenario, factor: float) -> Scenario:
    """Return the scenario whose machines cost so many times as much; credits, data and carbon cost what they did."""
    stages = [stage if stage.usd_per_accelerator_h is None
              else replace(stage, usd_per_accelerator_h=stage.usd_per_accelerator_h * factor)
              for stage in scenario.stages]  # fmt: skip
    return replace(scenario, tariff=scenario.tariff.times(factor), stages=stages)


def one_more_spare(scenario: Scenario) -> Scenario:
    """Return the scenario with one more cold spare node, where spares are counted."""
    spares, fleet = scenario.recovery.spares, scenario.fleet
    assert spares is not None
    if fleet is not None:
        fleet = replace(fleet, cold=replace(fleet.cold, nodes=fleet.cold.nodes + 1))
    return replace(scenario, recovery=replace(scenario.recovery, spares=spares + 1), fleet=fleet)
