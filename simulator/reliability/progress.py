"""How far a stage has come, and how far a stop sets it back.

A stage has a clock of its own: it runs while the job works and saves, stands still while the job is down, and is set
back by a stop. Saves lie at fixed positions on it: near ones after each cycle, durable ones after each round. A stop
leaves the job at the last position of which a usable copy is left. Both engines call these functions, with floats or
with arrays of shape (replicas,).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.reliability.attempt import Count, Cycle, Flag, Seconds, saving_s, stretches
from simulator.reliability.causes import Cause


def last_save_s(at_s: Seconds, cycle: Cycle, out: NDArray[np.float64] | None = None) -> Seconds:
    """Return the position of the last usable save of a stage that has come to `at_s` [s]; negative or zero if none.

    Examples
    --------
    >>> print(last_save_s(65.0, Cycle(work_s=20.0, write_s=5.0)))  # two cycles of 25 s
    50.0
    >>> print(last_save_s(50.0, Cycle(work_s=20.0, write_s=5.0, flush_s=10.0)))  # the second flush still runs
    25.0
    """
    if cycle.durable is not None:
        return np.add(_near_save_s(at_s, cycle), 0.0, out=out)
    if cycle.lag_s:
        at_s = np.subtract(at_s, cycle.lag_s, out=out)
    found = np.divide(at_s, cycle.length_s, out=out)
    return np.multiply(np.floor(found, out=out), cycle.length_s, out=out)


def _near_save_s(at_s: Seconds, cycle: Cycle) -> Seconds:
    """Return the position of the last near save, where every so-many-th is followed by a durable one [s]."""
    reached_s = np.maximum(np.subtract(at_s, cycle.lag_s), -cycle.round_s)  # minus infinity where nobody works
    rounds = np.floor(reached_s / cycle.round_s)
    inside = np.floor((reached_s - rounds * cycle.round_s) / cycle.length_s)
    return rounds * cycle.round_s + np.minimum(inside, float(cycle.near_saves)) * cycle.length_s


def last_durable_s(at_s: Seconds, cycle: Cycle) -> Seconds:
    """Return the position of the last durable save of a stage that has come to `at_s` [s].

    Examples
    --------
    >>> from simulator.reliability.attempt import Durable
    >>> two = Cycle(work_s=20.0, write_s=1.0, durable=Durable(every=2, write_s=5.0))  # rounds of 47 s
    >>> print(last_durable_s(46.0, two), last_durable_s(47.0, two))
    0.0 47.0
    """
    if cycle.durable is None:
        return last_save_s(at_s, cycle)
    return np.floor((at_s - cycle.durable.lag_s) / cycle.round_s) * cycle.round_s


def useful_at_s(at_s: float, cycle: Cycle) -> float:
    """Return the useful work in a stage that has come to `at_s` [s]; the drag of a flush counts as part of its save.

    Examples
    --------
    >>> useful_at_s(65.0, Cycle(work_s=20.0, write_s=5.0)), useful_at_s(48.0, Cycle(work_s=20.0, write_s=5.0))
    (55.0, 40.0)
    """
    rounds = at_s // cycle.round_s
    inside_s = at_s - rounds * cycle.round_s
    cycles = min(inside_s // cycle.length_s, float(cycle.near_saves))
    rest_s = min(inside_s - cycles * cycle.length_s, cycle.work_s) if cycles < cycle.near_saves else 0.0
    return float((rounds * cycle.near_saves + cycles) * cycle.work_s + rest_s)


def last_of_stage_s(work_s: Seconds, cycle: Cycle) -> Seconds:
    """Return the position of the last save before the end of a stage [s]; the save at its end counts when it is whole.

    Examples
    --------
    >>> print(last_of_stage_s(100.0, Cycle(work_s=20.0, write_s=5.0)))
    100.0
    """
    saves = stretches(work_s, cycle) - 1.0
    return saves * cycle.length_s + saving_s(work_s, cycle, final_save=False) - saves * cycle.overhead_s


class Stopped(NamedTuple):
    """Where a stop leaves the stage."""

    at_s: Seconds  # where it goes on
    durable_s: Seconds  # its last durable save
    reads: Count  # saves that were read until one was usable
    near: Flag  # whether that was a near copy


def set_back(
    from_s: Seconds, at_s: Seconds, durable_s: Seconds, cycle: Cycle, *, end_s: Seconds,
    announced: Flag, reach_s: Seconds, near_lost: Seconds, luck: Seconds,
) -> Stopped:  # fmt: skip
    """Return where a stop leaves a stage.

    Parameters
    ----------
    from_s, at_s : float or array
        Where the attempt began, and where it was when it stopped; not before `from_s` [s].
    durable_s : float or array
        The last durable save [s].
    cycle : Cycle
        Where the saves lie.
    end_s : float or array
        Where the last save before the end of the stage lies (`last_of_stage_s`) [s].
    announced : bool or array
        The state is saved before the stop: nothing is lost.
    reach_s : float or array
        How far before the stop the state is void, and every save of it [s].
    near_lost : float or array
        Probability that the near copies are lost.
    luck : float or array
        Uniform on 0 to 1: decides what is lost, and how many saves turn out to be corrupt.

    Examples
    --------
    >>> calm = {"end_s": 9e9, "announced": False, "reach_s": 0.0, "near_lost": 0.0, "luck": 0.5}
    >>> hourly = Cycle(work_s=3600.0)
    >>> print(set_back(0.0, 9000.0, 0.0, hourly, **calm).at_s)
    7200.0
    >>> print(set_back(0.0, 9000.0, 0.0, hourly, **calm | {"reach_s": 3600.0}).at_s)  # corrupt since 5400
    3600.0
    >>> print(set_back(0.0, 9000.0, 0.0, hourly, **calm | {"announced": True}).at_s)
    9000.0
    """
    reached_s = np.minimum(last_durable_s(at_s, cycle), end_s)
    latest_s = np.maximum(reached_s, durable_s)
    near_s = np.maximum(np.maximum(np.minimum(last_save_s(at_s, cycle), end_s), from_s), latest_s)
    void = np.greater(reach_s, 0.0)
    gone = np.less(luck, near_lost) | np.greater_equal(near_lost, 1.0)  # where it is certain, nothing is drawn
    near = (cycle.durable is not None) & ~np.logical_or(gone, void)
    before_s = np.minimum(last_durable_s(at_s - reach_s, cycle), end_s)
    clean_s = np.where(void, np.maximum(before_s, 0.0), latest_s)
    if cycle.keep is not None:
        newer = np.rint((np.maximum(reached_s, 0.0) - clean_s) / cycle.round_s)
        clean_s = np.where(void & (newer >= cycle.keep), 0.0, clean_s)
    found_s: Seconds = np.where(near, near_s, clean_s)
    reads: Count = np.ones_like(found_s)
    if cycle.corrupt:
        found_s, reads = _older(np.asarray(from_s), found_s, luck, cycle)
    found_s = np.where(announced, at_s, found_s)
    held_s = np.where(near & np.logical_not(announced), latest_s, found_s)
    reads = np.where(announced, 1.0, reads)
    return Stopped(found_s[()], held_s[()], reads[()], (near & np.logical_not(announced))[()])


def _older(from_s: Seconds, found_s: Seconds, luck: Seconds, cycle: Cycle) -> tuple[Seconds, Count]:
    """Pass over corrupt saves: to an older one, to that which the attempt began with, or to the stage's beginning."""
    corrupt = np.floor(np.log(np.maximum(luck, 1e-300)) / np.log(cycle.corrupt))
    made = np.maximum(np.floor(found_s / cycle.round_s) - np.floor(from_s / cycle.round_s), 0.0)
    kept = made if cycle.keep is None else np.minimum(made, float(cycle.keep))
    none_left = from_s if cycle.keep is None else np.where(made >= cycle.keep, 0.0, from_s)
    passed = np.minimum(corrupt, kept)
    fallen_s = np.where(corrupt < kept, found_s - passed * cycle.round_s, np.where(made > 0, none_left, found_s))
    return fallen_s, passed + 1.0


