"""What a scenario says of saves, stops and prices: each rule by a small example whose answer is known."""

from datetime import date

import pytest

from simulator.reliability.attempt import NEVER_S
from tests.unit.scenario.maker import Maker


def test_a_save_takes_state_over_bandwidth(made: Maker) -> None:
    found = made()
    state = 14 * 6_738_415_616
    assert found.stages[0].cycle.write_s == pytest.approx(state / 50e9)
    assert found.recovery.restore_s == pytest.approx(state / 50e9)
    slow = made("", "checkpoint.bandwidth=4000 GB/s")
    assert slow.stages[0].cycle.write_s == pytest.approx(state / (64 * 25e9))  # the network of 64 writers
    assert made("", "checkpoint.state=1 TB").stages[0].cycle.write_s == pytest.approx(20)


def test_asynchronous_saves(made: Maker) -> None:
    sets = ["checkpoint.mode=asynchronous", "checkpoint.save_time=100 s", "checkpoint.flush_slowdown=0.1"]
    cycle = made("", *sets).stages[0].cycle
    assert (cycle.write_s, cycle.flush_s, cycle.slowdown) == (1.0, 100.0, 0.1)
    assert made("", *sets, "checkpoint.blocking_time=3 s").stages[0].cycle.write_s == 3


def test_policies(made: Maker) -> None:
    mtbf_s = 86400 * 1000 / 6.5 / 8
    young = made("", "checkpoint.policy=young", "checkpoint.save_time=60 s").stages[0].cycle
    assert young.work_s == pytest.approx((2 * 60 * mtbf_s) ** 0.5)
    never = made("", "checkpoint.policy=none")
    assert never.stages[0].cycle.work_s == NEVER_S
    assert not never.stages[0].final_save
    free = made("", "checkpoint.policy=optimal", "checkpoint.save_time=60 s", "failures.enabled=false")
    assert free.stages[0].cycle.work_s == NEVER_S


def test_an_interval_that_is_not_used_is_said(made: Maker) -> None:
    found = made("", "checkpoint.policy=young", "checkpoint.interval=30 min", "checkpoint.blocking_time=1 s")
    assert any("checkpoint.interval is not used" in warning for warning in found.warnings)
    assert any("blocking_time are used only" in warning for warning in found.warnings)


def test_policies_stretch_to_the_flush(made: Maker) -> None:
    sets = ["checkpoint.mode=asynchronous", "checkpoint.save_time=2 h", "checkpoint.policy=young"]
    found = made("", *sets, "data.tokens=1T tokens")
    cycle = found.stages[0].cycle
    assert cycle.flush_s <= cycle.length_s
    assert any("the interval is stretched" in warning for warning in found.warnings)


def test_saves_need_a_size(made: Maker) -> None:
    assert "is not known" in made.issues("without = ['model']")["checkpoint.save_time"]
    assert made("without = ['model']", "checkpoint.save_time=20 s").recovery.restore_s == 20


# failures


def test_own_causes(made: Maker) -> None:
    text = (
        "[failures.causes.mine]\nrate_per_1000_node_days = 3\nkind = 'hang'\n"
        "[failures.causes.hardware]\nrate_per_1000_node_days = 1\nnodes_lost = 0\n"
    )
    hardware, mine = made(text).causes
    assert hardware.rate_per_node_s * 1000 * 86400 == pytest.approx(1)
    assert (hardware.nodes_lost, hardware.repair_s) == (0, 0)
    assert (mine.kind, mine.detection_s, mine.nodes_lost) == ("hang", 600, 0)


def test_detection_by_cause_kind_and_scenario(made: Maker) -> None:
    own = "[failures.causes.hardware]\ndetection = '1 s'\n"
    kind, whole = "failures.detection.fail_stop=2 s", "recovery.detection=3 s"
    assert [cause.detection_s for cause in made(own, kind, whole).causes] == [1]
    assert [cause.detection_s for cause in made("", kind, whole).causes] == [2]
    assert [cause.detection_s for cause in made("", whole).causes] == [3]
    assert [cause.detection_s for cause in made().causes] == [60]


def test_repair(made: Maker) -> None:
    [cause] = made().causes
    assert (cause.repair_s, cause.repair_law) == (12600, "exponential")
    [cause] = made("", "recovery.repair=2 d", "recovery.repair_law=constant").causes
    assert (cause.repair_s, cause.repair_law) == (172800, "constant")
    [cause] = made("[failures.causes.hardware]\nrepair='1 h'\nrepair_law='exponential'", "recovery.repair=2 d").causes
    assert (cause.repair_s, cause.repair_law) == (3600, "exponential")


def test_rates_can_be_multiplied(made: Maker) -> None:
    assert made("", "failures.rate_multiplier=2").causes[0].rate_per_node_s * 1000 * 86400 == pytest.approx(13)
    assert made("", "failures.rate_multiplier=0").causes == ()


def test_a_forecast_without_failures_says_so(made: Maker) -> None:
    assert any("No failures are simulated" in warning for warning in made("", "failures.catalogue=none").warnings)
    assert any("switched off" in warning for warning in made("", "failures.enabled=false").warnings)
    spot = ["pricing.term=spot", "pricing.rate=$2/h", "pricing.preemption.per_1000_node_days=5"]
    assert any("nothing but preemptions" in warning for warning in made("", "failures.enabled=false", *spot).warnings)
    assert not any("failures" in warning.lower() for warning in made().warnings)


