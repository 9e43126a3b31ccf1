"""Logs of spot capacity in each form, and what is refused."""

import pytest

from simulator.reliability.spot import Span
from simulator.traces.availability import read_capacity
from simulator.traces.joblog import TraceError
from tests.beside import trace

EVENTS = """[2020-03-15T10:00:00.000Z] Created instance i-1 with 8 GPU(s) of type v100 in zone a
[2020-03-15T10:00:10.000Z] Instance with 8 GPU(s) of type k80 creation failed
[2020-03-15T10:10:00.000Z] Instance i-1 running in zone a
[2020-03-15T10:20:00.000Z] Created instance i-2 with 1 GPU(s) of type nvidia-tesla-k80 in zone b
[2020-03-15T10:30:00.000Z] Instance i-1 not running in zone a
[2020-03-15T10:30:05.000Z] Successfully deleted instance i-1
[2020-03-15T10:40:00.000Z] Instance i-2 running in zone b
"""


@pytest.fixture
def write(tmp_path):
    def to(text):
        path = tmp_path / "log.txt"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return to


def test_events_of_a_cloud(write):
    log = read_capacity(write(EVENTS))
    assert log.markets == ["k80x1/b", "v100x8/a"]
    assert [(run.node, run.span, run.ended) for run in log.runs] == [
        ("i-1", Span(0, 1800), True), ("i-2", Span(1200, 2400), False),
    ]  # fmt: skip
    assert log.capacity.node_s == 1800 + 1200
    assert dict(log.report.dropped) == {"nothing changed": 3, "node is not up": 1}
    assert read_capacity(write(EVENTS), market="v100").capacity.share_with(1) == 0.75


def test_comings_and_goings(write):
    log = read_capacity(write("0,add,a\n0,add,b\n60000,remove,a\n60000,add,c\n120000,remove,b\n120000,remove,x\n"))
    assert log.capacity.spans_with(2) == [Span(0, 120)]
    assert log.capacity.node_s == 60 + 120 + 60
    assert dict(log.report.dropped) == {"node is not up": 1}


def test_counts(write):
    polled = read_capacity(write("2021-12-11, 11:00:00, 2\n2021-12-11, 12:00:00, 4\n2021-12-11, 13:00:00, 9\n"))
    assert polled.capacity.node_s == 6 * 3600
    own = read_capacity(write("time,nodes\n100,3\n0,1\n200,0\n"))
    assert (own.capacity.at_s, own.capacity.nodes) == ((0, 100, 200), (1, 3, 0))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "log.txt:1: no log of capacity"),
        ("node,start\n", "no log of capacity: expected 'ms,add,node'"),
        ("0,add,a\n5,added,b\n", "log.txt:2: expected 'ms,add,node'"),
        ("0,add,a\nnan,add,b\n", "log.txt:2: expected 'ms,add,node'"),
        ("-5,add,a\n", "log.txt:1: expected 'ms,add,node'"),
        ("time,nodes\n0,1\n5,-1\n", "log.txt:3: expected a time and a number of nodes, found '5,-1'"),
        ("time,nodes\n0,1\ninf,1\n", "log.txt:3: expected a time"),
        ("time,nodes\n0,1\n", "at least two rows"),
        ("2021-12-11, 11:00:00, 2\n2021-13-11, 11:00:00, 2\n", "log.txt:2: expected 'date, time, nodes'"),
        ("[2020-03-15T10:00:00.000Z] Hello\n", "log.txt:1: expected '[time] Created instance"),
        (b"\x00\xff", "no log of capacity"),
    ],
)
def test_refusals(write, text, said):
    with pytest.raises(TraceError) as caught:
        read_capacity(write(text))
    assert said in str(caught.value)


def test_markets_that_are_not_there(write):
    with pytest.raises(TraceError, match="--market: 'h100' is not known"):
        read_capacity(write(EVENTS), market="h100")
    with pytest.raises(TraceError, match="the log has one market"):
        read_capacity(write("0,add,a\n5,remove,a\n"), market="v100")


def test_bamboo_p3_is_273_116667_node_hours():
    """theory/scheduling.md, section 7: exactly."""
    log = read_capacity(trace("open/bamboo/p3-trace.csv"))
    assert log.report.kept == 344
    assert log.capacity.node_s == 983_220  # 273.116666... hours
    assert round(log.capacity.node_s / 3600, 6) == 273.116667


def test_published_logs_are_read_whole():
    logs = "open/training_on_a_dime/availability"
    aws = read_capacity(trace(f"{logs}/aws_persistent_2020-03-15.out.gz"))
    assert aws.report.read == 2464
    assert len(aws.runs) == 39
    gcp = read_capacity(trace(f"{logs}/gcp_persistent_2020-03-01.out.gz"))
    assert gcp.report.read == 4521
    polled = read_capacity(trace("open/bamboo/a100x1-east1b.txt"))
    assert polled.report.read == 268
    assert max(polled.capacity.nodes) == 64
