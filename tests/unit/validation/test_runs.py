"""The scoreboard of published runs: what is read out of cells, what is fitted, and what is printed."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from analysis.cli.main import app
from analysis.validation.run_rows import PublishedRun, load, parse, scorable
from analysis.validation.runs import dollar_errors, plain, score, summarise
from analysis.validation.runs_fit import OUT, fit, fit_without, log_mfu, text
from simulator.scenario.api import scenario

ROW = {"run": "Somebody's 7B", "tokens_T": "1", "params_active_B": "7", "accelerator": "A100-80GB", "count": "512",
       "accelerator_hours": "100000", "hours_kind": "net"}  # fmt: skip


def run(**cells: str) -> PublishedRun:
    return parse({**ROW, **cells}, "row-1")


def test_a_row_is_read() -> None:
    found = run(price_basis="$2.00/A100-h x 100,000 h = $0.2M", mfu_pct="38-43", global_batch_tokens="1M->4M")
    assert (found.id, found.tokens, found.active_parameters) == ("Somebody's 7B", 1e12, 7e9)
    assert (found.usd, found.usd_per_accelerator_h, found.batch_tokens) == (200_000.0, 2.0, 4e6)
    assert found.mfu == pytest.approx(0.405)
    assert found.kind == "net"
    assert found.accelerator is not None
    assert found.accelerator.key == "a100-sxm-80gb"


@pytest.mark.parametrize(
    ("cells", "name", "value"),
    [
        ({"hours_kind": "gross (likely)"}, "kind", "gross"),
        ({"hours_kind": ""}, "kind", "gross"),
        ({"hours_kind": "derived (FLOPs)"}, "measured", False),
        ({"accelerator_hours": "", "wall_days": "10"}, "accelerator_hours", 512 * 240.0),
        ({"accelerator_hours": "", "wall_days": "~75"}, "accelerator_hours", None),
        ({"accelerator": "TPU v3 (8-core board)"}, "units", 4),
        ({"count": "768->1536->2304"}, "accelerators", 2304),
        ({"count": ""}, "accelerators", None),
        ({"mfu_pct": "~60 claimed"}, "mfu", 0.6),
        ({"mfu_pct": "19.5 of FP8 peak"}, "mfu", 0.39),
        ({"mfu_pct": "none"}, "mfu", None),
        ({"notes": "380 tok/s/GPU stated"}, "tokens_per_s", 380.0),
        ({"price_basis": "$24/h node (somewhere)"}, "usd_per_accelerator_h", 3.0),
        ({"price_basis": "1000 h x $3.22 list"}, "usd_per_accelerator_h", 3.22),
        ({"price_basis": "$2.50 per GPU-hour"}, "usd_per_accelerator_h", 2.5),
        ({"price_basis": "$0/h, a gift"}, "usd_per_accelerator_h", None),
        ({"price_basis": "100 h x $0"}, "usd_per_accelerator_h", None),
        ({"price_basis": "press: ~$10M all-in"}, "usd_per_accelerator_h", None),
        ({"usd": "73"}, "usd", 73.0),
        ({"tokens_T": ""}, "reason", "no tokens"),
        ({"tokens_T": "nan"}, "reason", "no tokens"),
    ],
)
def test_cells(cells: dict[str, str], name: str, value: object) -> None:
    assert getattr(run(**cells), name) == (pytest.approx(value) if isinstance(value, float) else value)


def test_rows_without_almost_anything_are_refused_with_a_reason(tmp_path: Path) -> None:
    file = tmp_path / "few.csv"
    file.write_text("run,accelerator,tokens_T,params_active_B\nX-1,unknown-9000,1,7\nY,H100,,\n,H100,1,7\nZ,H100,2,8\n")
    found = score(file)
    assert [each.id for each in found] == ["X-1", "Y", "row-3", "Z"]
    assert "unknown-9000" in found[0].reason
    assert found[1].hours is None
    assert found[3].hours is not None
    assert not any(each.scored for each in found)
    json.dumps([plain(each) for each in found], allow_nan=False)


def test_the_parameter_file_is_what_the_script_writes() -> None:
    runs = scorable(load(None))
    assert text(fit(runs), runs) == OUT.read_text(encoding="utf-8")


def test_a_fit_recovers_what_made_the_data_and_leaves_one_out() -> None:
    """Hours made from one MFU for each family: the fit finds them, but for what the prior holds back."""
    runs = [run(run=f"r{number}", accelerator=name, accelerator_hours="1", hours_kind=kind)
            for number, (name, kind) in enumerate([("A100-80GB", "net"), ("H100", "net"), ("A100-80GB", "gross"),
                                                   ("H100", "gross")] * 10)]  # fmt: skip
    level = {"ampere": math.log(0.4), "hopper": math.log(0.3)}
    made = [
        PublishedRun(**{name: getattr(each, name) for name in each.__slots__}
                     | {"accelerator_hours": math.exp(log_mfu(each) - level[each.generation]
                                                      - (0.2 if each.kind == "net" else 0.0))})
        for each in runs
    ]  # fmt: skip
    found = fit(made)
    for each in made:
        assert found.log_mfu(each) == pytest.approx(log_mfu(each), abs=0.01)
    assert found.sigma < 0.02
    assert not np.allclose(fit_without(made, "r0"), found.coefficients, rtol=1e-12, atol=0)


@pytest.mark.no_cover
def test_the_board_keeps_its_promises_on_the_catalogue() -> None:
    """Targets of theory/cost.md section 6, on all runs of the catalogue; each is predicted without itself."""
    scores = score()
    lines = {line.name.split(",")[0]: line for line in summarise(scores)}
    best = lines["published"]
    assert best.runs >= 45
    assert best.median_error <= 0.18
    assert best.within_30 >= 0.70
    assert best.within_2 >= 0.97
    assert best.coverage is not None
    assert 0.7 <= best.coverage <= 0.9
    assert best.width is not None
    assert best.width < 2.0
    assert best.median_error < min(lines[name].median_error for name in lines if name.startswith("baseline"))
    assert lines["with one stated MFU or tokens/s"].median_error <= 0.10
    errors = dollar_errors(scores)
    assert len(errors) >= 8
    assert all(abs(error) <= 0.10 for _, error in errors)


def test_commands(tmp_path: Path) -> None:
    file = tmp_path / "runs.csv"
    file.write_text(",".join(ROW) + "\n" + ",".join(ROW.values()) + "\n")
    [row] = json.loads(CliRunner().invoke(app, ["scoreboard", "runs", "--truth", str(file), "--json"]).stdout)
    assert row["id"] == "Somebody's 7B"
    assert row["published"] == 100000.0
    assert row["p10"] < row["p50"] < row["p90"]
    assert row["usd"]["p50"] == pytest.approx(row["p50"] * row["usd_per_accelerator_h"], abs=0.01)
    assert set(row["baselines"]) == {"mfu_50", "mfu_37.5"}
    shown = CliRunner().invoke(app, ["scoreboard", "runs", "--truth", str(file), "--out", str(tmp_path / "b.md")])
    assert shown.exit_code == 0
    assert "Somebody's 7B" in shown.stdout
    assert "| Somebody's 7B | net | 100,000 |" in (tmp_path / "b.md").read_text()
    for bad in ("run\n", "a,b\n1,2\n"):
        file.write_text(bad)
        refused = CliRunner().invoke(app, ["scoreboard", "runs", "--truth", str(file)])
        assert refused.exit_code == 2
    assert CliRunner().invoke(app, ["scoreboard", "runs", "--truth", str(tmp_path / "no.csv")]).exit_code == 2


def test_a_scenario_may_ask_for_the_experience_of_runs(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[model]\narchitecture = 'llama-7b'\n[data]\ntokens = '1T tokens'\n[cluster]\n"
                    "accelerator = 'tpu-v6e'\naccelerators = 256\n[throughput]\nmethod = 'runs'\n[pricing]\n"
                    "rate = '$1/h'\n")  # fmt: skip
    found = scenario(file)
    assert found.efficiency_sigma == pytest.approx(0.25, abs=0.02)
    assert found.stages[0].mfu == pytest.approx(0.312 * 1.33, abs=0.02)
    assert any("the efficiency is that of others" in warning for warning in found.warnings)
    file.write_text(file.read_text().replace("llama-7b", "llama-3.2-1b"))
    assert scenario(file).efficiency_sigma > 1.8 * found.efficiency_sigma  # hours of small models scatter more


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfe\x00\x01", "no CSV in UTF-8"),
        (b"run,accelerator\nx," + b"9" * 200_000 + b"\n", "line 2"),
        (b"run;accelerator\nx;H100\n", "no column run"),
        (b"", "no column run"),
    ],
)
def test_files_that_are_no_table_are_refused_in_one_line(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "runs.csv").write_bytes(content)
    for target in (tmp_path / "runs.csv", tmp_path):
        done = CliRunner().invoke(app, ["scoreboard", "runs", "--truth", str(target)], catch_exceptions=False)
        assert done.exit_code == 2
        assert target == tmp_path or words in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_rows_say_what_their_dollars_lack(tmp_path: Path) -> None:
    """A byte order mark, quoted commas, extra cells, unknown accelerators and cells of nonsense are no trouble."""
    (tmp_path / "runs.csv").write_text(
        "run,accelerator,tokens_T,params_active_B,accelerator_hours,usd,price_basis,extra\n"
        '"A, B",NVIDIA Foo 9,1,7,100,200,"$2.00/h, list",z\n'
        "C,H100,1,7,1e5,200000,$2/h,,,,\n"
        "D,H100,1,7,1e5,,$0/h,\n"
        "E,H100,-1,abc,inf,nan,,\n",
        encoding="utf-8-sig",
    )
    found = {each.id: each for each in score(tmp_path / "runs.csv")}
    assert found["A, B"].usd_reason == "no accelerator of the catalogue"
    assert found["C"].usd_reason == ""
    assert found["D"].usd_reason == "no price, no dollars"
    assert found["E"].usd_reason == "no hours, no price, no dollars"
    shown = CliRunner().invoke(app, ["scoreboard", "runs", "--truth", str(tmp_path / "runs.csv")]).stdout
    assert "Dollars: 1 of 4 rows state hours, price and dollars, the worst 0.0 % off" in " ".join(shown.split())
