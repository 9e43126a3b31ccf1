"""Rows as strangers write them: odd names, units, mixtures, impossible plans; each gives a forecast or a reason."""

import json
from pathlib import Path

import numpy as np
import pytest
import typer
from hypothesis import example, given
from hypothesis import strategies as st
from typer.testing import CliRunner

from analysis.cli.scoreboard_throughput import scoreboard_throughput
from analysis.validation import row_cells as cells
from analysis.validation.throughput import score
from analysis.validation.throughput_cases import case_of, forecast
from analysis.validation.throughput_rows import parse
from simulator.catalogue.reader import CatalogueError
from simulator.workload.stacks import calibrated

PLAIN = {
    "id": "A1", "model": "Llama 2 7B", "seq": "4096", "global_batch": "128", "accelerator": "H100", "count": "64",
    "precision": "bf16", "step_time_s": "1.0", "source": "somebody",
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("A100-SXM4-40GB", "a100-sxm-40gb"), ("NVIDIA A100-SXM4-80GB", "a100-sxm-80gb"), ("8xA100", "a100-sxm-80gb"),
        ("DGX A100 640GB", "a100-sxm-80gb"), ("H100-SXM5-80GB", "h100-sxm"), ("NVIDIA H100 80GB HBM3", "h100-sxm"),
        ("DGX-GB300", "gb300-nvl72"), ("V100-SXM3-32GB", "v100-sxm2-32gb"), ("TPUv4", "tpu-v4"), ("v5p-128", "tpu-v5p"),
        ("TPU v5 lite", "tpu-v5e"), ("v5litepod-256", "tpu-v5e"), ("Trillium", "tpu-v6e"), ("v6e-256", "tpu-v6e"),
        ("AMD Instinct MI300X OAM", "mi300x"), ("Trainium 2", "trainium2"), ("Gaudi 3", "gaudi3"),
        ("AMD Instinct MI325X", "mi325x"), ("MI355X OAM", "mi355x"), ("MI350X", "mi350x"),
        ("H100 PCIe", "h100-pcie"), ("NVIDIA A100-PCIE-40GB", "a100-pcie-40gb"), ("A100 80GB PCIe", "a100-pcie-80gb"),
        ("GH200 120GB", "gh200"), ("NVIDIA L40S-48GB", "l40s"), ("h200", "h200-sxm"),
    ],
)  # fmt: skip
def test_odd_names_of_accelerators(name: str, key: str) -> None:
    assert cells.accelerator(name)[0].key == key


@pytest.mark.parametrize("name", ["H100 NVL", "V100 PCIe"])
def test_another_build_of_a_chip_is_marked_as_a_stand_in(name: str) -> None:
    assert "accelerator" in parse(PLAIN | {"accelerator": name}).inferred


@pytest.mark.parametrize("name", ["", "T4", "Cerebras CS-2", "MI100"])
def test_a_chip_that_nobody_knows_is_a_reason(name: str) -> None:
    with pytest.raises(CatalogueError, match="accelerators"):
        cells.accelerator(name)


def rate(row: dict[str, str]) -> float:
    found = forecast(case_of(parse(row)), calibrated(), {})
    assert 0 < found.low <= found.tokens_per_s <= found.high
    return found.tokens_per_s


@pytest.mark.parametrize(
    "changes",
    [
        {"count": "60", "tp": "8", "pp": "8"}, {"count": "61"}, {"tp": "8", "pp": "2", "dp": "16"}, {"pp": "64"},
        {"count": "512", "global_batch": "16"}, {"tp": "6", "count": "48"}, {"cp": "3", "count": "48"},
        {"seq": "1M", "global_batch": "4"}, {"count": "1", "global_batch": "1"}, {"vpp": "n/a", "ep": "-"},
        {"count": "768->2304"}, {"global_batch": "4M tokens"}, {"global_batch": "4194304"}, {"seq": "8k"},
        {"ep": "8"}, {"model": "Mixtral 8x7B", "ep": "64"}, {"vocab": "0"}, {"tp": "8.0", "pp": "2.0"},
        {"model": "T5-3B", "layers": "24+24", "hidden": "1024", "heads": "32", "ffn": "16384", "seq": "512"},
        {"model": "odd", "params_b": "350M"}, {"model": "tiny", "layers": "2", "hidden": "64", "heads": "2"},
        {"model": "odd", "layers": "32", "hidden": "4096", "heads": "33", "ffn": "11008"}, {"sharding": "HSDP"},
    ],
)  # fmt: skip
def test_odd_rows_have_a_forecast(changes: dict[str, str]) -> None:
    rate(PLAIN | changes)


