"""`flopcast own`, ownership and energy as scenarios write them, and what `run` says of both."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from analysis.cli.main import app
from simulator.foundation.issues import ScenarioError
from simulator.scenario.api import scenario


def facts(*arguments: str) -> dict:  # type: ignore[type-arg]  # JSON
    result = CliRunner().invoke(app, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_an_accelerator_by_its_key() -> None:
    found = facts("own", "h100-sxm", "--rent", "$2.49/h")
    cells = {(row["life_years"], row["utilisation"]): row["usd_per_accelerator_h"] for row in
             found["by_life_and_utilisation"]}  # fmt: skip
    assert cells[4.0, 0.8] == pytest.approx(2.53, rel=0.01)
    assert found["break_even_utilisation"] == pytest.approx(2.02 / 2.49, rel=0.01)
    assert found["tornado"][0]["name"] == "utilisation"
    assert all(each["source"] for each in found["sources"])
    dearer = facts("own", "h100-sxm", "--set", "ownership.staff_per_year=$876", "--set", "ownership.utilisation=1")
    assert dearer["usd_per_accelerator_h"] == pytest.approx(2.02 + 0.1, rel=0.01)


def test_owning_is_held_against_what_the_scenario_pays() -> None:
    """The server that pays from half of the time on at the list price never does at a fifth of it."""
    at_list, less = facts("own", "llama-65b-seed"), facts("own", "llama-65b-negotiated-80")
    assert (at_list["rent_usd_per_accelerator_h"], less["rent_usd_per_accelerator_h"]) == pytest.approx((3.93, 0.786))
    assert less["break_even_utilisation"] == pytest.approx(5 * at_list["break_even_utilisation"])
    assert at_list["break_even_utilisation"] < 0.5
    assert "less 80 %" in less["rent_basis"]
    doubtful = facts("own", "what-if-negotiate")["rent_usd_per_accelerator_h"]
    listed = facts("own", "what-if-rent")["rent_usd_per_accelerator_h"]
    assert doubtful == pytest.approx(0.35 * listed)  # between 50 and 80 % off


def test_the_price_of_a_system_is_not_taken_for_that_of_a_bare_accelerator() -> None:
    """A B200's $47,409 are a DGX over eight, so no server comes on top; a V100's $10,664 are of the module alone."""
    for key, usd in (("b200-sxm", 47_409.13), ("v100-sxm2-16gb", 10_664 * 1.665)):
        assert facts("own", key)["inputs"]["server_usd"] == pytest.approx(usd)
    found = facts("own", "b200-sxm", "--set", "ownership.utilisation=1")
    cluster, kw = 47_409.13 / 0.81, 1.82
    by_hand = cluster * 0.1 / (1 - 1.1**-4) + kw * (184 * 12 + 0.0826 * 0.75 * 1.25 * 8760)
    assert found["usd_per_accelerator_h"] == pytest.approx(by_hand / 8760)


def test_a_rent_without_its_host_says_so() -> None:
    for name, alone in (("llama-65b", True), ("b200-sxm", False)):
        words = " ".join(CliRunner().invoke(app, ["own", name]).stdout.split())
        assert ("The rent leaves out the server, which owning has in." in words) == alone
    assert facts("own", "llama-65b")["rent_has_host"] is False


def test_old_prices_are_said_as_a_run_says_them() -> None:
    """A V100 was last priced in 2019 and rented out in 2022; the servers of H100 and A100 are of 2024 and 2021."""
    found = facts("own", "v100-sxm2-32gb")["warnings"]
    assert len(found) == 2
    late = "on 2026-01-01, more than a year after the day of its price"
    assert found[0].startswith(f"Machines are bought {late}: $18,457.5, v100-sxm2-32gb")
    assert "2019-01-11" in found[0]
    assert found[1].startswith(f"Machines are rented {late}: $2.19/h, v100-sxm2-32gb")
    assert facts("own", "v100-sxm2-32gb", "--set", "ownership.server=$9000", "--rent", "$1/h")["warnings"] == []
    assert facts("own", "h200-sxm")["warnings"] == []
    for name, known, newer in (
        ("h100-sxm", "$36,018, Server of 8 H100, per accelerator, 2024-07-31", "$28,750, h100-sxm"),
        ("a100-sxm-80gb", "$37,500, DGX A100, per accelerator, 2021-06-30", "$17,348.56, a100-sxm-80gb"),
    ):
        [said] = facts("own", name, "--rent", "$2/h")["warnings"]
        assert said.startswith(f"Machines are bought {late}: {known}; the price book has {newer}")
        assert facts("own", name, "--set", "ownership.server=$9000", "--rent", "$2/h")["warnings"] == []
    [said] = facts("own", "a100-sxm-80gb", "--set", "ownership.server=$9000")["warnings"]
    assert said.startswith("No provider is named, and the newest price is taken: $4.00/h, a100-sxm-80gb, oracle")
    assert "Seen within the year before: $1.57/h, a100-sxm-80gb, oblivus" in said
    shown = " ".join(CliRunner().invoke(app, ["own", "v100-sxm2-32gb"]).stdout.split())
    assert f"Warning: Machines are bought {late}" in shown


def test_a_run_on_machines_of_an_old_price_says_so(tmp_path: Path) -> None:
    owned = tmp_path / "owned.toml"
    owned.write_text("""extends = 'llama-65b'
