"""``resolved.toml``: golden text, round trips, JSON Schema."""

import tomllib
from pathlib import Path

import jsonschema
import pytest

from simulator.foundation.issues import ScenarioError
from simulator.scenario.api import json_schema, load, resolved_toml, scenario, shipped, variants
from simulator.scenario.load import SHIPPED

GOLDEN = Path(__file__).parents[2] / "golden" / "llama-65b.resolved.toml"


def test_golden() -> None:
    """To renew after an intended change: write ``resolved_toml(scenario("llama-65b"))`` into the golden file."""
    assert resolved_toml(scenario("llama-65b")) == GOLDEN.read_text(encoding="utf-8")


def test_settings_stand_with_their_sources() -> None:
    text = resolved_toml(scenario("llama-65b", ["cluster.spares=7"]))
    assert "spares = 7  # --set" in text
    assert 'catalogue = "rsc-1"  # scenarios/llama-65b.toml:' in text
    assert 'swap = "50 s"  # default: 50 s to reschedule' in text
    assert "# causes.hardware.repair: 3.5 h  # LANL node logs" in text


def test_odd_texts_survive(tmp_path: Path) -> None:
    odd = 'x"y\\z\nnew # line \u2028 😀\x7f'
    first = scenario("llama-65b", [f"note.odd={odd!r}", "note.'a b'=c"])
    file = tmp_path / "r.toml"
    file.write_text(resolved_toml(first), encoding="utf-8")
    again = scenario(file)
    assert again == first
    assert again.notes["a b"] == "c"


def test_resolving_twice_changes_only_the_places(tmp_path: Path) -> None:
    file = tmp_path / "r.toml"
    file.write_text(resolved_toml(scenario("palm-540b")), encoding="utf-8")
    document = load(file).document
    again = tmp_path / "again.toml"
    again.write_text(resolved_toml(scenario(file)), encoding="utf-8")
    assert load(again).document == document


def plain(value: object) -> object:
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


@pytest.fixture(scope="module")
def schema() -> jsonschema.Draft202012Validator:
    found = json_schema()
    jsonschema.Draft202012Validator.check_schema(found)
    return jsonschema.Draft202012Validator(found)


@pytest.mark.parametrize("name", shipped())
def test_the_json_schema_accepts_what_we_ship(name: str, schema: jsonschema.Draft202012Validator) -> None:
    text = (SHIPPED / f"{name}.toml").read_text(encoding="utf-8")
    schema.validate(plain(tomllib.loads(text)))


@pytest.mark.parametrize(
    "wrong", [{"run": {"sed": 1}}, {"checkpoint": {"mode": "async"}}, {"phases": {}}, {"start": 3}]
)
def test_the_json_schema_refuses(wrong: dict[str, object], schema: jsonschema.Draft202012Validator) -> None:
    with pytest.raises(jsonschema.ValidationError):
        schema.validate(wrong)


def test_prices_of_ones_own_travel(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("accelerator,usd_per_accelerator_h\na100-sxm-80gb,0.77\n")
    (tmp_path / "a.toml").write_text(
        "extends = 'llama-65b'\nwithout = ['pricing.provider', 'title']\n[pricing]\nbook = 'mine.csv'\n"
    )
    first = scenario(tmp_path / "a.toml")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "r.toml").write_text(resolved_toml(first), encoding="utf-8")
    again = scenario(tmp_path / "elsewhere" / "r.toml")
    assert again == first
    assert again.title == "a"
    assert again.tariff.list_usd_per_accelerator_h == 0.77


def test_machines_and_failures_of_ones_own_travel(tmp_path: Path) -> None:
    known = 'source = "ours"\ndate = 2026-11-01\nevidence = "P"\n'
    (tmp_path / "hall.toml").write_text(
        f'[hall]\ntitle = "Hall"\naccelerator = "a100-sxm-80gb"\nnodes = 300\naccelerators_per_node = 8\n'
        f'fabric = "single"\n{known}'
    )
    cause = 'title = "C"\nrate_per_1000_node_days = 5\nkind = "fail_stop"\nnodes_lost = 1\n'
    (tmp_path / "fleet.toml").write_text("".join(
        f'[{key}]\ntitle = "Fleet"\nnode_accelerators = 8\ncounts_as = "all_cause"\n{known}[{key}.a]\n{cause}'
        for key in ("one", "two")
    ))  # fmt: skip
    (tmp_path / "a.toml").write_text(
        "extends = 'llama-65b'\nwithout = ['cluster.accelerator']\n[cluster]\nsystem = 'hall.toml'\n"
        "[failures]\ncatalogue = 'fleet.toml#two'\n"
    )
    first = scenario(tmp_path / "a.toml")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "resolved.toml").write_text(resolved_toml(first), encoding="utf-8")
    assert scenario(tmp_path / "elsewhere" / "resolved.toml") == first


def test_sweeps_too_large(tmp_path: Path) -> None:
    values = list(range(1, 400))
    (tmp_path / "a.toml").write_text(
        f"extends = 'llama-65b'\n[sweep]\nrun.seed = {values}\ncluster.accelerators = {values}\n"
    )
    with pytest.raises(ScenarioError, match="159201 variants are too many"):
        variants(load(tmp_path / "a.toml"))


def test_variants_fail_together(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("extends = 'llama-65b'\n[sweep]\nfailures.rate_multiplier = [1, 1e5, 2e5]\n")
    with pytest.raises(ScenarioError, match="would not end") as caught:
        variants(load(tmp_path / "a.toml"))
    assert len(caught.value.issues) == 2
