"""The published facts of the logs, asserted from the files themselves."""

import gzip

import pytest

from simulator.traces.joblog import TraceError
from simulator.traces.jobs import read_jobs
from tests.beside import trace

FACTS = [  # path, rows, kept, unit-seconds, dropped (theory section 7 and the table of section 2)
    ("terms_only/swf/KTH-SP2-1996-2.1-cln.swf.gz", 28476, 28467, 2_016_591_520, {"run time 0": 8, "no processors": 1}),
    ("terms_only/swf/NASA-iPSC-1993-3.1-cln.swf.gz", 18239, 18066, 474_238_015, {"run time 0": 173}),
    ("terms_only/swf/LANL-CM5-1994-4.1-cln.swf.gz", 122060, 122055, 47_425_080_608,
     {"run time 0": 2, "no processors": 3}),
    ("open/elasticflow/cluster03.csv.gz", 3011, 3011, 595_593_077, {}),
    ("open/elasticflow/cluster04.csv.gz", 15802, 15802, 2_540_458_386, {}),
    ("open/elasticflow/cluster06.csv.gz", 2396, 2396, 445_963_163, {}),
    ("open/elasticflow/cluster10.csv.gz", 260, 260, 14_484_569, {}),
    ("open/philly/philly.csv.gz", 82247, 82247, 3_521_082_502, {}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "rows", "kept", "unit_s", "dropped"), FACTS)
def test_published_facts(name, rows, kept, unit_s, dropped):
    log = read_jobs(trace(name))
    assert (log.report.read, log.report.kept, dict(log.report.dropped)) == (rows, kept, dropped)
    assert sum(job.size * job.run_s for job in log.jobs) == unit_s
    assert len(log.jobs) == kept
    submits = [job.submit_s for job in log.jobs]
    assert submits == sorted(submits)


def test_kth_overruns_and_machine():
    log = read_jobs(trace(FACTS[0][0]))
    assert (log.overruns, log.capacity) == (475, 100)
    assert log.jobs[0].submit_s > 0  # the clock of the log, unshifted


def test_converted_kalos_sizes_and_drops():
    log = read_jobs(trace("open/acme/converted_kalos_trace.csv"))
    assert log.report.read == 319
    assert max(job.size for job in log.jobs) == 1024


def test_openb_pods_never_scheduled_are_dropped():
    log = read_jobs(trace("terms_only/alibaba/openb_pod_list_default.csv.gz"))
    assert log.report.read == 8152
    assert log.report.dropped["never scheduled"] <= 897
    assert log.units_per_accelerator == 1000
    assert {job.size % 1000 for job in log.jobs} != {0}  # fractions are kept


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "fits no known log"),
        ("; Version: 2.2\n1 2 3\n", ":2: expected 18 fields, found 3"),
        ("; Version: 2.2\n" + "x " * 18 + "\n", ":2: expected numbers"),
        ("job_id,submission_time,duration,num_gpu\n", "no rows"),
        ("", "an empty file"),
    ],
)
def test_what_is_no_log_is_refused_with_its_place(tmp_path, text, said):
    path = tmp_path / "log"
    path.write_text(text)
    with pytest.raises(TraceError, match="log") as caught:
        read_jobs(path)
    assert said in str(caught.value)


def test_missing_file_and_cut_gzip(tmp_path):
    with pytest.raises(TraceError, match="cannot read"):
        read_jobs(tmp_path / "absent.swf")
    cut = tmp_path / "cut.swf.gz"
    cut.write_bytes(gzip.compress(b"; Version: 2.2\n" * 1000)[:-9])
    with pytest.raises(TraceError, match="cannot read"):
        read_jobs(cut)


def test_unknown_format_names_the_known(tmp_path):
    path = tmp_path / "log"
    path.write_text("1 2\n")
    with pytest.raises(TraceError, match="did you mean 'swf'"):
        read_jobs(path, format="swv")
