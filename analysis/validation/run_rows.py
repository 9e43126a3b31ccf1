"""Rows of a table of published training runs: what was trained on what, for how long, and what it cost.

A table has the columns of ``simulator/catalogue/runs.csv``; any may be missing or blank. A cell may hold more than a
number (``~60 claimed``, ``768->1536->2304``, ``38-43``); what is read out of it is one stated rule for all rows.
"""

import csv
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from analysis.validation.throughput_rows import parse as parse_shape
from simulator.catalogue.reader import CatalogueError, Entry, rows
from simulator.workload.architecture import Architecture, training_flops

CHIPS_PER_BOARD: Final = 4.0  # a TPU v3-8 board
DIE: Final = 0.5  # of an MI250X, whose dies a system may count as GPUs
NOT_MEASURED: Final = ("derived", "estimate")  # hours that somebody computed from FLOPs
_NUMBER = re.compile(r"\d[\d,]*\.?\d*(?:[eE][-+]?\d+)?")
_PER_HOUR = re.compile(r"\$\s*(\d+(?:\.\d+)?)\s*(?:/|per\s+|an?\s+)\s*([A-Za-z0-9 -]*)", re.IGNORECASE)
_TIMES = re.compile(r"(?:x|@|at)\s*\$\s*(\d+(?:\.\d+)?)(?!\s*(?:k|m|b|million|billion)\b)", re.IGNORECASE)
_DOLLARS = re.compile(r"=\s*\$\s*([\d,]+(?:\.\d+)?)\s*(k|m)?", re.IGNORECASE)
_PLAIN = re.compile(r"\d+(\.\d+)?(\s*days?)?")
_DIES = re.compile(r"\bgcds?\b", re.IGNORECASE)
_SUFFIX: Final = {"k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRun:
    """One published run; what a row leaves out is None.

    Parameters
    ----------
    units : float
        Chips in what the row counts: 4 where it counts TPU boards, 0.5 where dies.
    accelerator_hours : float or None
        As published, in the row's own unit.
    kind : str
        ``net`` (tokens over speed) or ``gross`` (calendar time; also where the row does not say).
    measured : bool
        False where somebody computed the hours from FLOPs.
    usd, usd_per_accelerator_h : float or None
        Published dollars, and the price that goes with them, for one of what the row counts.
    mfu, tokens_per_s : float or None
        Stated efficiency while stepping: share of the BF16 peak, tokens a second and accelerator.
    """

    id: str
    architecture: Architecture | None
    accelerator: Entry | None
    accelerators: int | None
    units: float
    year: int | None
    tokens: float | None
    active_parameters: float | None
    sequence: int | None
    batch_tokens: float | None
    accelerator_hours: float | None
    kind: str
    measured: bool
    usd: float | None
    usd_per_accelerator_h: float | None
    mfu: float | None
    tokens_per_s: float | None
    reason: str = ""  # why it cannot be predicted

    @property
    def generation(self) -> str:
        """Generation of the accelerator."""
        return "" if self.accelerator is None else str(self.accelerator.values.get("generation", ""))

    @property
    def flop_per_token(self) -> float:
        """Model FLOPs of a token, attention in full; scaled where the shape misses the stated active parameters."""
        assert self.architecture is not None
        shape = self.architecture
        whole = training_flops(shape, seq=self.sequence or shape.seq, causal=False).model_flop
        six_n = 6.0 * shape.active_parameters
        return whole if self.active_parameters is None else whole - six_n + 6.0 * self.active_parameters


def load(path: Path | None) -> list[PublishedRun]:
    """Read a table of runs, or the catalogue's own.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is no CSV in UTF-8, or has no header with ``run`` or ``id``.
    """
    if path is None:
        return [parse(row, f"row-{number}") for number, row in enumerate(rows("runs"), start=1)]
    with path.open(encoding="utf-8-sig", newline="") as text:
        table = csv.DictReader(text)
        try:
            if not {"run", "id"} & set(table.fieldnames or ()):
                raise ValueError("the table has no column run; the columns are those of `simulator/catalogue/runs.csv`")
            return [parse(row, f"row-{number}") for number, row in enumerate(table, start=1)]
        except UnicodeDecodeError:
            raise ValueError("this is no CSV in UTF-8") from None
        except csv.Error as problem:
            raise ValueError(f"line {table.line_num + 1}: {problem}") from None


def parse(record: Mapping[str, str | None], default_id: str) -> PublishedRun:
    """Read one row; what cannot be read is None."""
    words = {str(name): value.strip() for name, value in record.items() if name and isinstance(value, str)}
    name = words.get("run") or words.get("id") or default_id
    boards = "board" in words.get("accelerator", "").lower()
    hours_kind = words.get("hours_kind", "").lower()
    count, days = last(words.get("count", "")), first(words.get("wall_days", ""))
    hours = first_sized(words.get("accelerator_hours", ""))
    if hours is None and count and days and _PLAIN.fullmatch(words.get("wall_days", "")):
        hours = count * days * 24.0
    architecture, accelerator, reason = _shape(words, name)
    units = CHIPS_PER_BOARD if boards else DIE if _DIES.search(words.get("accelerator", "")) else 1.0
    batch, active = sized(words.get("global_batch_tokens", "")), first(words.get("params_active_B", ""))
    tokens = _trillions(words.get("tokens_T", ""))
    return PublishedRun(
        id=name,
        architecture=architecture,
        accelerator=accelerator,
        accelerators=None if count is None else max(1, round(count)),
        units=units,
        year=_whole(words.get("year", "")),
        tokens=None if tokens is None else tokens * 1e12,
        active_parameters=None if active is None else active * 1e9,
        sequence=_whole(words.get("seq_len", "")),
        batch_tokens=batch,
        accelerator_hours=hours,
        kind="net" if hours_kind.startswith("net") else "gross",
        measured=not hours_kind.startswith(NOT_MEASURED),
        usd=_usd(words),
        usd_per_accelerator_h=_price(words.get("price_basis", ""), accelerator, units),
        mfu=_mfu(words.get("mfu_pct", "")),
        tokens_per_s=first(words.get("tokens_per_s_per_accelerator", "")) or _speed(words.get("notes", "")),
        reason=reason or ("" if tokens else "no tokens"),
    )


def first(cell: str) -> float | None:
    """Return the first number of a cell; the middle of a range.

    Examples
    --------
    >>> first("34 net / ~56 calendar"), first("38-43"), first("<60"), first("")
    (34.0, 40.5, 60.0, None)
    """
    numbers = _numbers(cell)
    if re.fullmatch(r"\s*[\d.]+\s*-\s*[\d.]+\s*", cell) and len(numbers) == 2:
        return sum(numbers) / 2
    return numbers[0] if numbers else None


def last(cell: str) -> float | None:
    """Return the last number of a cell.

    Examples
    --------
    >>> last("768->1536->2304"), last("x")
    (2304.0, None)
    """
    numbers = _numbers(cell)
    return numbers[-1] if numbers else None


def sized(cell: str) -> float | None:
    """Return the last number of a cell with its suffix.

    Examples
    --------
    >>> sized("1M->2M->4M"), sized("2359296")
    (4000000.0, 2359296.0)
    """
    found = re.findall(r"(\d[\d,]*\.?\d*(?:[eE]\d+)?)\s*([kKmMbBtT])?", cell)
    if not found:
        return None
    number, suffix = found[-1]
    return float(number.replace(",", "")) * _SUFFIX.get(suffix.lower(), 1.0)


def first_sized(cell: str) -> float | None:
    """Return the first number of a cell with its suffix; the middle of a range.

    Examples
    --------
    >>> first_sized("1.3M GPU hours"), first_sized("150k"), first_sized("2788000"), first_sized("")
    (1300000.0, 150000.0, 2788000.0, None)
    """
    found = re.search(r"\d\s*([kKM])(?![A-Za-z])", cell)
    number = first(cell)
    return None if number is None else number * (_SUFFIX[found[1].lower()] if found else 1.0)


def _trillions(cell: str) -> float | None:
    """Return tokens in trillions; ``500B`` is half of one."""
    number = first(cell)
    if number is None:
        return None
    return number / 1e3 if re.search(r"\d\s*B", cell) else number / 1e12 if number >= 1e6 else number


def _numbers(cell: str) -> list[float]:
    found = [float(text.replace(",", "")) for text in _NUMBER.findall(cell)]
    return [number for number in found if math.isfinite(number) and number > 0]


def _whole(cell: str) -> int | None:
    number = first(cell)
    return None if number is None else round(number)


def _mfu(cell: str) -> float | None:
    """Return a share of the BF16 peak; one of the FP8 peak counts twice."""
    number = first(cell)
    if number is None:
        return None
    share = number / 100.0 * (2.0 if "fp8" in cell.lower() else 1.0)
    return share if 0 < share < 1 else None


def _speed(notes: str) -> float | None:
    found = re.search(r"(\d[\d,]*\.?\d*)\s*tok(?:ens?)?/s/(?:GPU|chip|accelerator)", notes, re.IGNORECASE)
    return float(found[1].replace(",", "")) if found else None


def _usd(words: Mapping[str, str]) -> float | None:
    """Return published dollars: of their own column, or of the sum that the basis ends with."""
    stated = first(words.get("usd", ""))
    if stated:
        return stated
    found = _DOLLARS.search(words.get("price_basis", ""))
    return float(found[1].replace(",", "")) * _SUFFIX.get((found[2] or "").lower(), 1.0) if found else None


def _price(basis: str, accelerator: Entry | None, units: float) -> float | None:
    """Return the price of an hour of what the row counts; that of a node is divided by its accelerators."""
    per_hour = _PER_HOUR.search(basis)
    if per_hour is None:
        times = _TIMES.search(basis)
        return float(times[1]) or None if times else None
    price = float(per_hour[1])
    if price == 0:
        return None  # a price of zero is no price
    if "node" in per_hour[2].lower() and accelerator is not None:
        return price / float(accelerator.get_number("accelerators_per_node") or 8.0) * units
    return price


def _shape(words: Mapping[str, str], name: str) -> tuple[Architecture | None, Entry | None, str]:
    """Return the architecture by name or shape, the accelerator, and what is missing."""
    record = {
        "model": name,
        "params_b": words.get("params_active_B", ""),
        "seq": words.get("seq_len", ""),
        "accelerator": words.get("accelerator", ""),
        "count": words.get("count", ""),
        **{key: words.get(key, "") for key in ("layers", "hidden", "heads", "kv_heads", "ffn", "vocab")},
    }
    try:
        row = parse_shape(record)
    except (CatalogueError, ValueError, TypeError, ArithmeticError) as problem:
        return None, _accelerator(record), str(problem)
    return row.arch, row.accelerator, ""


def _accelerator(record: Mapping[str, str]) -> Entry | None:
    """Return the accelerator of a row whose model is not known."""
    try:
        return parse_shape({"model": "any", "params_b": "1", "accelerator": record["accelerator"]}).accelerator
    except (CatalogueError, ValueError):
        return None


def scorable(runs: Iterable[PublishedRun]) -> Sequence[PublishedRun]:
    """Return the runs whose hours can be predicted and held against measured ones."""
    return [run for run in runs if not run.reason and run.accelerator_hours and run.measured and run.architecture]
