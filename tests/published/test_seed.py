"""The seed text's arithmetic, through the command line's own path, to the cent."""

import json

import pytest
from typer.testing import CliRunner

from analysis.cli.main import app


def facts(*arguments: str) -> dict:  # type: ignore[type-arg]  # JSON
    result = CliRunner().invoke(app, ["run", *arguments, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.parametrize(
    ("name", "usd"),
    [
        ("llama-65b-seed", 4_056_514.56),
        ("palm-540b-seed", 27_064_074.24),
        ("llama-65b-negotiated-50", 2_028_257.28),
        ("llama-65b-negotiated-80", 811_302.91),
    ],
)
def test_dollars_to_the_cent(name: str, usd: float) -> None:
    """Source: the seed text; hours x rate, nothing added."""
    assert facts(name)["usd"]["mean"] == usd


def test_palm_chip_hours_and_goodput() -> None:
    """Source: theory/reliability.md T11; arXiv 2204.02311 appendix B."""
    found = facts("palm-540b-seed")
    assert found["accelerator_hours"]["mean"] == 8_404_992.0
    assert found["goodput"]["mean"] == pytest.approx(0.66, abs=0.01)


def test_llama_without_failures_takes_the_published_net_days_and_with_them_longer() -> None:
    """Source: arXiv 2302.13971: 1.4T tokens at 380 tokens/s on 2,048 accelerators."""
    without, with_them = facts("llama-65b", "--set", "failures.enabled=false"), facts("llama-65b")
    assert without["wall_days"]["mean"] == pytest.approx(20.8, abs=0.05)
    assert with_them["wall_days"]["p10"] > without["wall_days"]["p90"]


def test_palm_says_what_is_missing() -> None:
    assert "not explained by anything that was published" in facts("palm-540b")["missing"]


def test_the_ledger_closes_against_hours_and_dollars() -> None:
    found = facts("llama3-405b", "--replicas", "200")
    assert sum(row["accelerator_hours"] for row in found["ledger"]) == pytest.approx(
        found["accelerator_hours"]["mean"], rel=1e-9
    )
    assert sum(row["usd"] for row in found["ledger"]) == pytest.approx(found["usd"]["mean"], rel=1e-6)


def test_same_seed_same_bytes_and_another_seed_others() -> None:
    one, again = facts("llama-65b", "--replicas", "100"), facts("llama-65b", "--replicas", "100")
    assert one == again
    assert facts("llama-65b", "--replicas", "100", "--seed", "9")["wall_days"] != one["wall_days"]