def test_what_cannot_be_as_stated_is_given_up_and_named() -> None:
    case = case_of(parse(PLAIN | {"tp": "8", "pp": "2", "dp": "16"}))
    assert "dp (not as stated)" in case.row.inferred
    assert np.unique(np.asarray(case.plans.tp)).tolist() == [8]
    assert np.unique(np.asarray(case.plans.dp)).tolist() == [4]


@pytest.mark.parametrize("cell", ["fp8", "FP8-CS", "MXFP8", "float8", "NVFP4", "FP8 (E4M3)"])
def test_low_precision_is_faster(cell: str) -> None:
    assert rate(PLAIN | {"precision": cell}) > 1.1 * rate(PLAIN)


@pytest.mark.parametrize(
    ("words", "total", "active"),
    [
        ({"model": "Acme MoE", "params_b": "1040", "active_b": "32"}, 1040e9, 32e9),
        ({"model": "Acme-100B-A10B"}, 100e9, 10e9),
        ({"model": "Acme 8x7B"}, 46e9, 12.7e9),
        ({"model": "Acme", "params_b": "46.7", "active_b": "12.9", "layers": "32", "hidden": "4096", "heads": "32",
          "kv_heads": "8", "ffn": "14336", "vocab": "32000"}, 46.7e9, 13.5e9),
    ],
)  # fmt: skip
def test_mixtures_that_no_catalogue_has(words: dict[str, str], total: float, active: float) -> None:
    found = parse(PLAIN | words).arch
    assert found.experts is not None
    assert found.parameters == pytest.approx(total, rel=0.1)
    assert found.active_parameters == pytest.approx(active, rel=0.1)


def test_sharded_parameters_stay_gathered_under_a_pipeline() -> None:
    assert parse(PLAIN | {"sharding": "FSDP+TP+PP", "pp": "8", "tp": "8"}).zero == 2
    assert parse(PLAIN | {"sharding": "FSDP"}).zero == 3


@pytest.mark.parametrize(
    ("cells_of_row", "tokens_per_s"),
    [
        ({"step_time_s": "", "measured_quantity": "tok_s_per_dev", "measured_value": "9000"}, 9000),
        ({"step_time_s": "", "measured_quantity": "step_time_s", "measured_value": "2000", "unit": "ms"}, 4096),
        ({"step_time_s": "2.0 s"}, 4096),
        ({"count": "", "tp": "2", "pp": "2", "dp": "16", "step_time_s": "2"}, 4096),
    ],
)
def test_measurements_in_odd_places(cells_of_row: dict[str, str], tokens_per_s: float) -> None:
    assert parse(PLAIN | cells_of_row).tokens_per_s == pytest.approx(tokens_per_s)


def test_shares_and_per_cent_are_the_same_measurement() -> None:
    rates = [parse(PLAIN | {"step_time_s": "", "mfu_pct": cell}).tokens_per_s for cell in ("40", "40%", "0.40")]
    assert rates[0] is not None
    assert rates == [rates[0]] * 3


