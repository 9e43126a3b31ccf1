"""The facts: each with provenance, in sensible ranges, and equal to the published figures they were taken from."""

import csv
from datetime import date
from pathlib import Path

import pytest

from simulator.catalogue.reader import EVIDENCE, Entry, entry, kinds, read, rows
from tests.beside import truth

ROOT = Path(__file__).parents[3]
CSV_KINDS = ("prices", "prices_stated")
GB = 1e9
TRILLION = 1e12

HARDWARE = {
    "V100-SXM2-32GB": "v100-sxm2-32gb",
    "A100-40GB-SXM": "a100-sxm-40gb",
    "A100-80GB-SXM": "a100-sxm-80gb",
    "A800-80GB": "a800-sxm-80gb",
    "H100-SXM": "h100-sxm",
    "H800": "h800-sxm",
    "H200-SXM": "h200-sxm",
    "B200-SXM": "b200-sxm",
    "B300-SXM": "b300-sxm",
    "GB200": "gb200-nvl72",
    "GB300": "gb300-nvl72",
    "MI250X (2 GCD)": "mi250x",
    "MI300X": "mi300x",
    "TPU v3": "tpu-v3",
    "TPU v4": "tpu-v4",
    "TPU v5e": "tpu-v5e",
    "TPU v5p": "tpu-v5p",
    "TPU v6e": "tpu-v6e",
    "TPU v7": "tpu-v7",
    "Trainium1": "trainium1",
    "Trainium2": "trainium2",
    "Gaudi2": "gaudi2",
    "Gaudi3": "gaudi3",
}


