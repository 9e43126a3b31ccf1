"""The parts of a difference: they sum to it, they name every change, and they are fair."""

from collections.abc import Mapping, Sequence
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.study.attribution import (
    Attribution,
    MixtureError,
    attribution,
    changes_of,
    means_of,
    means_on,
    shapley,
)
from analysis.study.evaluate import QUANTITIES
from analysis.study.executor import Here
from simulator.scenario.api import load, resolve
from simulator.scenario.lines import dotted
from simulator.scenario.load import Loaded
from simulator.scenario.values import Scenario

FEW = "run.replicas=30"
CHANGES = [
    "cluster.accelerators=1024", "checkpoint.interval=20 min", "failures.catalogue=rsc-2", "throughput.mfu=0.4",
    "pricing.discount=0.3", "cluster.spares=1", "checkpoint.mode=blocking", "data.tokens=1T tokens", "pricing.term=",
    "failures.catalogue=none", "pricing.rate=$2/h", "model.architecture=llama-33b", "recovery.swap=20 min",
]  # fmt: skip


def split(a: str, b: str, *sets: str) -> tuple[Attribution, Loaded, Loaded]:
    first, second = load(a, sets=[FEW]), load(b, sets=[FEW, *sets])
    return attribution(first, second, means_on(Here())), first, second


def check_sums(found: Attribution, a: Loaded, b: Loaded) -> None:
    before, after = means_of(resolve(a)), means_of(resolve(b))
    for quantity in QUANTITIES:
        whole = after[quantity] - before[quantity]
        total = sum(part.effects[quantity] for part in found.parts)
        assert total == pytest.approx(whole, rel=1e-9, abs=1e-9 * abs(before[quantity]) + 1e-12)
    paths = sorted(path for part in found.parts for path in part.paths)
    assert paths == sorted(dotted(change.path) for change in changes_of(a.document, b.document))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(CHANGES), min_size=1, max_size=4, unique_by=lambda change: change.partition("=")[0]))
def test_the_parts_sum_to_the_whole(sets: list[str]) -> None:
    try:
        resolve(load("llama-65b", sets=sets))
    except ValueError:
        return
    check_sums(*split("llama-65b", "llama-65b", *sets))


@pytest.mark.parametrize(
    ("a", "b", "grain"),
    [
        ("what-if-rent", "what-if-negotiate", "values"),
        ("llama-65b", "palm-540b", "themes"),
        ("llama-65b", "llama-65b-seed", "whole"),
    ],
)
def test_shipped_scenarios(a: str, b: str, grain: str) -> None:
    found, first, second = split(a, b)
    assert found.grain == grain
    check_sums(found, first, second)


def test_many_changes_are_told_apart_by_section() -> None:
    sets = ["cluster.spares=1", "cluster.accelerators=1024", "data.tokens=1T tokens", "data.batch=2M tokens",
            "checkpoint.interval=20 min", "checkpoint.mode=blocking", "pricing.discount=0.3", "recovery.swap=20 min",
            "failures.catalogue=rsc-2"]  # fmt: skip
    found, first, second = split("llama-65b", "llama-65b", *sets)
    assert found.grain == "sections"
    assert found.runs == 2**6
    check_sums(found, first, second)


def test_a_price_changes_dollars_only() -> None:
    found, _, _ = split("llama-65b", "llama-65b", "pricing.discount=0.5", "checkpoint.interval=10 min")
    discount = next(part for part in found.parts if part.paths == ["pricing.discount"])
    assert discount.effects["usd"] < 0
    assert all(value == 0 for quantity, value in discount.effects.items() if quantity != "usd")


def test_two_ways_to_state_a_speed_are_one_change() -> None:
    found, _, _ = split("llama-65b", "llama-65b", "throughput.mfu=0.5")
    assert [sorted(part.paths) for part in found.parts] == [
        ["throughput.mfu", "throughput.tokens_per_second_per_accelerator"]
    ]


def test_no_change_no_parts() -> None:
    found, _, _ = split("llama-65b", "llama-65b")
    assert (found.parts, found.runs) == ([], 0)


def test_a_note_is_no_change() -> None:
    found, _, _ = split("llama-65b", "llama-65b", "note.assumed=otherwise", "title=other")
    assert found.parts == []


def test_mixtures_that_fail_are_taken_together() -> None:
    good = means_on(Here())

    def fail_on_many(some: Sequence[Scenario]) -> Sequence[Mapping[str, float]]:
        if len(some) > 2:
            raise MixtureError("never ends")
        return good(some)

    a, b = (
        load("llama-65b", sets=[FEW]),
        load("llama-65b", sets=[FEW, "cluster.spares=1", "checkpoint.interval=20 min"]),
    )
    found = attribution(a, b, fail_on_many)
    assert found.grain == "whole"
    check_sums(found, a, b)


def test_a_run_without_result_is_named() -> None:
    with pytest.raises(MixtureError, match="AttributeError"):
        means_on(Here())([None])  # type: ignore[list-item]  # what a broken task would be


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.lists(st.floats(-1e6, 1e6), min_size=16, max_size=16))
def test_shapley_is_the_mean_over_all_orders(values: list[float]) -> None:
    """The definition: the mean marginal effect over the 24 orders of four players."""

    def worth(some: tuple[int, ...]) -> float:
        return values[sum(1 << player for player in some)]

    for player in range(4):
        gains = [
            worth(tuple(sorted((*order[: order.index(player)], player))))
            - worth(tuple(sorted(order[: order.index(player)])))
            for order in permutations(range(4))
        ]
        assert shapley(player, 4, worth) == pytest.approx(sum(gains) / 24, abs=1e-6)