def test_every_row_of_a_table_is_in_the_json(tmp_path: Path) -> None:
    table = tmp_path / "rows.csv"
    impossible = {"id": "A4", "count": "64", "global_batch": "1", "seq": "64", "model": "t", "params_b": "0.001"}
    rows = [PLAIN, PLAIN | {"id": "A2", "accelerator": "abacus"}, PLAIN | {"id": "A3", "step_time_s": ""}]
    rows.append(PLAIN | impossible)
    names = list(rows[-1])
    lines = [",".join(names)] + [",".join(row.get(name, "") for name in names) for row in rows]
    table.write_text("\ufeff" + "\n".join(lines) + "\n", encoding="utf-8")
    app = typer.Typer()
    app.command()(scoreboard_throughput)
    answer = CliRunner().invoke(app, ["--truth", str(table), "--json"])
    assert answer.exit_code == 0
    found = {row["id"]: row for row in json.loads(answer.stdout)}
    assert set(found) == {"A1", "A2", "A3", "A4"}
    assert found["A1"]["p10"] < found["A1"]["p50"] < found["A1"]["p90"]
    for each in ("A2", "A3", "A4"):
        assert found[each]["p50"] is None
        assert found[each]["reason"]


@given(st.text(alphabet="0123456789.,+-eEkMBT%> x", max_size=12))
@example("0k")
@example("0+0")
def test_any_cell_is_a_number_or_nothing(cell: str) -> None:
    for read in (cells.number, cells.whole, cells.last_whole, cells.context, cells.billions, cells.share):
        found = read(cell)
        assert found is None or found > 0


def test_a_table_of_refused_rows_alone_still_answers(tmp_path: Path) -> None:
    table = tmp_path / "rows.csv"
    table.write_text("id,model,accelerator\nB1,mystery,H100\n", encoding="utf-8")
    scores, refused = score(table)
    assert scores == []
    assert refused[0][0] == "B1"


def test_software_on_a_tpu_that_is_not_maxtext_is_not_taken_for_it() -> None:
    on_tpu = PLAIN | {"accelerator": "TPU v4"}
    assert parse(on_tpu | {"source": "AI-Hypercomputer/maxtext README"}).stack == "maxtext-tpu"
    assert parse(on_tpu | {"source": "stanford-crfm/levanter docs"}).stack == "jax-tpu"
    assert parse(on_tpu).stack == "jax-tpu"


def test_fp4_is_faster_than_fp8_where_the_chip_has_it() -> None:
    big = PLAIN | {"accelerator": "GB300", "model": "Llama 3.1 70B", "tp": "1", "pp": "4", "micro_batch": "1"}
    assert rate(big | {"precision": "NVFP4"}) > 1.2 * rate(big | {"precision": "MXFP8"})
    hopper = big | {"accelerator": "H100", "tp": "4"}
    assert rate(hopper | {"precision": "nvfp4"}) == rate(hopper | {"precision": "fp8"})


def test_torchtitan_repeats_every_second_product_where_it_is_selective() -> None:
    row = PLAIN | {
        "source": "pytorch/torchtitan benchmarks",
        "sharding": "FSDP",
        "accelerator": "H200",
        "micro_batch": "2",
    }
    none, some, full = (rate(row | {"recompute": mode}) for mode in ("none", "selective", "full"))
    assert full < some < none
    assert 1 / some == pytest.approx((1 / none + 1 / full) / 2, rel=0.05)


def test_experts_that_are_guessed_fill_the_ranks_that_are_stated() -> None:
    row = PLAIN | {"model": "Acme 1T-A32B", "accelerator": "GB200", "count": "256", "ep": "32", "global_batch": "2048"}
    guessed = parse(row).arch
    assert guessed.experts is not None
    assert guessed.experts % 32 == 0
    assert guessed.parameters == pytest.approx(1e12, rel=0.1)


def test_a_plain_mlp_of_unusual_width_is_told_from_a_gated_one_by_the_size() -> None:
    shape = {"layers": "80", "hidden": "8192", "heads": "64", "kv_heads": "8", "ffn": "43008", "vocab": "131072"}
    plain = parse(PLAIN | shape | {"model": "Acme", "params_b": "70"}).arch
    assert (plain.gated, plain.parameters) == (False, pytest.approx(70e9, rel=0.03))
    assert parse(PLAIN | shape | {"model": "Acme", "params_b": "100"}).arch.gated