without = ['pricing', 'throughput']
start = 2026-01-01
[pricing]
term = 'owned'
[cluster]
accelerator = 'v100-sxm2-32gb'
""")
    said = [warning for warning in scenario(owned).warnings if "Machines are bought" in warning]
    assert len(said) == 1
    assert "purchase, 2019-01-11" in said[0]
    assert not [each for each in scenario(owned, ["start=2019-06-01"]).warnings if "Machines are bought" in each]
    for day, old in (("2022-06-01", False), ("2022-07-02", True), ("2020-06-01", True)):
        sets = [f"start={day}", "cluster.accelerator=a100-sxm-80gb"]
        said = [warning for warning in scenario(owned, sets).warnings if "Machines are bought" in warning]
        assert bool(said) == old
        assert all("DGX A100, per accelerator, 2021-06-30" in warning for warning in said)


def test_what_people_read() -> None:
    shown = CliRunner().invoke(app, ["own", "llama-65b"])
    assert shown.exit_code == 0
    words = " ".join(shown.stdout.split())
    assert "owning is cheaper above" in words
    assert "Staff, support and spare parts are not in it" in words
    unknown = CliRunner().invoke(app, ["own", "tpu-v6e"])
    assert isinstance(unknown.exception, ScenarioError)
    assert "ownership.power" in str(unknown.exception)


def test_nobody_rents_for_nothing() -> None:
    free = CliRunner().invoke(app, ["own", "h100-sxm", "--rent", "$0/h"])
    assert "is zero, and no price is; write one such as" in str(free.exception)


@pytest.mark.parametrize("shares", [("network_share=1",), ("network_share=0.6", "storage_share=0.4")])
def test_network_and_storage_leave_something_for_the_servers(shares: tuple[str, ...]) -> None:
    with pytest.raises(ScenarioError, match=r"ownership\.network_share: leaves nothing for the servers"):
        scenario("what-if-own", [f"ownership.{each}" for each in shares])


def test_machines_that_nobody_uses_are_refused() -> None:
    with pytest.raises(ScenarioError, match=r"ownership\.utilisation: 1e-09 is less than 0\.1 %"):
        scenario("what-if-own", ["ownership.utilisation=1e-9"])


def test_owned_machines_in_a_scenario() -> None:
    found = facts("run", "llama-65b", "--set", "pricing.term=owned", "--set", "ownership.life=5 years", "--set",
                  "ownership.grid=usa", "--replicas", "20")  # fmt: skip
    [paid] = found["pricing"]
    assert paid["term"] == "owned"
    assert "5 years at 80 % in use" in paid["source"]
    hours = found["accelerator_hours"]["mean"]
    assert found["usd"]["mean"] == pytest.approx(paid["usd_per_accelerator_h"] * hours, rel=1e-6)
    assert 1.5 < paid["usd_per_accelerator_h"] < 3


def test_energy_in_run_and_report(tmp_path: Path) -> None:
    found = facts("run", "llama-65b", "--replicas", "20")
    energy = found["energy"]
    assert sum(energy["by_state"].values()) == pytest.approx(energy["mwh"])
    assert sum(energy["by_component"].values()) == pytest.approx(energy["mwh"])
    assert energy["tonnes"] == pytest.approx(energy["mwh"] * 0.430)
    assert energy["by_state"]["idle"] > 0
    page = tmp_path / "report.html"
    CliRunner().invoke(app, ["report", "llama-65b", "--replicas", "20", "-o", str(page)])
    assert "Energy and carbon" in page.read_text(encoding="utf-8")


def test_carbon_has_a_price() -> None:
    sets = ("--set", "energy.carbon_price=$100", "--set", "energy.embodied_kg=150", "--replicas", "20")
    found, plain = facts("run", "llama-65b", *sets), facts("run", "llama-65b", "--replicas", "20")
    [carbon] = [row for row in found["ledger"] if row["phase"] == "carbon"]
    assert carbon["unit"] == "t"
    tonnes = found["energy"]["tonnes"] + found["energy"]["embodied_tonnes"]
    assert carbon["usd"] == pytest.approx(100 * tonnes, abs=0.01)
    assert found["usd"]["mean"] - plain["usd"]["mean"] == pytest.approx(carbon["usd"], abs=0.02)
    assert found["fingerprint"] != plain["fingerprint"]


def test_commitments_bill_idle_and_say_so() -> None:
    found = facts("run", "llama-65b", "--set", "pricing.provider=aws", "--set", "pricing.region=us-east-1", "--set",
                  "pricing.term=commit_1y", "--replicas", "20")  # fmt: skip
    idle = next(row for row in found["ledger"] if row["phase"] == "idle_commitment")
    assert idle["usd"] > 10 * found["usd_by_basis"]["list"]["mean"] / 2
    assert idle["accelerator_hours"] == 0.0
    assert any("does not pay" in remark for remark in found["remarks"])


HALF = """
    [cluster]
    accelerator = "h100-sxm"
    accelerators = 1024
    [[phases]]
    hours = "8000 h"
    hours_kind = "gross"
    [pricing]
    term = "commit_1y"
    rate = "$1.5/h"
    list_rate = "$3/h"
    reserved = 2048