def collected(name: str) -> list[dict[str, str]]:
    with truth(name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def first_number(text: str) -> float | None:
    word = text.split(" ")[0].split("-")[0]
    return float(word) if word else None


def with_parts(found: Entry) -> list[Entry]:
    return [found, *(below for part in found.parts.values() for below in with_parts(part))]


@pytest.mark.parametrize("kind", kinds())
def test_every_entry_states_source_date_and_evidence(kind: str) -> None:
    assert read(kind)
    for found in (below for top in read(kind).values() for below in with_parts(top)):
        assert len(found.source) > 3, found.key
        assert date(2010, 1, 1) <= date.fromisoformat(found.date), found.key
        assert found.evidence in EVIDENCE


@pytest.mark.parametrize("kind", CSV_KINDS)
def test_every_row_states_source_date_and_evidence(kind: str) -> None:
    assert rows(kind)
    for row in rows(kind):
        assert row["source"]
        assert date(2010, 1, 1) <= date.fromisoformat(row["date_from"])
        assert row["evidence"] in EVIDENCE


@pytest.mark.parametrize("kind", ["accelerators", "systems", "datasets", "failures"])
def test_figures_are_finite_and_positive(kind: str) -> None:
    for found in (below for top in read(kind).values() for below in with_parts(top)):
        for name, value in found.values.items():
            if isinstance(value, float) and name not in ("nodes_lost", "detection_s"):
                assert 0 < value < 1e18, (found.key, name)


def test_hardware_equals_the_collected_table() -> None:
    seen = set()
    for row in collected("hardware.csv"):
        found = entry("accelerators", HARDWARE[row["chip"]])
        seen.add(found.key)
        assert found.number("peak_bf16_flop_per_s") == pytest.approx(first_number(row["bf16_dense_tflops"]) * TRILLION)
        assert found.number("hbm_bytes") == first_number(row["hbm_gb"]) * 2**30
        assert found.number("hbm_bytes_per_s") == pytest.approx(first_number(row["hbm_tb_per_s"]) * TRILLION)
        for field, column in (("peak_fp8_flop_per_s", "fp8_dense_tflops"), ("power_w", "power_w")):
            expected = first_number(row[column])
            scale = TRILLION if column.endswith("tflops") else 1.0
            assert found.get_number(field) == (None if expected is None else pytest.approx(expected * scale)), row[
                "chip"
            ]
        assert ("unverified" in row["power_w"]) == (
            "power_w" in found.unverified and found.key not in ("a800-sxm-80gb", "h800-sxm")
        )
        if row["status"] == "conflict":
            assert found.unverified
    later = {
        "mi325x",
        "mi350x",
        "mi355x",
        "a100-pcie-40gb",
        "a100-pcie-80gb",
        "h100-pcie",
        "gh200",
        "l40s",
    }  # than the table
    assert seen | later | {"v100-sxm2-16gb"} == set(read("accelerators"))


def test_measured_products_stay_below_the_peak() -> None:
    """The best matrix product that somebody measured is 51 % (MI300X) to 97 % (Gaudi 2) of what the sheet says."""
    pairs = (
        ("achievable_gemm_flop_per_s", "peak_bf16_flop_per_s"),
        ("achievable_fp8_flop_per_s", "peak_fp8_flop_per_s"),
    )
    for found in read("accelerators").values():
        for measured, peak in pairs:
            if rate := found.get_number(measured):
                assert 0.5 < rate / found.number(peak) < 0.97, (found.key, measured)


def test_chips_that_are_priced_by_the_hour_can_be_planned_with() -> None:
    """But for chips from before 2020, two that nobody trains on, and rows whose memory nobody stated."""
    old = {"k80", "k80-card", "p100-any", "p100-pcie-16gb", "p100-sxm2-16gb", "tpu-v1", "tpu-v2", "v100-any",
           "v100-pcie-16gb", "v100-pcie-32gb", "v100-sxm3-32gb"}  # fmt: skip
    vague = {"a100-any", "a100-pcie-any"}
    left_out = {"a6000", "h100-nvl", "mi250", "mi300a"}  # a card for workstations, and builds that nobody has asked for
    priced = {row["accelerator"] for row in rows("prices")}
    assert priced - set(read("accelerators")) == old | vague | left_out


def test_a_v100_has_half_a_port_of_its_server() -> None:
    """A DGX-1 has four ports of 100 Gb/s for eight GPUs, a DGX-2 eight for sixteen (NVIDIA, DGX-1 white paper)."""
    for key in ("v100-sxm2-16gb", "v100-sxm2-32gb"):
        assert entry("accelerators", key).number("nic_bytes_per_s") == 4 * 100e9 / 8 / 8


def test_quartiles_of_efficiency_are_ordered_and_marked_when_assumed() -> None:
    for found in read("accelerators").values():
        low, middle, high = (found.number(f"mfu_p{q}") for q in (25, 50, 75))
        assert 0.1 <= low < middle < high <= 0.65
        assert (found.text("mfu_basis") == "published") == ("mfu_p25" not in found.unverified)


def test_systems_use_known_accelerators_and_published_sizes() -> None:
    for found in read("systems").values():
        accelerator = entry("accelerators", found.text("accelerator"))
        assert found.number("accelerators_per_node") == accelerator.number("accelerators_per_node")
    sizes = {"meta-llama3-24k": 24576, "tpu-v4-pod": 4096, "jean-zay-a100": 416, "meta-rsc-1": 16384, "ibm-vela": 2880}
    for key, accelerators in sizes.items():
        found = entry("systems", key)
        assert found.number("nodes") * found.number("accelerators_per_node") == accelerators


def test_llama_1_mix_is_the_sum_of_its_published_rows() -> None:
    gigabytes = (3300, 783, 328, 83, 85, 92, 78)
    assert entry("datasets", "llama-1-mix").number("bytes") == sum(gigabytes) * GB


def test_redpajama_is_the_sum_of_its_parts() -> None:
    found = entry("datasets", "redpajama-1")
    parts = sum(
        value for name, value in found.values.items() if name.startswith("tokens_") and isinstance(value, float)
    )
    assert found.number("tokens") == parts


def test_llama_3_causes_equal_the_published_table() -> None:
    causes = entry("failures", "llama-3").parts
    published = collected("llama3_interruptions.csv")
    assert {name: (cause.text("kind"), cause.number("count")) for name, cause in causes.items()} == {
        row["cause"]: (row["kind"], float(row["count"])) for row in published
    }


def test_llama_3_rates_sum_to_the_published_totals() -> None:
    causes = entry("failures", "llama-3").parts.values()
    unexpected = [cause for cause in causes if cause.text("kind") != "planned"]
    assert len(unexpected) == 18
    assert sum(cause.number("count") for cause in unexpected) == 419
    assert sum(cause.number("rate_per_1000_node_days") for cause in unexpected) == pytest.approx(3.79, abs=0.005)
    assert sum(cause.number("rate_per_1000_node_days") for cause in causes) == pytest.approx(4.21, abs=0.005)


def test_intervals_are_exact_poisson_where_a_count_is_known() -> None:
    from scipy.stats import chi2

    checked = 0
    for cause in (part for catalogue in read("failures").values() for part in catalogue.parts.values()):
        low, rate, high = (cause.number(f"rate_{name}") for name in ("low", "per_1000_node_days", "high"))
        assert low < rate < high
        if cause.get_number("count") is None:
            assert {"rate_low", "rate_high"} <= set(cause.unverified)
            continue
        count, exposure = cause.number("count"), cause.number("exposure_node_days")
        assert rate == pytest.approx(1000 * count / exposure, rel=1e-3)
        assert low == pytest.approx(1000 * chi2.ppf(0.025, 2 * count) / 2 / exposure, rel=1e-4)
        assert high == pytest.approx(1000 * chi2.ppf(0.975, 2 * count + 2) / 2 / exposure, rel=1e-4)
        checked += 1
    assert checked == 26


def test_every_cause_has_the_fields_that_a_simulation_needs() -> None:
    for catalogue in read("failures").values():
        for cause in catalogue.parts.values():
            assert cause.text("kind") in ("fail_stop", "hang", "slow", "silent", "planned")
            assert cause.text("blast") in ("accelerator", "host", "rack", "cube", "pod", "cluster")
            assert cause.text("counts_as") in ("hardware", "all_cause")
            assert cause.number("node_accelerators") in (4.0, 8.0)
            assert cause.number("detection_s") >= 0
            assert cause.text("detection_source")
            assert cause.number("nodes_lost") >= 0
            if cause.number("nodes_lost"):
                assert cause.number("repair_median_s") < cause.number("repair_mean_s")
                assert cause.text("repair_source")


@pytest.mark.parametrize(("key", "rate"), [("rsc-1", 6.50), ("rsc-2", 2.34), ("meta-100k", 6.4), ("megascale", 1.86)])
def test_single_cause_rates_are_the_published_ones(key: str, rate: float) -> None:
    [cause] = entry("failures", key).parts.values()
    assert cause.number("rate_per_1000_node_days") == pytest.approx(rate, rel=0.005)


def test_opt_lies_in_its_published_range() -> None:
    [cause] = entry("failures", "opt-175b").parts.values()
    assert 13 <= cause.number("rate_per_1000_node_days") <= 16


def test_no_failures_means_no_causes() -> None:
    assert not entry("failures", "none").parts


def test_mttf_of_rsc_1_at_16384_gpus() -> None:
    """Published projection: 1.80 h at 16,384 and 0.23 h at 131,072 GPUs (arXiv 2410.21680)."""
    [cause] = entry("failures", "rsc-1").parts.values()
    per_node_h = cause.number("rate_per_1000_node_days") / 1000 / 24
    assert 1 / (per_node_h * 16384 / 8) == pytest.approx(1.80, rel=0.02)
    assert 1 / (per_node_h * 131072 / 8) == pytest.approx(0.225, rel=0.02)
