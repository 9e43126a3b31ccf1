"""Alibaba openb, 2023: pods that ask for whole accelerators or thousandths of one, and the nodes they ran on.

Source: github alibaba/clusterdata, cluster-trace-gpu-v2023 (Weng et al., "Beware of fragmentation", USENIX ATC 2023).
Times are seconds from the start of the trace. Pods without an accelerator are dropped and counted.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from simulator.scheduling.job import Job, Status
from simulator.traces.formats import HEADINGS, JOB_FORMATS
from simulator.traces.generic import Row, job_or_reason, rows, table_reader
from simulator.traces.joblog import TraceError
from simulator.traces.text import number

MILLI = 1000
"""Units of a job that make one accelerator."""

PHASES: dict[str, Status] = {"Succeeded": "completed", "Running": "completed", "Failed": "failed"}


class NodeRow(NamedTuple):
    """A node of an inventory."""

    name: str
    accelerators: int
    model: str | None


def _pod(row: Row, _: int) -> Job | str:
    begun_s, end_s = number(row["scheduled_time"]), number(row["deletion_time"])
    if begun_s is None:
        return "never scheduled"
    count, share = number(row["num_gpu"]), number(row["gpu_milli"])
    if count == 0:
        return "no accelerators asked for (CPU pod)"
    units = None if count is None else count * (share if count == 1 and share else MILLI)
    job = job_or_reason(
        job_id=row["name"],
        submit_s=number(row["creation_time"]),
        size=units,
        run_s=None if end_s is None else end_s - begun_s,
        queue=row.get("qos"),
        status=PHASES.get(row.get("pod_phase", "")),
    )
    kinds = row.get("gpu_spec")
    return job._replace(kinds=tuple(kinds.split("|"))) if kinds and isinstance(job, Job) else job


read_pods = JOB_FORMATS.register("openb")(table_reader(sorted(HEADINGS["openb"]), _pod, units_per_accelerator=MILLI))
"""Read the pods; sizes are in thousandths of an accelerator."""


def read_nodes(path: Path) -> Sequence[NodeRow]:
    """Read a node inventory: ``sn, gpu, model`` of openb, or ``node_name, gpu_capacity_num, gpu_model`` of 2026.

    Raises
    ------
    TraceError
        If the columns are neither's, or a count is no whole number.
    """
    table = list(rows(path, []))
    first = table[0] if table else {}
    names = next((names for names in (("sn", "gpu", "model"), ("node_name", "gpu_capacity_num", "gpu_model"))
                  if set(names) <= set(first)), None)  # fmt: skip
    if names is None:
        raise TraceError(f"{path}:1: expected columns sn, gpu, model or node_name, gpu_capacity_num, gpu_model")
    return [_node(path, at, *(row[name] for name in names)) for at, row in enumerate(table, 2)]


def _node(path: Path, at: int, name: str, count: str, model: str) -> NodeRow:
    if not count.isdecimal():
        raise TraceError(f"{path}:{at}: expected a count of accelerators, found {count!r}")
    return NodeRow(name, int(count), model or None)
