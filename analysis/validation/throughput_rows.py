"""Rows of a table of measured step times: what was trained, on what, by which stack, and how fast.

A table has the columns of `COLUMNS`; any may be missing or blank. What is blank and matters is inferred by one stated
rule, the same for each row, and named in `Row.inferred`.
"""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from analysis.validation import row_cells as cells
from analysis.validation.row_cells import number, whole
from analysis.validation.row_shapes import shape_of_row
from simulator.catalogue.reader import CatalogueError, Entry, entry, fold, read
from simulator.workload.architecture import Architecture, Recompute, training_flops
from simulator.workload.stacks import accumulates

COLUMNS = (
    "id", "model", "params_b", "active_b", "layers", "hidden", "heads", "kv_heads", "ffn", "vocab", "seq",
    "global_batch", "micro_batch", "accelerator", "count", "tp", "pp", "dp", "cp", "ep", "vpp", "sharding", "recompute",
    "precision", "step_time_s", "tok_s_per_dev", "tflops_per_dev", "mfu_pct", "hfu_pct", "measured_quantity",
    "measured_value", "unit", "flop_convention", "mem_gib", "source", "notes", "split",
)  # fmt: skip
DEFAULT_BATCH_TOKENS = 2**21  # when a row states no batch
DEFAULT_COUNT = 64  # when neither count nor degrees are stated
MOST_SEQUENCES = 2**17  # a larger batch is one of tokens
MOST_COUNT = 10_000_000
FUSED_SINCE = 23  # year of papers since which attention is fused by habit; FlashAttention is of 2022, arXiv 2205.14135
OLD_STACK = "metaseq-2022"
UNKNOWN_ON_TPU = "jax-tpu"


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
    fp8: bool  # or below
    fp4: bool
    block_scaled: bool  # FP8 with a scale for each 32 values (MXFP8)
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
    with path.open(encoding="utf-8-sig", newline="") as file:
        records = [dict(record) for record in csv.DictReader(file)]
    rows, refused = [], []
    for line, record in enumerate(records, start=1):
        try:
            rows.append(parse(record, default_id=f"row-{line}"))
        except (CatalogueError, ValueError) as problem:
            refused.append((record.get("id") or f"row-{line}", str(problem)))
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
    _move_measured(words)
    arch, inferred = shape_of_row(words)
    seq = cells.context(words["seq"]) or _default_seq(arch)
    accelerator, halves, stand_in = cells.accelerator(words["accelerator"])
    degrees = {name: whole(words[name]) for name in ("tp", "pp", "dp", "cp", "ep", "vpp", "micro_batch")}
    count = cells.last_whole(words["count"]) or _implied_count(words, seq, degrees)
    if (count or 1) > MOST_COUNT:
        raise ValueError(f"count={count}: expected at most {MOST_COUNT} accelerators")
    run = _published_run(words["model"])
    stated = any(degrees[name] for name in ("tp", "pp", "dp"))
    as_published = run is not None and not stated and count in {None, whole(str(run["accelerators"]))}
    if run is not None and as_published:
        degrees |= {name: whole(str(run.get(name, ""))) for name in degrees if degrees[name] is None}
        count = whole(str(run["accelerators"]))
        words["recompute"] = words["recompute"] or str(run.get("recompute", ""))
    usual = run.get("global_batch") if run is not None else None
    stack = stack_key(words, accelerator)
    sharding = cells.NOT_SHARDED.sub("", words["sharding"].lower())
    precision = re.sub(r"\(.*\)", "", words["precision"])
    row = Row(
        id=words["id"] or default_id,
        source=words["source"] or "unknown",
        split=words["split"] or "unsplit",
        model=words["model"],
        arch=arch,
        accelerator=accelerator,
        halves=halves,
        stack=stack,
        seq=seq,
        global_batch=_batch(words, seq) or number(str(usual)) or _usual_batch(stack, seq, count),
        count=count,
        degrees=degrees,
        zero=_zero(sharding, degrees),
        fully_sharded=("fsdp" in sharding or "zero-" in sharding) and "tp" not in sharding,
        recompute=cells.recompute(words["recompute"]),
        fp8=bool(cells.LOW_PRECISION.search(precision)),
        fp4=bool(cells.FOUR_BITS.search(precision)),
        block_scaled=bool(cells.BLOCK_SCALED.search(precision)),
        tokens_per_s=None,
        rate_from_flops=not (words["step_time_s"] or words["tok_s_per_dev"]),
        memory_bytes=2.0**30 * gib if (gib := number(words["mem_gib"])) else None,
        nic_bytes_per_s=number(str(run.get("nic_bytes_per_s", ""))) if run is not None and as_published else None,
        inferred=(
            *inferred,
            *(["accelerator"] if stand_in else []),
            *(name for name in ("seq", "global_batch", "count", "recompute") if not words[name]),
            *(
                name
                for name, degree in degrees.items()
                if degree is None and name in {"tp", "pp", "vpp", "micro_batch"}
            ),
        ),
    )
    return replace(row, tokens_per_s=_measured(words, row))


