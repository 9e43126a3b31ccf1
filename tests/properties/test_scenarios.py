"""Whatever one does to a scenario, it resolves or it is refused with a sentence; nothing else ever happens."""

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.foundation.issues import ScenarioError
from simulator.scenario.api import load, resolve, resolved_toml, scenario, shipped, variants
from simulator.scenario.lines import lines
from simulator.scenario.load import SHIPPED
from simulator.scenario.schema import Document
from simulator.scenario.text import toml_value
from simulator.scenario.values import Scenario

NAMES = shipped()
TEXTS = {name: (SHIPPED / f"{name}.toml").read_text(encoding="utf-8") for name in NAMES}
SECTIONS = {name: list(field.annotation.model_fields) for name, field in Document.model_fields.items()
            if hasattr(field.annotation, "model_fields")}  # fmt: skip
PATHS = [f"{section}.{key}" for section, keys in SECTIONS.items() for key in keys] + [
    "phases[0].hours", "phases[0].share", "phases[0].tokens", "phases[0].accelerators", "phases[0].hours_kind", "start",
    "title", "failures.causes.mine", "failures.causes.mine.rate_per_1000_node_days", "failures.detection.hang",
    "note.x", "failures.causes.mine.nodes_lost", "model.architecture.layers", "sweep.run.seed", "nowhere", "phases",
]  # fmt: skip
VALUES = st.one_of(
    st.sampled_from([
        "0", "-1", "nan", "inf", "1e400", "1e-300", "1e9", "1", "0.5", "true", "[]", "[1, 2]", "{}", "{a = 1}",
        "''", "", "2022-12-12", "21 d", "1 s", "1e-9 s", "1001 years", "1T tokens", "1e18 tokens", "1 token",
        "$3/h", "$0/h", "50 GB/s", "1 B/s", "80 GiB", "50 %", "120 %", "ample", "unknown", "none", "published",
        "stated", "young", "daly", "optimal", "asynchronous", "blocking", "A", "B", "C", "rsc-1", "llama-3",
        "h100-sxm", "tpu-v4", "net", "llama-65b", "gross", "silent", "[[{name='a', share=0.5}]]",
        "[{name='a', share=0.5}, {name='b', share=0.5}]", "[{hours='1 h', hours_kind='gross'}]", "9" * 400,
        "x.json", ".", "\x00", "😀", "1\nseed = 2",
    ]),
    st.integers().map(str),
    st.floats().map(repr),
    st.text(max_size=20),
)  # fmt: skip


def outcome(make: Callable[[], Scenario]) -> Scenario | None:
    """Return a scenario, or None where it was refused; any other exception is a failure of the test."""
    try:
        return make()
    except ScenarioError as error:
        issues = error.issues
    assert issues
    assert all(issue.message.strip() and "\n" not in str(issue) and "Traceback" not in str(issue) for issue in issues)
    return None


@settings(max_examples=250, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(
    name=st.sampled_from(NAMES),
    changes=st.lists(st.tuples(st.sampled_from(PATHS), VALUES), min_size=1, max_size=3),
)
def test_changes_from_the_command_line(
    name: str, changes: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    found = outcome(lambda: scenario(name, [f"{path}={value}" for path, value in changes]))
    if found is not None:
        assert isinstance(found, Scenario)
        assert all(stage.work_s > 0 and stage.cycle.work_s > 0 for stage in found.stages)
        assert len(found.fingerprint) == 32
        file = tmp_path_factory.mktemp("scenario") / "resolved.toml"
        file.write_text(resolved_toml(found), encoding="utf-8")
        assert scenario(file) == found


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(name=st.sampled_from(NAMES), data=st.data())
def test_changed_bytes(name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    raw = bytearray(TEXTS[name].encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        cut = data.draw(st.integers(0, 30))
        raw[at : at + cut] = data.draw(st.binary(max_size=6))
    file = tmp_path_factory.mktemp("scenario") / "changed.toml"
    file.write_bytes(bytes(raw))
    outcome(lambda: variants(load(file))[0][1] if "sweep" not in name else resolve(load(file)))


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(name=st.sampled_from(NAMES), data=st.data())
def test_swapped_lines(name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    rows = TEXTS[name].splitlines()
    first, second = (data.draw(st.integers(0, len(rows) - 1)) for _ in range(2))
    rows[first], rows[second] = rows[second], rows[first]
    del rows[data.draw(st.integers(0, len(rows) - 1))]
    file = tmp_path_factory.mktemp("scenario") / "changed.toml"
    file.write_text("\n".join(rows), encoding="utf-8")
    outcome(lambda: scenario(file))


TREES = st.recursive(
    st.one_of(st.booleans(), st.integers(-(2**62), 2**62), st.text(max_size=8), st.dates(), st.floats(allow_nan=False)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(tree=st.dictionaries(st.text(max_size=5), TREES, max_size=4))
def test_toml_is_read_back(tree: dict[str, object]) -> None:
    text = "".join(f"{toml_value({key: value})[1:-1]}\n" for key, value in tree.items())
    assert tomllib.loads(text) == tree
    assert {path[0] for path in lines(text)} == set(tree)


@pytest.mark.parametrize("name", NAMES)
def test_resolved_text_means_the_same(name: str, tmp_path: Path) -> None:
    first = scenario(name)
    file = tmp_path / "resolved.toml"
    file.write_text(resolved_toml(first), encoding="utf-8")
    again = scenario(file)
    assert again == first
    assert again.fingerprint == first.fingerprint