"""


def test_a_run_that_outlasts_its_commitment_says_so(tmp_path: Path) -> None:
    made = tmp_path / "long.toml"
    made.write_text(HALF.replace("8000 h", "10000 h"))
    first, _ = [remark for remark in facts("run", str(made), "--replicas", "1")["remarks"] if "commitment" in remark]
    assert "outlasts its commitment over one year by 52 days" in first


def test_a_commitment_pays_by_its_hours_and_not_by_the_days_of_the_run(tmp_path: Path) -> None:
    """Eleven months on half of what is reserved: 45.7 % of the hours are used where 50 % are needed."""
    made = tmp_path / "half.toml"
    made.write_text(HALF)
    found = facts("run", str(made), "--replicas", "1")
    usd = {name: each["mean"] for name, each in found["usd_by_basis"].items()}
    assert (usd["billed"], usd["list"]) == pytest.approx((2048 * 8760 * 1.5, 1024 * 8000 * 3))
    assert usd["billed"] > usd["list"]
    [words] = [remark for remark in found["remarks"] if "commitment" in remark]
    assert "uses 45.7 % of their hours" in words
    assert words.endswith("for this run alone it does not pay.")
    assert sum(row["usd"] for row in found["ledger"]) == pytest.approx(found["usd"]["mean"], abs=0.1)
    for basis in ("list", "contracted", "effective"):
        rows = sum(row[f"{basis}_usd"] for row in found["ledger"])
        assert rows == pytest.approx(found["usd_by_basis"][basis]["mean"], abs=0.1)


@pytest.mark.parametrize(("rate", "word"), [("$3.90/h", "LOSES"), ("$1/h", "saves")])
def test_spot_can_lose_to_on_demand_and_run_and_report_say_so(rate: str, word: str, tmp_path: Path) -> None:
    sets = ["--set", "pricing.term=spot", "--set", f"pricing.rate={rate}", "--set", "pricing.list_rate=$3.93/h",
            "--set", "pricing.preemption.per_1000_node_days=20", "--replicas", "50"]  # fmt: skip
    found = facts("run", "llama-65b", *sets)
    assert found["stops_by_cause"]["preemption"] > 50
    assert any(f"spot {word}" in remark for remark in found["remarks"])
    CliRunner().invoke(app, ["report", "llama-65b", *sets, "-o", str(tmp_path / "r.html")])
    assert f"spot {word}" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_the_staff_of_a_whole_cluster_is_noticed() -> None:
    whole = facts("own", "h100-sxm", "--set", "ownership.staff_per_year=$400k")
    assert any("staff_per_year counts for each accelerator: $400,000 a year" in text for text in whole["warnings"])
    share = facts("own", "h100-sxm", "--set", "ownership.staff_per_year=$781")
    assert not any("staff" in text for text in share["warnings"])
