"""Rows of a table of measured step times: what was trained, on what, by which stack, and how fast.

A table has the columns of `COLUMNS`; any may be missing or blank. What is blank and matters is inferred by one stated
rule, the same for each row, and named in `Row.inferred`.
"""

import csv
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from simulator.catalogue.reader import CatalogueError, Entry, entry, fold, read
from simulator.workload.architecture import Architecture, architecture, training_flops

COLUMNS = (
    "id", "model", "params_b", "layers", "hidden", "heads", "kv_heads", "ffn", "vocab", "seq", "global_batch",
    "micro_batch", "accelerator", "count", "tp", "pp", "dp", "cp", "ep", "vpp", "sharding", "recompute", "precision",
    "step_time_s", "tok_s_per_dev", "tflops_per_dev", "mfu_pct", "flop_convention", "mem_gib", "source", "notes",
    "split",
)  # fmt: skip
DEFAULT_BATCH_TOKENS = 2**21  # when a row states no batch
DEFAULT_COUNT = 64  # when neither count nor degrees are stated
GENERATIONS = {
    "h100": "h100-sxm", "h200": "h200-sxm", "gb200": "gb200-nvl72", "gb300": "gb300-nvl72", "b200": "b200-sxm",
    "b300": "b300-sxm", "a100": "a100-sxm-80gb", "v100": "v100-sxm2-32gb",
}  # fmt: skip
GATED = re.compile(r"llama|mistral|mixtral|qwen|deepseek|grok|gemma|smollm|palm|dbrx", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measurement. Degrees that the source leaves out are None."""

    id: str
    source: str
    split: str
    model: str
    arch: Architecture
    accelerator: Entry
    halves: int  # 2 where the row counts half a device, such as one die of an MI250X
    stack: str
    seq: int
    global_batch: float
    count: int | None
    degrees: Mapping[str, int | None]
    zero: int | None
    fully_sharded: bool  # stated to be sharded over data parallelism alone
    recompute: str | None
    fp8: bool
    tokens_per_s: float | None  # measured, per device
    rate_from_flops: bool  # the source states FLOP/s or MFU only
    memory_bytes: float | None  # measured peak
    nic_bytes_per_s: float | None  # of the published run's own network
    inferred: tuple[str, ...]

    @property
    def known(self) -> Mapping[str, int]:
        """The degrees that the source states."""
        return {name: degree for name, degree in self.degrees.items() if degree is not None}


def load(path: Path) -> tuple[list[Row], list[tuple[str, str]]]:
    """Read a table; also return the id and the reason of each row that cannot be used."""
    with path.open(encoding="utf-8", newline="") as file:
        records = [dict(record) for record in csv.DictReader(file)]
    rows, refused = [], []
    for number, record in enumerate(records):
        try:
            rows.append(parse(record, default_id=f"row-{number + 1}"))
        except (CatalogueError, ValueError) as problem:
            refused.append((record.get("id") or f"row-{number + 1}", str(problem)))
    return rows, refused


def parse(record: Mapping[str, str | None], *, default_id: str = "row") -> Row:
    """Make a row from the cells of one line.

    Raises
    ------
    ValueError
        If neither shape nor size of the model is known.
    CatalogueError
        If the accelerator is not in the catalogue.
    """
    words = {name: (record.get(name) or "").strip() for name in COLUMNS}
    arch, inferred = _architecture(words)
    seq = _whole(words["seq"]) or _default_seq(arch)
    accelerator, halves = _accelerator(words["accelerator"])
    degrees = {name: _whole(words[name]) for name in ("tp", "pp", "dp", "cp", "ep", "vpp", "micro_batch")}
    count = _whole(words["count"]) or _implied_count(words, seq)
    run = _published_run(words["model"])
    stated = any(degrees[name] for name in ("tp", "pp", "dp"))
    as_published = run is not None and not stated and count in {None, _whole(str(run["accelerators"]))}
    if run is not None and as_published:
        degrees |= {name: _whole(str(run.get(name, ""))) for name in degrees if degrees[name] is None}
        count = _whole(str(run["accelerators"]))
    if run is not None and as_published:
        words["recompute"] = words["recompute"] or str(run.get("recompute", ""))
    usual = run.get("global_batch") if run is not None else None
    batch = _number(words["global_batch"]) or _number(str(usual))
    sharding = words["sharding"].lower()
    row = Row(
        id=words["id"] or default_id,
        source=words["source"] or "unknown",
        split=words["split"] or "unsplit",
        model=words["model"],
        arch=arch,
        accelerator=accelerator,
        halves=halves,
        stack=stack_key(words, accelerator),
        seq=seq,
        global_batch=batch or max(1.0, round(DEFAULT_BATCH_TOKENS / seq)),
        count=count,
        degrees=degrees,
        zero=3 if "zero-3" in sharding or sharding.startswith("fsdp") else 2 if "zero-2" in sharding else None,
        fully_sharded=("fsdp" in sharding or "zero-" in sharding) and "tp" not in sharding,
        recompute=_recompute(words["recompute"]),
        fp8="fp8" in words["precision"].lower(),
        tokens_per_s=None,
        rate_from_flops=not (words["step_time_s"] or words["tok_s_per_dev"]),
        memory_bytes=_scaled(words["mem_gib"], 2**30),
        nic_bytes_per_s=_number(str(run.get("nic_bytes_per_s", ""))) if run is not None and as_published else None,
        inferred=(
            *inferred,
            *(name for name in ("seq", "global_batch", "count", "recompute") if not words[name]),
            *(
                name
                for name, degree in degrees.items()
                if degree is None and name in {"tp", "pp", "vpp", "micro_batch"}
            ),
        ),
    )
    return replace(row, tokens_per_s=_measured(words, row))


def stack_key(words: Mapping[str, str], accelerator: Entry) -> str:
    """Find the stack whose pattern occurs in the words of a source; on a TPU, MaxText; else the generic one."""
    text = " ".join(words.get(name, "") for name in ("source", "sharding", "notes", "model")).lower()
    for key, stack in read("throughput_stacks").items():
        patterns = stack.values.get("match", ())
        if isinstance(patterns, tuple) and any(re.search(pattern, text) for pattern in patterns):
            return _by_accelerator(key, accelerator)
    return "maxtext-tpu" if accelerator.values.get("vendor") == "google" else "generic"


def _by_accelerator(key: str, accelerator: Entry) -> str:
    on_tpu = accelerator.values.get("vendor") == "google"
    if key.startswith("maxtext"):
        return "maxtext-tpu" if on_tpu else "maxtext-gpu-2025"
    return key


def _architecture(words: Mapping[str, str]) -> tuple[Architecture, list[str]]:
    shape = {name: _whole(words[name]) for name in ("layers", "hidden", "heads", "kv_heads", "ffn", "vocab", "seq")}
    known = _catalogued(words["model"])
    if known is not None:
        changes: dict[str, Any] = {name: value for name, value in shape.items() if value is not None and name != "seq"}
        if "layers" in changes and known.dense_layers and changes["layers"] < known.layers:
            changes["dense_layers"] = max(1, round(known.dense_layers * changes["layers"] / known.layers))
        return replace(known, **changes), []
    layers, hidden = shape["layers"], shape["hidden"]
    if layers is None or hidden is None:
        layers, hidden = _shape_of_size(words)
        return _plain(words, shape | {"layers": layers, "hidden": hidden}), ["architecture"]
    return _plain(words, shape), []


def _plain(words: Mapping[str, str], shape: Mapping[str, int | None]) -> Architecture:
    """A shape from columns; what they leave open (gate, shared embedding, head width) is chosen to match the size."""
    size, hidden = _number(words["params_b"]), shape["hidden"] or 1
    gated = bool(GATED.search(words["model"])) or shape["ffn"] not in {None, 4 * hidden}
    plain = _guess(shape, gated=gated, tied=not gated)
    if size is None or shape["ffn"] is None:
        return plain
    guesses = [
        _guess(shape, gated=gated, tied=tied, head_dim=width, learned_positions=positions)
        for width in (None, 128, 256)
        for positions in (None, shape["seq"])
        for tied in (not gated, gated)
    ]
    return min((plain, *guesses), key=lambda guess: round(abs(guess.parameters / size / 1e9 - 1), 2))


def _guess(
    shape: Mapping[str, int | None],
    *,
    gated: bool,
    tied: bool,
    head_dim: int | None = None,
    learned_positions: int | None = None,
) -> Architecture:
    hidden = shape["hidden"] or 1
    default_ffn = 4 * hidden if not gated else 128 * round(hidden * 8 / 3 / 128)
    heads = shape["heads"] or max(1, hidden // 128)
    return Architecture(
        layers=shape["layers"] or 1,
        hidden=hidden,
        heads=heads,
        kv_heads=shape["kv_heads"],
        head_dim=head_dim if hidden % heads == 0 or head_dim else 128,
        ffn=shape["ffn"] or default_ffn,
        vocab=shape["vocab"] or (32000 if gated else 51200),
        seq=shape["seq"] or 4096,
        gated=gated,
        tied=tied,
        learned_positions=learned_positions,
    )


def _catalogued(model: str) -> Architecture | None:
    """The catalogue's architecture for a name such as ``llama3-70b-12layers`` or ``Nemotron-340B``, if any."""
    name = fold(re.sub(r"[-_ ]?\d+ ?l(ayers?)?\b|\(.*\)", "", model, flags=re.IGNORECASE))
    key = _named(name, "architectures", at_start=True)
    return None if key is None else architecture(entry("architectures", key).values)


def _published_run(model: str) -> Mapping[str, object] | None:
    """The plan of the published run of a catalogued model, where the catalogue has it."""
    try:
        run = entry("architectures", fold(model)).parts.get("run")
    except CatalogueError:
        return None
    return None if run is None else run.values


def _implied_count(words: Mapping[str, str], seq: int) -> int | None:
    """Devices from batch, step time and tokens per device, when only the count is left out."""
    step_s, rate, batch = (_number(words[name]) for name in ("step_time_s", "tok_s_per_dev", "global_batch"))
    return max(1, round(batch * seq / (step_s * rate))) if step_s and rate and batch else None


def _named(words: str, kind: str, *, at_start: bool) -> str | None:
    """The entry whose name is in the words, punctuation apart: the longest of at least five characters with a digit."""
    squeezed = _squeezed(words)
    names = {_squeezed(name): key for key, fact in read(kind).items() for name in (key, *fact.aliases)}
    if squeezed in names:
        return names[squeezed]
    fitting = [
        name
        for name in names
        if len(name) >= 5
        and any(letter.isdigit() for letter in name)
        and (squeezed.startswith(name) if at_start else name in squeezed)
        and not squeezed.partition(name)[2][:1].isdigit()
    ]
    return names[max(fitting, key=len)] if fitting else None


def _squeezed(words: str) -> str:
    return re.sub(r"[^a-z0-9]", "", words.lower())


def _shape_of_size(words: Mapping[str, str]) -> tuple[int, int]:
    """Layers and width of a plain model by its size: width about 128 times depth, as GPT-3 and its kin."""
    stated = _number(words["params_b"]) or _size_in(words["model"])
    if stated is None:
        raise ValueError(f"model {words['model']!r}: neither shape (layers, hidden) nor size (params_b) is known")
    hidden = max(256, 256 * round((stated * 1e9 * 128 / 12) ** (1 / 3) / 256))
    return max(1, round(stated * 1e9 / (12 * hidden**2))), hidden


def _size_in(model: str) -> float | None:
    found = re.search(r"(\d+(?:\.\d+)?)\s*([bmt])\b", model, re.IGNORECASE)
    if not found:
        return None
    return float(found[1]) * {"m": 1e-3, "b": 1.0, "t": 1e3}[found[2].lower()]


def _default_seq(arch: Architecture) -> int:
    return min(arch.seq, 4096)


def _accelerator(name: str) -> tuple[Entry, int]:
    plain = re.sub(r"\(.*\)", "", name).strip()
    halves = 2 if "per gcd" in name.lower() else 1
    for attempt in (plain, plain.replace("TPU ", "TPU-"), re.sub(r"-SXM.*|-PCIe.*", "", plain, flags=re.IGNORECASE)):
        try:
            return entry("accelerators", attempt), halves
        except CatalogueError:
            continue
    key = _named(plain, "accelerators", at_start=False) or next(
        (key for word, key in GENERATIONS.items() if word in plain.lower()), plain
    )
    return entry("accelerators", key), halves


def _recompute(word: str) -> str | None:
    low = word.lower()
    if not low:
        return None
    if low in {"none", "no", "off", "minimal"}:
        return "none"
    return "full" if low in {"full", "block", "uniform"} else "selective"


def _measured(words: Mapping[str, str], row: Row) -> float | None:
    """Tokens per second and device, from the most direct of the stated quantities."""
    step_s, tokens_per_s = _number(words["step_time_s"]), _number(words["tok_s_per_dev"])
    if step_s and row.count and words["global_batch"]:
        return row.global_batch * row.seq / (step_s * row.count)
    if tokens_per_s:
        return tokens_per_s
    return _from_flops(words, row)


def _from_flops(words: Mapping[str, str], row: Row) -> float | None:
    """By the FLOP convention that the row states, else the stack's own."""
    convention, habit = words["flop_convention"].lower(), entry("throughput_stacks", row.stack).values
    tflops, mfu = _number(words["tflops_per_dev"]), _number(words["mfu_pct"])
    stated = "causal" in convention or "attention" in convention
    causal = "non-causal" not in convention and "causal" in convention if stated else bool(habit.get("causal_flops"))
    repeated = "hardware" in convention or (not convention and bool(habit.get("counts_recompute")))
    flops = training_flops(row.arch, seq=row.seq, causal=causal, recompute="full" if repeated else "none")
    if tflops:
        return tflops * 1e12 / flops.hardware_flop
    peak = row.accelerator.number("peak_bf16_flop_per_s") / row.halves
    return mfu / 100 * peak / flops.model_flop if mfu else None


def _number(word: str) -> float | None:
    try:
        value = float(word.replace(",", ""))
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None


def _whole(word: str) -> int | None:
    value = _number(word)
    return None if value is None else max(1, round(value))


def _scaled(word: str, unit: float) -> float | None:
    value = _number(word)
    return None if value is None else value * unit
