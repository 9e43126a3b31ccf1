"""Normalise the collected price observations into the project's price book.

``python -m analysis.validation.import_prices ../shared/truth/prices.csv simulator/catalogue/prices.csv``

The collection has one observation a row with up to five prices. Here each price becomes a row of its own, per
accelerator-hour (purchase: per accelerator), valid until the same series was observed again. Every observation is
carried or dropped with a reason; the reasons are printed.
"""

import csv
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from simulator.pricing.book import COLUMNS

ACCELERATORS: Final[Mapping[str, str]] = {
    "AMD Instinct MI300A": "mi300a",
    "AMD Instinct MI300X": "mi300x",
    "AMD Radeon Instinct MI250": "mi250",
    "AMD Radeon Instinct MI250X": "mi250x",
    "Google TPU v1": "tpu-v1",
    "Google TPU v2": "tpu-v2",
    "Google TPU v3": "tpu-v3",
    "Google TPU v4": "tpu-v4",
    "Google TPU v5e": "tpu-v5e",
    "Google TPU v5p": "tpu-v5p",
    "Google TPU v6e Trillium": "tpu-v6e",
    "NVIDIA A100": "a100-any",
    "NVIDIA A100-80GB PCIe": "a100-pcie-80gb",
    "NVIDIA A100 PCIe": "a100-pcie-any",
    "NVIDIA A100 SXM4 40 GB": "a100-sxm-40gb",
    "NVIDIA A100 SXM4 80 GB": "a100-sxm-80gb",
    "NVIDIA A6000": "a6000",
    "NVIDIA B200": "b200-sxm",
    "NVIDIA B200 SXM": "b200-sxm",
    "NVIDIA GH200": "gh200",
    "NVIDIA H100 NVL": "h100-nvl",
    "NVIDIA H100 PCIe": "h100-pcie",
    "NVIDIA H100 SXM": "h100-sxm",
    "NVIDIA H100 SXM5 80GB": "h100-sxm",
    "NVIDIA H200 SXM": "h200-sxm",
    "NVIDIA L40S": "l40s",
    "NVIDIA P100": "p100-any",
    "NVIDIA Tesla K80": "k80",
    "NVIDIA Tesla P100 PCIe 16GB": "p100-pcie-16gb",
    "NVIDIA Tesla P100 SXM2": "p100-sxm2-16gb",
    "NVIDIA Tesla V100 DGXS 16 GB": "v100-sxm2-16gb",
    "NVIDIA Tesla V100 DGXS 32 GB": "v100-sxm2-32gb",
    "NVIDIA Tesla V100 PCIe 16 GB": "v100-pcie-16gb",
    "NVIDIA Tesla V100 PCIe 32 GB": "v100-pcie-32gb",
    "NVIDIA Tesla V100 SXM2": "v100-sxm2-16gb",
    "NVIDIA Tesla V100 SXM2 16 GB": "v100-sxm2-16gb",
    "NVIDIA Tesla V100 SXM2 32 GB": "v100-sxm2-32gb",
    "NVIDIA Tesla V100 SXM3 32 GB": "v100-sxm3-32gb",
    "NVIDIA V100": "v100-any",
    "(host only) GCP a2-ultragpu-8g": "a100-sxm-80gb",
    "(host only) GCP a2-highgpu-8g": "a100-sxm-40gb",
    "(host only) GCP a3-highgpu-1g": "h100-sxm",
}
PROVIDERS: Final[Mapping[str, str]] = {
    "Amazon Web Services": "aws",
    "Google Cloud": "gcp",
    "Microsoft Azure": "azure",
    "Lambda Labs": "lambda",
    "Oblivus Cloud": "oblivus",
    "Oracle Cloud": "oracle",
    "Cudo Compute": "cudo",
    "PURCHASE": "purchase",
}
REGIONS: Final[Mapping[tuple[str, str], str]] = {
    ("gcp", "Iowa"): "us-central1",
    ("gcp", "Oregon"): "us-west1",
    ("gcp", "Belgium"): "europe-west1",
    ("gcp", "East US"): "us-east",
    ("aws", "US East"): "us-east-1",
    ("aws", "East US"): "us-east-1",
    ("azure", "East US"): "eastus",
    ("azure", "West US 2"): "westus2",
    ("azure", "Central US"): "centralus",
}
TERMS: Final[Mapping[str, str]] = {
    "on_demand_usd_per_accel_hour": "on_demand",
    "spot_usd_per_accel_hour": "spot",
    "commit_1y_usd_per_accel_hour": "commit_1y",
    "commit_3y_usd_per_accel_hour": "commit_3y",
    "purchase_usd_per_accel": "purchase",
}
HOST_TERMS: Final[Mapping[str, str]] = {"on_demand": "host", "spot": "host_spot"}
UNDATED: Final = "2026-01-01"

