"""Price files from elsewhere: a SkyPilot catalogue, or a FOCUS bill of one's own, into rows of the price book."""

import csv
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from simulator.catalogue.reader import CatalogueError, entry, fold
from simulator.pricing.book import COLUMNS, PriceError, accelerator_key, provider_key

SENTINEL: Final = 700.0  # what the catalogue writes where it knows no price
CORES_PER_CHIP: Final[Mapping[str, int]] = {"v2": 2, "v3": 2, "v4": 2, "v5p": 2}  # the others are named by chips
TPU_KEYS: Final[Mapping[str, str]] = {"v5litepod": "tpu-v5e", "v5lite": "tpu-v5e"}
NAMES: Final[Mapping[str, str]] = {  # where the catalogue's name alone would mean something else here
    "a100": "a100-sxm-40gb",
    "a100-80gb": "a100-sxm-80gb",
    "a100-80gb-sxm": "a100-sxm-80gb",
    "h100": "h100-sxm",
    "h100-mega": "h100-sxm",
    "v100": "v100-sxm2-16gb",
    "v100-32gb": "v100-sxm2-32gb",
}
INSTANCES: Final[Mapping[str, tuple[str, int]]] = {  # accelerators of machines that a bill names
    "p3.2xlarge": ("v100-sxm2-16gb", 1),
    "p3.8xlarge": ("v100-sxm2-16gb", 4),
    "p3.16xlarge": ("v100-sxm2-16gb", 8),
    "p4d.24xlarge": ("a100-sxm-40gb", 8),
    "p4de.24xlarge": ("a100-sxm-80gb", 8),
    "p5.48xlarge": ("h100-sxm", 8),
    "p5en.48xlarge": ("h200-sxm", 8),
    "p6-b200.48xlarge": ("b200-sxm", 8),
    "standard_nd96asr_v4": ("a100-sxm-40gb", 8),
    "standard_nd96amsr_a100_v4": ("a100-sxm-80gb", 8),
    "standard_nd96isr_h100_v5": ("h100-sxm", 8),
}
_HOSTS: Final = re.compile(r"a2-(?:highgpu|ultragpu|megagpu)-(\d+)g")
_TPU: Final = re.compile(r"tpu-(v\d+[a-z]*)(?:-(\d+))?")

NO_ACCELERATOR = "a machine without an accelerator"
NO_PRICE = "no price"
IS_SENTINEL = f"the price is {SENTINEL:g}, which stands for none"
DUPLICATE = "a duplicate: the same price in another zone"
DEARER = "dearer than the same in another zone"
NOT_USAGE = "no usage: a purchase, tax, credit, adjustment or unused commitment"
NOT_HOURS = "not priced by the hour"
NOT_KNOWN = "the accelerator cannot be told from the row"

Row: TypeAlias = dict[str, str]
Found: TypeAlias = tuple[Sequence[Row], Sequence[str]]  # rows, and reasons why there are no others


class Imported(NamedTuple):
    """Rows of the price book, and what became of the others."""

    form: str  # in words
    read: int
    rows: Sequence[Row]
    dropped: Mapping[str, int]  # prices that were left out, by reason


def read_prices(path: Path, *, provider: str | None = None, day: date | None = None) -> Imported:
    """Read a file of either form; its header tells which.

    Parameters
    ----------
    path : Path
        The CSV.
    provider : str or None
        Of a SkyPilot catalogue; None takes it from the path, as in ``gcp/vms.csv`` or ``gcp.csv``.
    day : date or None
        From when on the prices hold; None holds always. A bill has days of its own.

    Raises
    ------
    PriceError
        When it is no CSV, the header is neither, or no provider is known.
    """
    with path.open(encoding="utf-8-sig", newline="") as text:
        try:
            reader = csv.DictReader(text)
            table, names = list(reader), set(reader.fieldnames or ())
        except (csv.Error, UnicodeDecodeError) as problem:
            raise PriceError(f"this is no CSV in UTF-8: {problem}") from None
    if {"AcceleratorName", "Price", "Region"} <= names:
        who = provider_key(provider) if provider else _provider(path)
        return _catalogue(table, who, day, path.name)
    if {"EffectiveCost", "PricingQuantity", "ChargeCategory"} <= names:
        return _billed(table, path.name)
    raise PriceError("the header is neither that of a SkyPilot catalogue (AcceleratorName, Price, Region) nor that of "
                     "a FOCUS bill (EffectiveCost, PricingQuantity, ChargeCategory)")  # fmt: skip


