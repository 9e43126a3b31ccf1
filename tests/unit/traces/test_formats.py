"""Small tables of each format, with the traps that real ones have."""

import json

import pytest

from simulator.scheduling.job import Job
from simulator.traces.alibaba import read_nodes
from simulator.traces.generic import ColumnMap, read_table
from simulator.traces.joblog import TraceError
from simulator.traces.jobs import read_jobs
from simulator.traces.swf import read_swf, write_swf


@pytest.fixture
def write(tmp_path):
    def to(text: str):
        path = tmp_path / "log.txt"
        path.write_text(text)
        return path

    return to


@pytest.mark.parametrize("name", ["log.swf", "log.swf.gz"])
def test_swf_round_trip(tmp_path, name):
    jobs = [
        Job(3, 10, 4, 50, 60, "7", "2", 0, "completed", None),
        Job(5, 11, 1, 2.5, 2.5, None, None, 0, "failed", 3),
        Job(9, 11, 2, 7, 9, "8", "2", 0, "cancelled", None),
    ]
    write_swf(tmp_path / name, jobs, capacity=16)
    log = read_swf(tmp_path / name)
    assert (list(log.jobs), log.capacity) == (jobs, 16)
    once = (tmp_path / name).read_bytes()
    write_swf(tmp_path / name, jobs, capacity=16)
    assert (tmp_path / name).read_bytes() == once


def test_swf_names_become_ranks(tmp_path):
    write_swf(tmp_path / "a.swf", [Job("x", 0, 1, 1, 1, "ann"), Job("y", 1, 1, 1, 1, "bob", after="x")])
    back = read_swf(tmp_path / "a.swf").jobs
    assert [(job.job_id, job.user, job.after) for job in back] == [(1, "1", None), (2, "2", 1)]


def test_swf_traps(write):
    line = "{} 5 -1 {} {} 3.25 -1 {} {} -1 {} 1 1 1 1 -1 -1 -1\n"
    log = read_jobs(
        write(
            "; Version: 2.2\n; MaxProcs: 8\n; MaxProcs: 99\n; MaxJobs: 1000\n"
            + line.format(1, 10, 2, -1, -1, 1)
            + line.format(2, 0, 2, -1, -1, 1)
            + line.format(3, -1, 2, -1, -1, 1)
            + line.format(4, 10, -1, 3, 20, 1)
            + line.format(5, 10, 0, -1, 20, 1)
            + line.format(6, 10, 1, -1, 20, 3)
            + line.format(1, 10, 1, 1, 5, 1)
        )
    )
    assert [(job.job_id, job.size, job.estimate_s) for job in log.jobs] == [(1, 2, 10), (4, 3, 20)]
    assert log.capacity == 8
    assert dict(log.report.dropped) == {
        "run time 0": 1,
        "run time unknown": 1,
        "no processors": 1,
        "part of a checkpointed job": 1,
        "job id seen before": 1,
    }


def test_philly_is_sorted_and_blank_lines_are_no_rows(write):
    log = read_jobs(write(
        "timestamp,duration,num_gpus,gpu_time,cluster\n2017-10-09 07:01:55,66.0,1,66.0,a\n"
        "2017-10-09 06:13:03,5.5,2,11,b\n\n"
    ))  # fmt: skip
    assert [(job.job_id, job.run_s, job.queue) for job in log.jobs] == [(2, 5.5, "b"), (1, 66, "a")]
    assert log.report.read == 2