K80_UNIT = "unit unclear: a K80 card holds two GPUs and this provider's other rows price one"
UNKNOWN_NAME = "accelerator not identified"
NO_PRICE = "no price above zero"


class Outcome(NamedTuple):
    """What became of the observations: rows of the price book, and what was dropped, by reason."""

    rows: Sequence[Mapping[str, str]]
    carried: int
    dropped: Mapping[int, str]  # index of the observation, from 0


def normalise(observations: Iterable[Mapping[str, str]]) -> Outcome:
    """Turn observations into rows of the price book.

    Parameters
    ----------
    observations : iterable of mapping
        Rows of the collection.

    Returns
    -------
    Outcome
        Rows in the order of accelerator, provider, region, term and date.
    """
    rows: list[dict[str, str]] = []
    dropped: dict[int, str] = {}
    carried = 0
    for index, seen in enumerate(observations):
        reason = _reason_to_drop(seen)
        made = [] if reason else list(_rows(seen))
        if made:
            rows += made
            carried += 1
        else:
            dropped[index] = reason or NO_PRICE
    rows.sort(key=lambda row: (*_series(row), row["date_from"], _price(row)))
    _close(rows)
    return Outcome(rows, carried, dropped)


def _reason_to_drop(seen: Mapping[str, str]) -> str | None:
    if seen["accelerator"] not in ACCELERATORS:
        return UNKNOWN_NAME
    if seen["accelerator"] == "NVIDIA Tesla K80" and seen["provider"] == "Google Cloud" and not seen["instance"]:
        return K80_UNIT
    return None


def _rows(seen: Mapping[str, str]) -> Iterator[dict[str, str]]:
    provider = PROVIDERS.get(seen["provider"], seen["provider"].lower().removesuffix(".sh"))
    host_only = seen["accelerator"].startswith("(host only)")
    day, day_note = _day(seen["date"])
    for column, term in TERMS.items():
        if not seen[column] or float(seen[column]) <= 0 or (term == "spot" and _is_no_spot(seen)):
            continue
        for region in _regions(provider, seen["region"]):
            yield {
                "accelerator": _accelerator(seen, term),
                "provider": provider,
                "instance": _instance(seen["instance"]),
                "region": region,
                "term": HOST_TERMS[term] if host_only else term,
                "usd_per_accelerator_h": "" if term == "purchase" else seen[column],
                "usd_per_accelerator": seen[column] if term == "purchase" else "",
                "host_included": "" if host_only else _has_host(seen, term),
                "date_from": day,
                "date_to": "",
                "note": "; ".join(note for note in (*_notes(seen, term), day_note) if note),
                "source": seen["source"].split(" (file last")[0],
                "evidence": "S",
            }


def _accelerator(seen: Mapping[str, str], term: str) -> str:
    key = ACCELERATORS[seen["accelerator"]]
    label = f"{seen['accelerator']} {seen['instance']}".replace(" ", "").upper()
    if key == "a100-pcie-any":
        return "a100-pcie-80gb" if "80GB" in label else "a100-pcie-40gb" if "40GB" in label else key
    if key == "v100-any" and "16GB" in label:
        return "v100-sxm2-16gb"
    if key == "k80" and term == "purchase":
        return "k80-card"
    return key