def written(rows: Sequence[Row]) -> str:
    """Return rows as the CSV of a price file."""
    text = StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _provider(path: Path) -> str:
    known = ("aws", "azure", "gcp", "lambda", "oci", "runpod", "vast", "fluidstack", "paperspace", "cudo", "nebius")
    found = [word for word in (provider_key(path.stem), provider_key(path.parent.name)) if word in known]
    if not found:
        raise PriceError("whose prices are these? Give --provider")
    return found[0]


def _catalogue(table: Sequence[Mapping[str, str]], provider: str, day: date | None, source: str) -> Imported:
    """Read every row, and keep the cheapest of those that say the same."""
    dropped: Counter[str] = Counter()
    kept: dict[tuple[str, ...], Row] = {}
    for seen in table:
        rows, reasons = _offers(seen, provider, day, source)
        dropped.update(reasons)
        for row in rows:
            series = tuple(row[name] for name in ("accelerator", "provider", "region", "term", "instance"))
            before = kept.setdefault(series, row)
            if before is not row:
                old, new = (float(one["usd_per_accelerator_h"]) for one in (before, row))
                dropped[DUPLICATE if old == new else DEARER] += 1
                kept[series] = row if new < old else before
    rows = sorted(kept.values(), key=lambda row: tuple(row[name] for name in ("accelerator", "region", "term")))
    return Imported("SkyPilot catalogue", len(table), rows, dict(dropped))


def _offers(seen: Mapping[str, str], provider: str, day: date | None, source: str) -> Found:
    """Read one row of a catalogue: on-demand and spot price of an accelerator, or of the machine around one."""
    name, instance = (seen.get("AcceleratorName") or "").strip(), (seen.get("InstanceType") or "").strip()
    host = _HOSTS.fullmatch(instance) if provider == "gcp" and not name else None
    if not name and host is None:
        return [], [NO_ACCELERATOR]
    accelerator, count = (_host(instance), float(host[1])) if host else _counted(name, seen.get("AcceleratorCount"))
    gpu_only = provider == "gcp" and not instance and not name.lower().startswith("tpu")
    rows, reasons, on_demand = [], [], _price(seen.get("Price"))
    for column, term in (("Price", "on_demand"), ("SpotPrice", "spot")):
        usd = _price(seen.get(column))
        if usd == SENTINEL:
            reasons.append(IS_SENTINEL)
        elif usd is None and term == "on_demand":
            reasons.append(NO_PRICE)
        elif usd is not None and not (term == "spot" and usd == on_demand):  # repeated where there is no spot
            rows.append({
                "accelerator": accelerator,
                "provider": provider,
                "instance": instance,
                "region": fold(seen.get("Region") or ""),
                "term": {"on_demand": "host", "spot": "host_spot"}[term] if host else term,
                "usd_per_accelerator_h": f"{usd / count:.10g}",
                "host_included": "" if host else str(not gpu_only).lower(),
                "date_from": "" if day is None else day.isoformat(),
                "note": "GPU only, the host is extra" if gpu_only else "machine without its GPUs" if host else "",
                "source": f"SkyPilot catalogue {source}",
                "evidence": "S",
            })  # fmt: skip
    return rows, reasons


def _host(instance: str) -> str:
    return "a100-sxm-80gb" if "ultra" in instance else "a100-sxm-40gb"


