"""Workloads as TOML: what is written is read, and everything else is refused with its place."""

from dataclasses import fields, replace

import pytest

from simulator.traces.joblog import TraceError
from simulator.traces.published import published
from simulator.traces.synthetic import Group, NamedLaw, Workload
from simulator.traces.workload_file import read_workload, workload_toml
from simulator.traces.workloads import jobs_of, named_workload

GROUP = "[[groups]]\nshare = 1\nsizes = [1, 8]\nweights = [2, 1]\nrun = {law = 'lognormal', mean_s = 60, shape = 1.5}\n"


def test_round_trip(tmp_path):
    run = NamedLaw(law="weibull", mean_s=62.5, shape=0.75)
    wanted = Workload(
        title='a "quoted" \\ title', source="\u4e16", jobs_per_day=12.5,
        gap=NamedLaw(law="gamma", mean_s=1.0, shape=0.5),
        groups=(Group(share=0.5, sizes=(1, 2), weights=(0.25, 0.75), run=run, status="failed"),
                Group(share=0.5, sizes=(4,), weights=(1.0,), run=NamedLaw(law="exponential", mean_s=5.0))),
        hours=tuple(float(hour + 1) for hour in range(24)), weekdays=(1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0),
        longest_run_s=3600.0, estimates=(1.0, 1.5, 2.0), queues={"a b": 0.25, "c": 0.75}, users={"u": 1.0},
        units_per_accelerator=1000,
    )  # fmt: skip
    path = tmp_path / "w.toml"
    path.write_text(workload_toml(wanted), encoding="utf-8")
    found = read_workload(path)
    for each in fields(Workload):
        assert getattr(found, each.name) == getattr(wanted, each.name), each.name


def test_a_published_workload_can_be_written_and_read(tmp_path):
    path = tmp_path / "w.toml"
    path.write_text(workload_toml(published("acme-kalos")))
    found, wanted = read_workload(path).shares_by_status(), published("kalos").shares_by_status()
    assert found["cancelled"][1] == pytest.approx(wanted["cancelled"][1], rel=1e-4)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "groups: expected at least one [[groups]]"),
        ("jobs_per_day = 5", "groups: expected at least one"),
        (GROUP, "jobs_per_day is missing"),
        ("jobs_per_day = 0\n" + GROUP, "jobs_per_day: expected more than 0"),
        ("jobs_per_day = nan\n" + GROUP, "jobs_per_day: expected a finite number"),
        ("jobs_per_day = inf\n" + GROUP, "jobs_per_day: expected a finite number"),
        ("jobs_per_day = 5\nhour = [1]\n" + GROUP, "'hour' is not known, did you mean 'hours'"),
        ("jobs_per_day = 5\nhours = [1]\n" + GROUP, "hours: expected 24 weights, not all zero, found 1"),
        ("jobs_per_day = 5\nestimates = [1]\n" + GROUP, "estimates: expected a list of at least 2 numbers"),
        ("jobs_per_day = 5\nqueues = {a = -1}\n" + GROUP, "queues.a: expected a finite number that is not negative"),
        ("jobs_per_day = 5\n" + GROUP.replace("lognormal", "lognorm"), "groups[1].run.law: 'lognorm' is not known"),
        ("jobs_per_day = 5\n" + GROUP.replace(", shape = 1.5", ""), "groups[1].run.shape is missing"),
        ("jobs_per_day = 5\n" + GROUP.replace("[2, 1]", "[2]"), "groups[1].weights: expected one for each of the 2"),
        ("jobs_per_day = 5\n" + GROUP.replace("[1, 8]", "[1, 0]"), "groups[1].sizes: expected a whole number"),
        ("jobs_per_day = 5\n" + GROUP + "status = 'dead'\n", "groups[1].status: 'dead' is not known"),
        ("jobs_per_day = [\n", "not TOML"),
        (b"\xff\xfe", "not UTF-8 text"),
    ],
)
def test_refusals(tmp_path, text, said):
    path = tmp_path / "w.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(TraceError) as caught:
        read_workload(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert said in str(caught.value)


def test_names_of_workloads_and_of_logs(tmp_path):
    assert named_workload(tmp_path / "log.csv") is None
    assert named_workload(type(tmp_path)("acme-seren")).jobs_per_day == pytest.approx(663813 / 184)
    assert len(jobs_of(type(tmp_path)("Acme_Seren"), jobs=12).jobs) == 12
    with pytest.raises(TraceError, match="cannot be read"):
        jobs_of(tmp_path / "none.toml")
    (tmp_path / "log.csv").write_text("job_id,submission_time,duration,num_gpu\n1,0,5,1\n")
    with pytest.raises(TraceError, match="--jobs: says how many to draw from a workload"):
        jobs_of(tmp_path / "log.csv", jobs=5)
    assert len(jobs_of(tmp_path / "log.csv").jobs) == 1


def test_ends_are_words_that_the_reader_knows(tmp_path):
    path = tmp_path / "w.toml"
    for group in published("acme-seren").groups:
        path.write_text(workload_toml(replace(published("acme-seren"), groups=(group,))))
        assert read_workload(path).groups[0].status == group.status
