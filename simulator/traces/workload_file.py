"""Workloads as TOML: read with every value checked, written to six digits."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from simulator.foundation.issues import not_among, shorten
from simulator.foundation.toml_file import read_toml
from simulator.reliability.fitting import SHAPE_NAMES
from simulator.traces.joblog import TraceError
from simulator.traces.synthetic import HOURS, WEEKDAYS, Group, NamedLaw, Workload

LAW_NAMES = ("exponential", *SHAPE_NAMES)
STATUSES = ("completed", "failed", "cancelled")
_KEYS = ("title", "source", "jobs_per_day", "gap", "hours", "weekdays", "longest_run_s", "estimates", "queues",
         "users", "units_per_accelerator", "groups")  # fmt: skip
_GROUP_KEYS = ("share", "sizes", "weights", "run", "status")
_LAW_KEYS = ("law", "mean_s", "shape")


def read_workload(path: Path) -> Workload:
    """Read a workload.

    Raises
    ------
    TraceError
        With the file and the place of the first value that cannot be used.
    """
    try:
        return _workload(read_toml(path, "workload"))
    except ValueError as problem:
        raise TraceError(f"{path}: {problem}") from None


def _workload(table: Mapping[str, Any]) -> Workload:
    _known(table, _KEYS, "")
    groups = table.get("groups")
    if not isinstance(groups, list) or not groups:
        raise ValueError("groups: expected at least one [[groups]] with share, sizes, weights and run")
    return Workload(
        title=str(table.get("title", "")),
        source=str(table.get("source", "")),
        jobs_per_day=_positive(table, "jobs_per_day", ""),
        groups=tuple(_group(group, f"groups[{number}]") for number, group in enumerate(groups, 1)),
        gap=_law(table.get("gap", {"law": "exponential"}), "gap", mean=False),
        hours=_weights(table, "hours", HOURS),
        weekdays=_weights(table, "weekdays", WEEKDAYS),
        longest_run_s=_positive(table, "longest_run_s", "") if "longest_run_s" in table else math.inf,
        estimates=_numbers(table["estimates"], "estimates", least=2) if "estimates" in table else (),
        queues=_shares(table, "queues"),
        users=_shares(table, "users"),
        units_per_accelerator=_whole(table.get("units_per_accelerator", 1), "units_per_accelerator"),
    )


def _group(table: Any, path: str) -> Group:
    if not isinstance(table, dict):
        raise ValueError(f"{path}: expected a table")
    _known(table, _GROUP_KEYS, path)
    for name in ("sizes", "weights", "run"):
        if name not in table:
            raise ValueError(f"{path}.{name} is missing")
    if not isinstance(table["sizes"], list) or not table["sizes"]:
        raise ValueError(f"{path}.sizes: expected a list of whole numbers, such as [1, 2, 8]")
    sizes = tuple(_whole(size, f"{path}.sizes") for size in table["sizes"])
    weights = _numbers(table["weights"], f"{path}.weights")
    if len(weights) != len(sizes) or not math.fsum(weights) > 0:
        raise ValueError(f"{path}.weights: expected one for each of the {len(sizes)} sizes, not all zero")
    if (status := table.get("status")) is not None and status not in STATUSES:
        raise ValueError(f"{path}.status: {not_among(str(status), STATUSES)}")
    return Group(share=_positive(table, "share", f"{path}."), sizes=sizes, weights=weights,
                 run=_law(table["run"], f"{path}.run", mean=True), status=status)  # fmt: skip


def _law(table: Any, path: str, *, mean: bool) -> NamedLaw:
    if not isinstance(table, dict):
        raise ValueError(f"{path}: expected a table such as {{law = 'lognormal', mean_s = 3600, shape = 1.5}}")
    _known(table, _LAW_KEYS, path)
    name = str(table.get("law", "exponential"))
    if name not in LAW_NAMES:
        raise ValueError(f"{path}.law: {not_among(name, LAW_NAMES)}")
    shape = 1.0 if name == "exponential" else _positive(table, "shape", f"{path}.")
    return NamedLaw(law=name, mean_s=_positive(table, "mean_s", f"{path}.") if mean else 1.0, shape=shape)


def _known(table: Mapping[str, Any], keys: Sequence[str], path: str) -> None:
    for name in table:
        if name not in keys:
            raise ValueError(f"{path + ': ' if path else ''}{not_among(name, keys)}")


def _number(value: Any, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise ValueError(f"{path}: expected a finite number that is not negative, found {shorten(value)!r}")
    return float(value)


def _positive(table: Mapping[str, Any], name: str, path: str) -> float:
    if name not in table:
        raise ValueError(f"{path}{name} is missing")
    if not (value := _number(table[name], path + name)) > 0:
        raise ValueError(f"{path}{name}: expected more than 0, found {value:g}")
    return value


def _whole(value: Any, path: str) -> int:
    number = _number(value, path)
    if number != int(number) or number < 1:
        raise ValueError(f"{path}: expected a whole number of at least 1, found {value!r}")
    return int(number)


def _numbers(value: Any, path: str, *, least: int = 1) -> tuple[float, ...]:
    if not isinstance(value, list) or len(value) < least:
        raise ValueError(f"{path}: expected a list of at least {least} numbers, found {shorten(value)!r}")
    return tuple(_number(item, path) for item in value)


def _weights(table: Mapping[str, Any], name: str, count: int) -> tuple[float, ...]:
    if name not in table:
        return (1.0,) * count
    found = _numbers(table[name], name)
    if len(found) != count or not math.fsum(found) > 0:
        raise ValueError(f"{name}: expected {count} weights, not all zero, found {len(found)}")
    return found


def _shares(table: Mapping[str, Any], name: str) -> Mapping[str, float]:
    found = table.get(name, {})
    if not isinstance(found, dict):
        raise ValueError(f"{name}: expected a table of names and shares")
    shares = {key: _number(value, f"{name}.{key}") for key, value in found.items()}
    if shares and not math.fsum(shares.values()) > 0:
        raise ValueError(f"{name}: the shares are all zero")
    return shares


def workload_toml(workload: Workload) -> str:
    """Write a workload.

    Examples
    --------
    >>> run = NamedLaw(law="exponential", mean_s=60.0)
    >>> print(workload_toml(Workload(title="t", source="s", jobs_per_day=5.0,
    ...                              groups=[Group(share=1.0, sizes=[1], weights=[1.0], run=run)])))
    title = "t"
    source = "s"
    jobs_per_day = 5.0
    <BLANKLINE>
    [[groups]]
    share = 1.0
    sizes = [1]
    weights = [1.0]
    run = {law = "exponential", mean_s = 60.0}
    <BLANKLINE>
    """
    return "\n".join(_lines(workload)) + "\n"


def _lines(workload: Workload) -> Iterator[str]:
    yield f"title = {_text(workload.title)}"
    yield f"source = {_text(workload.source)}"
    yield f"jobs_per_day = {_figure(workload.jobs_per_day)}"
    if workload.gap.law != "exponential":
        yield f"gap = {{law = {_text(workload.gap.law)}, shape = {_figure(workload.gap.shape)}}}"
    for name in ("hours", "weekdays"):
        if len(set(getattr(workload, name))) > 1:
            yield f"{name} = {_list(getattr(workload, name))}"
    if math.isfinite(workload.longest_run_s):
        yield f"longest_run_s = {_figure(workload.longest_run_s)}"
    if workload.estimates:
        yield f"estimates = {_list(workload.estimates)}"
    if workload.units_per_accelerator != 1:
        yield f"units_per_accelerator = {workload.units_per_accelerator}"
    for name in ("queues", "users"):
        if shares := getattr(workload, name):
            yield f"{name} = {{{', '.join(f'{_text(key)} = {_figure(value)}' for key, value in shares.items())}}}"
    for group in workload.groups:
        yield ""
        yield "[[groups]]"
        yield from _group_lines(group)


def _group_lines(group: Group) -> Iterator[str]:
    if group.status is not None:
        yield f"status = {_text(group.status)}"
    yield f"share = {_figure(group.share)}"
    yield f"sizes = {_list(group.sizes)}"
    yield f"weights = {_list(group.weights)}"
    shape = "" if group.run.law == "exponential" else f", shape = {_figure(group.run.shape)}"
    yield f"run = {{law = {_text(group.run.law)}, mean_s = {_figure(group.run.mean_s)}{shape}}}"


def _list(values: Sequence[float]) -> str:
    return "[" + ", ".join(_figure(value) for value in values) + "]"


def _figure(value: float) -> str:
    """Write a number to six digits; whole ones whole."""
    return repr(value) if isinstance(value, int) else repr(float(f"{value:.6g}"))


def _text(text: str) -> str:
    """Write a basic string; what TOML cannot hold becomes a space."""
    clean = "".join(c if c.isprintable() else " " for c in text)
    return '"' + clean.replace("\\", "\\\\").replace('"', '\\"') + '"'