def _counted(name: str, count: str | None) -> tuple[str, float]:
    """Return the key of an accelerator and how many the row prices; slices of TPUs by their chips.

    Examples
    --------
    >>> _counted("tpu-v4-8", "1"), _counted("tpu-v5litepod-8", "1"), _counted("tpu-v3", "8"), _counted("A100", "8")
    (('tpu-v4', 4.0), ('tpu-v5e', 8.0), ('tpu-v3', 4.0), ('a100-sxm-40gb', 8.0))
    """
    folded, number = fold(name), _price(count) or 1.0
    tpu = _TPU.fullmatch(folded)
    if tpu is None:
        return accelerator_key(NAMES.get(folded, folded)), number
    generation, size = tpu[1], tpu[2]
    units = float(size) * number if size else number
    return TPU_KEYS.get(generation, f"tpu-{generation}"), units / CORES_PER_CHIP.get(generation, 1)


def _price(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 < value < math.inf else None


def _billed(table: Sequence[Mapping[str, str]], source: str) -> Imported:
    """Read a bill: what an accelerator-hour came to by accelerator, provider, region, term and month."""
    dropped: Counter[str] = Counter()
    sums: dict[tuple[str, ...], list[tuple[float, float]]] = {}
    for seen in table:
        found = _usage(seen)
        if isinstance(found, str):
            dropped[found] += 1
        else:
            sums.setdefault(found[0], []).append(found[1:])
    rows = []
    for (accelerator, provider, region, term, month, host), parts in sorted(sums.items()):
        hours, usd = (math.fsum(part[at] for part in parts) for at in (0, 1))
        rows.append({"accelerator": accelerator, "provider": provider, "region": region, "term": term,
                     "usd_per_accelerator_h": f"{usd / hours:.10g}", "host_included": host, "date_from": month,
                     "note": f"effective cost of {hours:,.0f} accelerator-hours", "source": f"FOCUS bill {source}",
                     "evidence": "P"})  # fmt: skip
    return Imported("FOCUS bill", len(table), rows, dict(dropped))


def _usage(seen: Mapping[str, str]) -> tuple[tuple[str, ...], float, float] | str:
    """Return series, accelerator-hours and effective dollars of a row, or why it has none."""
    if seen.get("ChargeCategory") != "Usage" or seen.get("CommitmentDiscountStatus") == "Unused":
        return NOT_USAGE
    if "hour" not in (seen.get("PricingUnit") or "").lower():
        return NOT_HOURS
    machine = _machine(seen)
    if machine is None:
        return NOT_KNOWN
    quantity, usd = _price(seen.get("PricingQuantity")), _price(seen.get("EffectiveCost"))
    if quantity is None or usd is None:
        return NO_PRICE
    long = "3" in (seen.get("CommitmentDiscountType") or "")
    terms = {"Committed": "commit_3y" if long else "commit_1y", "Dynamic": "spot"}
    series = (
        machine[0],
        provider_key(seen.get("ProviderName") or ""),
        fold(seen.get("RegionId") or ""),
        terms.get(seen.get("PricingCategory") or "", "on_demand"),
        (seen.get("BillingPeriodStart") or "")[:10],
        seen.get("x_HostIncluded") or "true",
    )
    return series, quantity * machine[1], usd


def _machine(seen: Mapping[str, str]) -> tuple[str, float] | None:
    """Return the accelerator that a row of a bill is about, and how many of them an hour of it is."""
    if named := seen.get("x_Accelerator"):
        try:
            return entry("accelerators", named).key, 1.0
        except CatalogueError:
            return fold(named), 1.0
    words = " ".join(_words(seen)).lower()
    for name, (key, count) in INSTANCES.items():
        if re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w.])", words):
            return key, float(count)
    host = _HOSTS.search(words)
    return (_host(host[0]), float(host[1])) if host else None


def _words(seen: Mapping[str, str]) -> Iterator[str]:
    for name in ("ResourceType", "ResourceName", "SkuMeter", "SkuId", "SkuPriceDetails", "ChargeDescription"):
        yield seen.get(name) or ""
