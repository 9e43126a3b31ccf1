"""Microsoft ITP clusters, 2021: deep-learning jobs of ten clusters.

Source: github microsoft/elasticflow-traces (Gu et al., "ElasticFlow", ASPLOS 2023); columns ``job_id``,
``submission_time`` [s from the start of the trace], ``duration`` [s], ``num_gpu``.
"""

from simulator.scheduling.job import Job
from simulator.traces.formats import HEADINGS, JOB_FORMATS
from simulator.traces.generic import Row, as_id, job_or_reason, table_reader
from simulator.traces.text import number


def _job(row: Row, _: int) -> Job | str:
    return job_or_reason(
        job_id=as_id(row["job_id"]),
        submit_s=number(row["submission_time"]),
        size=number(row["num_gpu"]),
        run_s=number(row["duration"]),
    )


read_elasticflow = JOB_FORMATS.register("elasticflow")(table_reader(sorted(HEADINGS["elasticflow"]), _job))
"""Read one cluster of the elasticflow traces."""