def halves_lost(cause: Cause, *, verified: bool, bridged: bool, near_saves: int = 1) -> float:
    """Return what a stop destroys of the work between two durable saves, in halves of it; to first order, on the mean.

    A failure destroys one half. What is announced, what only slows the job and what a replica bridges destroys nothing;
    silent corruption that a verification finds destroys all of the stretch; and where a near copy survives, a stop
    destroys half of what lies between two of those.

    Parameters
    ----------
    verified : bool
        Whether the state is verified before each save.
    bridged : bool
        Whether the others go on without loss when a machine is lost.
    near_saves : int
        Near copies from one durable save to the next, the durable one included.

    Examples
    --------
    >>> halves_lost(Cause(name="a", rate_per_node_s=1e-6, near_lost=0.1), verified=False, bridged=False, near_saves=6)
    0.25
    """
    if cause.announced or cause.slowdown or (cause.nodes_lost and bridged):
        return 0.0
    if cause.kind == "silent" and verified:
        return 2.0
    return 1.0 if cause.reach_s else cause.near_lost + (1.0 - cause.near_lost) / near_saves


def is_special(cause: Cause, cycle: Cycle) -> bool:
    """Tell whether a stop by this cause does anything else than go back to the last save."""
    return bool(cause.announced or cause.reach_s or cycle.corrupt or (cycle.durable is not None))


def needs_luck(cause: Cause, cycle: Cycle) -> bool:
    """Tell whether chance decides what a stop by this cause leaves."""
    return bool(cycle.corrupt) or (cycle.durable is not None and 0.0 < cause.near_lost < 1.0)