def _has_host(seen: Mapping[str, str], term: str) -> str:
    """Say whether the machine around the accelerators is in the price: of a purchase, if a whole system was priced."""
    return str(_system(seen) is not None if term == "purchase" else not _is_gpu_only(seen)).lower()


def _system(seen: Mapping[str, str]) -> str | None:
    """Return by how many accelerators the price of a system was divided, or None for one accelerator alone."""
    found = re.search(r"system price / (\d+)", seen["note"])
    return found and found[1]


def _is_gpu_only(seen: Mapping[str, str]) -> bool:
    """Whether the price leaves the virtual machine out: Google's list of GPU prices, before A3 machines."""
    named = seen["instance"] not in ("", "16 GB HBM2")
    return seen["provider"] == "Google Cloud" and seen["accelerator"].startswith("NVIDIA") and not named


def _is_no_spot(seen: Mapping[str, str]) -> bool:
    return float(seen["spot_usd_per_accel_hour"]) >= float(seen["on_demand_usd_per_accel_hour"] or "inf")


def _regions(provider: str, text: str) -> Sequence[str]:
    return [_region(provider, part.strip()) for part in text.split(",")] if text else [""]


def _region(provider: str, text: str) -> str:
    code = re.search(r"\(([a-z]+-[a-z]+\d)\)", text)
    if code:
        return code[1]
    place = re.sub(r"\s*\(.*\)", "", text)
    if (provider, place) in REGIONS:
        return REGIONS[provider, place]
    return re.sub(r"^([a-z]+-[a-z]+\d)-[a-z]$", r"\1", place.lower())


def _instance(text: str) -> str:
    return "" if text.startswith("https:") else " ".join(text.split())


def _day(text: str) -> tuple[str, str]:
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return text, ""
    return UNDATED, f"date as collected: {text}"


def _notes(seen: Mapping[str, str], term: str) -> Iterator[str]:
    text = seen["note"]
    if system := _system(seen):
        yield f"price of a system divided by {system}"
    if re.search(r"estimat", text, re.IGNORECASE):
        yield "estimate, not a sale"
    if re.search(r"euro|EUR\b", text, re.IGNORECASE):
        yield "converted from euros"
    if seen["accelerator"].startswith("Google TPU v") and term != "purchase":
        yield "per chip"
    if seen["accelerator"].startswith("(host only)"):
        yield "virtual machine without its GPUs, to be added to a GPU-only price"
        if "local SSD" in text:
            yield "local SSD is extra"
    elif _is_gpu_only(seen):
        yield "GPU only, the host is extra"
    if seen["spot_usd_per_accel_hour"] and _is_no_spot(seen):
        yield "the source repeats this price as spot: no spot"


def _series(row: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(row[name] for name in ("accelerator", "provider", "region", "term", "host_included"))


def _price(row: Mapping[str, str]) -> float:
    return float(row["usd_per_accelerator_h"] or row["usd_per_accelerator"])


def _close(rows: Sequence[dict[str, str]]) -> None:
    """End each row on the day before its series was observed again; purchases stay single days of a market."""
    days: dict[tuple[str, ...], set[str]] = {}
    for row in rows:
        days.setdefault(_series(row), set()).add(row["date_from"])
    for row in rows:
        later = [day for day in days[_series(row)] if day > row["date_from"]]
        if later and row["term"] != "purchase":
            row["date_to"] = (date.fromisoformat(min(later)) - timedelta(days=1)).isoformat()


def main(arguments: Sequence[str]) -> int:
    """Read the collection, write the price book, and print what was carried and dropped."""
    if len(arguments) != 2:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    with Path(arguments[0]).open(encoding="utf-8", newline="") as collected:
        outcome = normalise(csv.DictReader(collected))
    with Path(arguments[1]).open("w", encoding="utf-8", newline="") as book:
        writer = csv.DictWriter(book, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(outcome.rows)
    sys.stdout.write(f"{outcome.carried} observations carried as {len(outcome.rows)} rows\n")
    for reason, count in Counter(outcome.dropped.values()).items():
        sys.stdout.write(f"{count} dropped: {reason}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