def test_doubtful_catalogues_are_named(made: Maker) -> None:
    assert any("gb200" in warning for warning in made("", "failures.catalogue=gb200").warnings)


def test_outages_count_as_downtime(made: Maker) -> None:
    causes = {cause.name: cause for cause in made("", "failures.catalogue=opt-175b-outages").causes}
    assert causes["whole_cluster"].detection_s == 172800 + 60
    assert causes["five_hosts"].nodes_lost == 5


def test_exposure_and_start(made: Maker) -> None:
    found = made("", "failures.exposure=C", "recovery.startup=7 s", "recovery.initialization=9 s")
    assert (found.recovery.exposure, found.recovery.startup_s, found.recovery.initialization_s) == ("C", 7, 9)
    assert made("", "recovery.initialization=9 s").recovery.startup_s == 9


# prices


LOOKED_UP = "without = ['pricing.rate']\nstart = 2023-06-01\n[pricing]\nprovider = 'gcp'\nregion = 'us-central1'\n"


def test_a_row_is_looked_up(made: Maker) -> None:
    tariff = made(LOOKED_UP).tariff.quote
    assert (tariff.list_usd_per_accelerator_h, tariff.term, tariff.host_included) == (3.93, "on_demand", False)
    assert tariff.on == date(2022, 12, 12)
    assert not tariff.stale
    assert made(LOOKED_UP, "start=2024-06-01").tariff.quote.stale


def test_the_host(made: Maker) -> None:
    added = made(LOOKED_UP, "pricing.host=$1/h").tariff.quote
    assert (added.list_usd_per_accelerator_h, added.host_included) == (pytest.approx(4.93), True)
    assert "this price leaves the host out" in made.issues(LOOKED_UP, "pricing.host=included")["pricing.host"]
    aws = ["pricing.provider=aws", "pricing.region=us-east-1"]
    assert made(LOOKED_UP, *aws).tariff.quote.host_included is True
    assert "cannot be taken out" in made.issues(LOOKED_UP, *aws, "pricing.host=excluded")["pricing.host"]
    assert "part of the price already" in made.issues(LOOKED_UP, *aws, "pricing.host=$1/h")["pricing.host"]
    assert made("", "pricing.host=$1/h").tariff.list_usd_per_accelerator_h == 3


def test_missing_prices_list_what_is_near(made: Maker) -> None:
    assert "nearest rows" in made.issues(LOOKED_UP, "start=2001-01-01")["pricing"]
    assert "on_demand" in made.issues(LOOKED_UP, "pricing.term=capacity_block")["pricing.term"]


def test_without_a_day_one_message_says_which_days_have_prices(made: Maker) -> None:
    h100 = ("without = ['pricing.rate']", "cluster.accelerator=h100-sxm")
    assert made.issues(*h100) == {
        "start": "is missing: prices have dates; write the run's first day, such as start = 2026-01-31, "
        "or state pricing.rate"
    }
    assert "pricing.provider" in made.issues(*h100, "pricing.provider=nobody")
    assert made(*h100, "start=2026-01-31").tariff.list_usd_per_accelerator_h == 3.00


def test_an_own_book_is_not_passed_over_in_silence(made: Maker) -> None:
    (made.folder / "mine.csv").write_text("accelerator,usd_per_accelerator_h,date_from\na100-80gb,1.5,2024-01-01\n")
    book = "without = ['pricing.rate']\nstart = 2024-02-01\n[pricing]\nbook = 'mine.csv'\n"
    assert not [warning for warning in made(book).warnings if "pricing.book" in warning]
    early = made(book, "start=2023-12-31")
    assert early.tariff.list_usd_per_accelerator_h != 1.5
    assert "No row of pricing.book fits a100-sxm-80gb on 2023-12-31" in " ".join(early.warnings)


def test_own_book(made: Maker) -> None:
    (made.folder / "mine.csv").write_text("accelerator,usd_per_accelerator_h,provider\na100-sxm-80gb,0.77,us\n")
    found = made("start = 2023-01-01\n[pricing]\nbook = 'mine.csv'\n")
    assert found.tariff.list_usd_per_accelerator_h == 0.77


def test_dates(made: Maker) -> None:
    assert made().start == date(2026, 1, 1)
    assert made("", "pricing.date=2023-01-02").start == date(2023, 1, 2)
    assert made("", "start=2023-01-03", "pricing.date=2023-01-02").start == date(2023, 1, 3)
    assert made("", "start='2023-01-03'").start == date(2023, 1, 3)


@pytest.mark.parametrize(
    ("text", "pair"), [("0.3", (0.3, 0.3)), ("30 %", (0.3, 0.3)), ("[0.1, 0.2]", (0.1, 0.2)), ("unknown", (0.5, 0.8))]
)
def test_discounts(made: Maker, text: str, pair: tuple[float, float]) -> None:
    tariff = made("", f"pricing.discount={text}").tariff.quote
    assert (tariff.discount_low, tariff.discount_high) == pytest.approx(pair)


# models
