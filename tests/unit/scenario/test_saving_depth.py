"""What a scenario says of tiers, overlapping flushes, corrupt saves and the kinds of stops."""

import pytest

from simulator.reliability.attempt import NEVER_S
from tests.unit.scenario.maker import Maker

NEAR = "[checkpoint.near]\ntier = 'partner_memory'\n"
STATE = 14 * 6_738_415_616


def test_near_copies_lie_between_the_durable_saves(made: Maker) -> None:
    cycle = made(NEAR + "saves = 4\nsave_time = '2 s'\n", "checkpoint.save_time=40 s").stages[0].cycle
    assert cycle.durable is not None
    assert (cycle.work_s, cycle.write_s, cycle.durable.every, cycle.durable.write_s) == (900, 2, 4, 40)
    assert cycle.round_s == 3600 + 4 * 2 + 40


def test_near_copies_take_state_over_what_the_accelerators_move(made: Maker) -> None:
    partner = made(NEAR)
    assert partner.stages[0].cycle.write_s == pytest.approx(STATE / (64 * 25e9))
    assert partner.recovery.near_restore_s == partner.stages[0].cycle.write_s
    thrice = made(NEAR + "copies = 3\nrestore = '9 s'\n")
    assert thrice.stages[0].cycle.write_s == pytest.approx(2 * STATE / (64 * 25e9))
    assert thrice.recovery.near_restore_s == 9
    assert made("", "checkpoint.near.tier=host_memory").stages[0].cycle.write_s == pytest.approx(STATE / (64 * 20e9))


@pytest.mark.parametrize(
    ("sets", "lost"),
    [
        (["tier=host_memory"], 1.0),
        (["tier=local_disk"], 1.0),
        (["tier=partner_memory"], 0.0),
        (["tier=partner_memory", "together=0.2"], 0.2),
        (["tier=partner_memory", "recoverable=0.7"], 0.3),
    ],
)
def test_which_stops_take_the_near_copies(made: Maker, sets: list[str], lost: float) -> None:
    [cause] = made("", *(f"checkpoint.near.{each}" for each in sets)).causes
    assert cause.near_lost == pytest.approx(lost)


def test_two_machines_at_once_take_both_copies_of_one_in_seven(made: Maker) -> None:
    [cause] = made(NEAR + "[failures.causes.hardware]\nnodes_lost = 2\n").causes
    assert cause.near_lost == pytest.approx(1 / 7)  # 8 nodes
    [cause] = made(NEAR + "[failures.causes.hardware]\nnodes_lost = 0\n").causes
    assert cause.near_lost == 0


def test_near_copies_need_a_tier_and_no_corrupt_saves(made: Maker) -> None:
    assert "is missing" in made.issues("[checkpoint.near]\nsaves = 2\n")["checkpoint.near.tier"]
    assert "not modelled together" in made.issues(NEAR + "[checkpoint]\ncorrupt = 0.1\n")["checkpoint.corrupt"]


def test_nothing_is_saved_near_where_nothing_is_saved(made: Maker) -> None:
    cycle = made(NEAR, "checkpoint.policy=none").stages[0].cycle
    assert (cycle.durable, cycle.work_s) == (None, NEVER_S)


def test_overlapping_flushes_of_a_stated_time(made: Maker) -> None:
    sets = ["checkpoint.mode=asynchronous", "checkpoint.save_time=10 min", "checkpoint.interval=4 min"]
    assert "a flush does not end" in made.issues("", *sets)["checkpoint.interval"]
    cycle = made("", *sets, "checkpoint.flushes_in_flight=3").stages[0].cycle
    assert (cycle.work_s, cycle.flush_s, cycle.in_flight) == (240, 600, 3)


def test_overlapping_flushes_share_the_file_system(made: Maker) -> None:
    """100 GB at 1 GB/s for a flush and 2 GB/s in all: one takes 100 s, two at once 100 s each, three 150 s each."""
    sets = [
        "checkpoint.mode=asynchronous",
        "checkpoint.state=100 GB",
        "checkpoint.bandwidth=2 GB/s",
        "checkpoint.flush_bandwidth=1 GB/s",
        "checkpoint.flushes_in_flight=3",
        "checkpoint.blocking_time=0 s",
    ]
    assert made("", *sets, "checkpoint.interval=60 s").stages[0].cycle.flush_s == pytest.approx(100)
    assert made("", *sets, "checkpoint.interval=50 s").stages[0].cycle.flush_s == pytest.approx(100)
    assert "takes 50 s" in made.issues("", *sets, "checkpoint.interval=40 s")["checkpoint.interval"]


def test_a_save_each_step(made: Maker) -> None:
    step_s = 4e6 / (64 * 3000)
    assert made("", "checkpoint.policy=per-iteration").stages[0].cycle.work_s == pytest.approx(step_s)
    bare = made.issues("without = ['data.batch']", "checkpoint.policy=per-iteration")
    assert "needs the time of a step" in bare["checkpoint.policy"]


def test_keep_and_corrupt(made: Maker) -> None:
    cycle = made("", "checkpoint.keep=3", "checkpoint.corrupt=2 %").stages[0].cycle
    assert (cycle.keep, cycle.corrupt) == (3, 0.02)


def test_kinds_of_stops(made: Maker) -> None:
    own = "[failures.causes.hardware]\nkind = "
    [spike] = made(own + "'loss_spike'\nrewind = '20 min'\n").causes
    assert (spike.reach_s, spike.detection_s, spike.announced) == (1200, 60, False)
    [spike] = made(own + "'loss_spike'\n").causes
    assert spike.reach_s == 1800
    [silent] = made(own + "'silent'\ndetection = '2 h'\n").causes
    assert (silent.reach_s, silent.waste) == (7200, "sdc_rollback")
    [planned] = made(own + "'planned'\nduration = '4 h'\n").causes
    assert (planned.away_s, planned.announced, planned.reach_s) == (14400, True, 0)
    assert (
        "is for causes of the kind"
        in made.issues(own + "'hang'\nduration = '4 h'\n")["failures.causes.hardware.duration"]
    )