def test_philly_json(write):
    attempt = {"start_time": "2017-10-07 01:00:00", "end_time": "2017-10-07 01:00:40",
               "detail": [{"ip": "m1", "gpus": ["gpu0", "gpu1"]}, {"ip": "m2", "gpus": ["gpu0"]}]}  # fmt: skip
    base = {
        "status": "Killed",
        "vc": "v",
        "jobid": "application_1",
        "user": "u",
        "submitted_time": "2017-10-07 00:59:00",
    }
    path = write(json.dumps([
        base | {"attempts": [attempt, attempt]},
        base | {"jobid": "b", "attempts": []},
        {"jobid": "c"},
        base | {"jobid": "d", "attempts": [attempt | {"end_time": "None"}]},
    ]))  # fmt: skip
    log = read_jobs(path)
    assert [(job.job_id, job.size, job.run_s, job.status) for job in log.jobs] == [
        ("application_1", 3, 80, "cancelled")
    ]
    assert dict(log.report.dropped) == {"never started": 1, "fields missing": 1, "run time 0": 1}


def test_acme_drops_cpu_jobs(write):
    log = read_jobs(write(
        "job_id,user,node_num,gpu_num,cpu_num,type,state,submit_time,start_time,end_time,duration\n"
        "k1,u,1,8,64,Pretrain,COMPLETED,2023-05-17 11:00:58+00:00,x,y,120\n"
        "k2,u,1,0,64,Other,FAILED,2023-05-17 11:00:58+00:00,x,y,120\n"
    ))  # fmt: skip
    assert [(job.job_id, job.size, job.queue, job.status) for job in log.jobs] == [("k1", 8, "Pretrain", "completed")]
    assert dict(log.report.dropped) == {"no accelerators asked for (CPU job)": 1}


def test_sacct_steps_limits_and_states(write):
    log = read_jobs(write(
        "JobID|User|Partition|Submit|Elapsed|Timelimit|State|NNodes|AllocTRES\n"
        "7|u|gpu|2024-01-01T00:00:00|1-00:00:10|2-00:00:00|COMPLETED|2|cpu=8,gres/gpu=16,node=2\n"
        "7.batch||gpu|2024-01-01T00:00:00|00:10:00||COMPLETED|1|cpu=8\n"
        "8|u|cpu|2024-01-01T00:00:05|00:10:00|UNLIMITED|CANCELLED by 1000|3|cpu=8\n"
        "9|u|cpu|2024-01-01T00:00:05|00:00:00|10:00|PENDING|3|\n"
        "10|u|cpu|Unknown|00:00:07|10:00|FAILED|1|\n"
    ))  # fmt: skip
    assert [(job.job_id, job.size, job.run_s, job.estimate_s, job.status) for job in log.jobs] == [
        (7, 16, 86410, 172800, "completed"),
        (8, 3, 600, 600, "cancelled"),
    ]
    assert dict(log.report.dropped) == {"step of a job": 1, "still pending": 1, "submission time unknown": 1}


def test_generic_map_and_guess(write):
    path = write("when,g,len,limit\n2024-01-01,4,60,90\n2024-01-02,nan,60,90\n")
    log = read_table(path, ColumnMap(submit="when", size="g", run="len", estimate="limit"))
    assert [(job.job_id, job.submit_s, job.size, job.estimate_s) for job in log.jobs] == [(1, 1704067200, 4, 90)]
    assert dict(log.report.dropped) == {"size unknown": 1}
    assert len(read_jobs(write("id,arrival_time,gpus,duration\na,1,2,3\n"), format="csv").jobs) == 1
    with pytest.raises(TraceError, match=r"'gg'.* is missing"):
        read_table(path, ColumnMap(submit="when", size="gg", run="len"))


def test_node_inventories(write):
    assert read_nodes(write("sn,cpu_milli,memory_mib,gpu,model\na,1,1,0,\nb,1,1,8,V100\n"))[1] == ("b", 8, "V100")
    assert read_nodes(write("gpu_model,gpu_capacity_num,cpu_num,node_name\nA10,1,128,37\n"))[0] == ("37", 1, "A10")
    with pytest.raises(TraceError, match="expected columns sn"):
        read_nodes(write("x,y\n1,2\n"))
    with pytest.raises(TraceError, match=":2: expected a count"):
        read_nodes(write("sn,gpu,model\na,many,V100\n"))
