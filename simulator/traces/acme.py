"""Acme (Seren, Kalos) and Helios: Slurm logs of deep-learning clusters, and the converted Kalos table.

Sources: Hu et al., "Characterization of large language model development in the datacenter", NSDI 2024, github
InternLM/AcmeTrace; Hu et al., "Characterization and prediction of deep learning workloads in large-scale GPU
datacenters", SC 2021, github S-Lab-System-Group/HeliosData. Both have ``job_id, user, gpu_num, state, submit_time,
duration``, and a ``vc`` (Helios) or ``type`` (Acme).
"""

from simulator.scheduling.job import Job
from simulator.traces.formats import HEADINGS, JOB_FORMATS
from simulator.traces.generic import STATUS, Row, as_id, job_or_reason, moment, table_reader
from simulator.traces.text import number

ITERATION_S = 0.5
"""Seconds that the converter of the Kalos table took for one iteration."""

KINDS = {"1000": "Pretrain", "500": "other"}


def _job(row: Row, _: int) -> Job | str:
    gpus = number(row["gpu_num"])
    if gpus == 0:
        return "no accelerators asked for (CPU job)"
    return job_or_reason(
        job_id=as_id(row["job_id"]),
        submit_s=moment(row["submit_time"]),
        size=gpus,
        run_s=number(row["duration"]),
        user=row.get("user"),
        queue=row.get("vc") or row.get("type"),
        status=STATUS.get(row["state"].lower()),
    )


def _converted(row: Row, _: int) -> Job | str:
    workers, each, iterations = (number(row[name]) for name in ("gpu_workers", "gpu_per_worker", "num_iteration"))
    return job_or_reason(
        job_id=as_id(row["job_id"]),
        submit_s=number(row["arrival_time"]),
        size=None if workers is None or each is None else workers * each,
        run_s=None if iterations is None else iterations * ITERATION_S,
        queue=KINDS.get(row.get("profiled_network", "")),
        status="completed",
    )


read_acme = JOB_FORMATS.register("acme")(table_reader(sorted(HEADINGS["acme"]), _job))
"""Read an Acme or Helios log."""

read_converted = JOB_FORMATS.register("acme-converted")(table_reader(sorted(HEADINGS["acme-converted"]), _converted))
"""Read the converted Kalos table, of whose columns only the times and sizes are real."""