def _move_measured(words: dict[str, str]) -> None:
    """Move a measured value to the column of its quantity, where that is blank."""
    name, value = words["measured_quantity"], number(words["measured_value"])
    if name in words and not words[name] and value:
        scale = 1e-3 if words["unit"].lower() in {"ms", "millisecond", "milliseconds"} else 1.0
        words[name] = repr(value * scale)


def _batch(words: Mapping[str, str], seq: int) -> float | None:
    """Sequences in a step; a batch that says so, or is larger than any of sequences, counts tokens."""
    batch = number(words["global_batch"])
    if batch is None:
        return None
    return max(1.0, batch / seq) if "tok" in words["global_batch"].lower() or batch > MOST_SEQUENCES else batch


def _usual_batch(stack: str, seq: int, count: int | None) -> float:
    """Sequences in a step where nobody says; one for each device at least, where a stack does not accumulate."""
    sequences = max(1.0, round(DEFAULT_BATCH_TOKENS / seq))
    return sequences if accumulates(stack) else max(sequences, float(count or 1))


def _zero(sharding: str, degrees: Mapping[str, int | None]) -> int | None:
    """What ranks share; with a pipeline, sharded parameters are gathered once a step, not once a micro-batch.

    Source: TorchTitan's ``reshard_after_forward_policy`` is off under pipeline parallelism, as FSDP advises.
    """
    found = cells.zero(sharding)
    return 2 if found == 3 and (degrees["pp"] or 1) > 1 else found


def stack_key(words: Mapping[str, str], accelerator: Entry) -> str:
    """Find the stack whose pattern occurs in the words of a source; on a TPU, unknown software there; else by date."""
    text = " ".join(words.get(name, "") for name in ("source", "sharding", "notes", "model")).lower()
    for key, stack in read("throughput_stacks").items():
        patterns = stack.values.get("match", ())
        if isinstance(patterns, tuple) and any(re.search(pattern, text) for pattern in patterns):
            return _by_accelerator(key, accelerator)
    if accelerator.values.get("vendor") == "google":
        return UNKNOWN_ON_TPU
    written = re.search(r"arxiv\D{0,3}(\d{2})(\d{2})\.\d{4}", text)
    return OLD_STACK if written and int(written[1]) < FUSED_SINCE else "generic"


def _by_accelerator(key: str, accelerator: Entry) -> str:
    on_tpu = accelerator.values.get("vendor") == "google"
    if key.startswith("maxtext"):
        return "maxtext-tpu" if on_tpu else "maxtext-gpu-2025"
    return key


def _published_run(model: str) -> Mapping[str, object] | None:
    """The plan of the published run of a catalogued model, where the catalogue has it."""
    try:
        run = entry("architectures", fold(model)).parts.get("run")
    except CatalogueError:
        return None
    return None if run is None else run.values


def _implied_count(words: Mapping[str, str], seq: int, degrees: Mapping[str, int | None]) -> int | None:
    """Devices from the degrees of parallelism, or from batch, step time and tokens per device."""
    tp, pp, dp = degrees["tp"], degrees["pp"], degrees["dp"]
    if tp and pp and dp:
        return tp * pp * dp * (degrees["cp"] or 1)
    step_s, rate, batch = (number(words[name]) for name in ("step_time_s", "tok_s_per_dev", "global_batch"))
    return max(1, round(batch * seq / (step_s * rate))) if step_s and rate and batch else None


def _default_seq(arch: Architecture) -> int:
    return min(arch.seq, 4096)


def _measured(words: Mapping[str, str], row: Row) -> float | None:
    """Tokens per second and device, from the most direct of the stated quantities."""
    step_s, tokens_per_s = number(words["step_time_s"]), number(words["tok_s_per_dev"])
    if step_s and "ms" in words["step_time_s"].lower():
        step_s /= 1e3
    if step_s and row.count and words["global_batch"]:
        return row.global_batch * row.seq / (step_s * row.count)
    if tokens_per_s:
        return tokens_per_s
    return _from_flops(words, row)


def _from_flops(words: Mapping[str, str], row: Row) -> float | None:
    """By the FLOP convention that the row states, else the stack's own."""
    convention, habit = words["flop_convention"].lower(), entry("throughput_stacks", row.stack).values
    tflops, mfu, hfu = number(words["tflops_per_dev"]), cells.share(words["mfu_pct"]), cells.share(words["hfu_pct"])
    stated = "causal" in convention or "attention" in convention
    causal = "non-causal" not in convention and "causal" in convention if stated else bool(habit.get("causal_flops"))
    repeated = "hardware" in convention or (not convention and bool(habit.get("counts_recompute")))
    flops = training_flops(row.arch, seq=row.seq, causal=causal, recompute="full" if repeated else "none")
    if tflops:
        return tflops * 1e12 / flops.hardware_flop
    peak = row.accelerator.number("peak_bf16_flop_per_s") / row.halves
    if mfu:
        return mfu * peak / flops.model_flop
    mode: Recompute = "full" if row.recompute == "full" else "none"
    executed = training_flops(row.arch, seq=row.seq, causal=causal, recompute=mode).hardware_flop
    return hfu * peak / executed if hfu else None
