"""Logs of outages: columns by guess and by map, dates in several forms, rows that are no outages."""

import gzip

import pytest

from simulator.traces.joblog import TraceError
from simulator.traces.outage_logs import read_outages

LANL = (
    "System,nodes,nodenumz,node prod,node decom,Prob Started,Prob Fixed,Facilities,Hardware,Human Error,Network,"
    "Undetermined,Software\n"
    "6,4,0,3-Sep,current,9/26/2003 16:40,9/27/2003 14:30,,CPU,,,,\n"
    "6,4,1,Dec-99,4-Jan,9/25/2003 16:40,9/25/2003 16:40,,,,,,OS\n"
    "7,4,1,3-Sep,current,9/25/2003 16:40,9/25/2003 17:40,,,,,,OS\n"
    "6,4,2,3-Sep,current,soon,9/25/2003 17:40,,,,,,OS\n"
    "6,4,2,3-Sep,current,9/25/2003 18:40,9/25/2003 17:40,,,,,,OS\n"
)


@pytest.fixture
def write(tmp_path):
    def to(text, name="log.csv"):
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return to


def test_usual_columns_and_forms_of_time(write):
    log = read_outages(write(
        "host,down_at,up_at,reason\nn1,2024-05-01 10:00,2024-05-01 11:00,GPU\nn2,5/1/2024 9:30,,\n"
    ))  # fmt: skip
    assert [(o.node, o.end_s and o.end_s - o.start_s, o.cause) for o in log.outages] == [
        ("n2", None, "not stated"), ("n1", 3600, "GPU"),
    ]  # fmt: skip
    assert log.nodes is None


def test_a_table_as_windows_writes_it_is_the_same_table(write):
    text = "node,start,end\nä,1970-01-02,1970-01-03\nn2,60,\n"
    known = read_outages(write(text))
    assert [outage.node for outage in known.outages] == ["n2", "ä"]
    for encoding in ("utf-8-sig", "utf-16"):
        assert read_outages(write(text.replace("\n", "\r\n").encode(encoding))).outages == known.outages


def test_columns_by_a_map(write):
    text = "a;b,c\nx,5\ny,3\n"
    log = read_outages(write(text), columns="node=a;b,start=c")
    assert [(o.node, o.start_s) for o in log.outages] == [("y", 3), ("x", 5)]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ("node=host", "log.csv:1: --columns: column 'host' is not known"),
        ("who=a", "log.csv:1: --columns: 'who' is not known"),
        ("node", "log.csv:1: --columns: 'node' is not known"),
        ("node=a", "no column for the start"),
        (None, "no column for the node (usual names: node, host"),
    ],
)
def test_columns_that_are_not_there(write, columns, said):
    with pytest.raises(TraceError) as caught:
        read_outages(write("a,c\n1,2\n"), columns=columns)
    assert said in str(caught.value)


def test_every_row_is_accounted_for(write):
    log = read_outages(write(
        "node,start,end\n,1,2\nn,nan,2\nn,inf,3\nn,-5,3\nn,9,8\nn,9,soon\nn,9,9\nn,9,\n\n\u00e9\u4e16,7,8\n"
    ))  # fmt: skip
    assert dict(log.report.dropped) == {
        "node unknown": 1,
        "start unknown": 2,
        "start is negative": 1,
        "ends before it starts": 1,
        "end cannot be read": 1,
    }
    assert [outage.node for outage in log.outages] == ["\u00e9\u4e16", "n", "n"]
    assert log.report.read == 9


def test_lanl_rows(write):
    log = read_outages(write(gzip.compress(LANL.encode()), "lanl.csv.gz"), system="6")
    assert [(o.node, o.cause) for o in log.outages] == [("1", "software"), ("0", "hardware")]
    assert log.outages[1].end_s - log.outages[1].start_s == 1310 * 60
    assert dict(log.report.dropped) == {"start unknown": 1, "ends before it starts": 1, "of another system": 1}
    assert (log.report.read, log.nodes) == (5, 4)
    assert log.report.first == {"of another system": 3, "start unknown": 4, "ends before it starts": 5}
    since_s, until_s = log.service_s["1"]
    assert (since_s, until_s) == (944006400, 1072915200)  # December 1999, January 2004
    assert log.service_s["0"][1] is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "--system: the file has several systems; name one of 6, 7"),
        ({"system": "18"}, "--system: '18' is not known"),
        ({"system": "6", "columns": "node=nodes"}, "--columns: names the columns of a table of your own"),
        ({"format": "lanlx"}, "outage log format 'lanlx' is not known, did you mean 'lanl'"),
    ],
)
def test_refusals_say_what_is_allowed(write, options, said):
    with pytest.raises(TraceError) as caught:
        read_outages(write(LANL), **options)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "\n\n",
        "node,start\n",
        "node,start\nn,never\n",
        b"\x00\xff\xfe\x01",
        b"\x1f\x8bbroken",
        "node,start\n" + "x" * 200_000,
    ],
)
def test_files_without_an_outage_are_refused(write, content):
    with pytest.raises(TraceError):
        read_outages(write(content))


def test_no_such_file(tmp_path):
    with pytest.raises(TraceError, match="cannot read it"):
        read_outages(tmp_path / "none.csv")


def test_a_map_of_some_columns_leaves_the_usual_names_of_the_others(write):
    log = read_outages(write("host,t0,back,reason\nn1,5,9,GPU\n"), columns="start=t0,end=back")
    assert log.outages == [("n1", 5, 9, "GPU")]
    taken = read_outages(write("host,time,cause\nn1,5,9\n"), columns="end=cause")
    assert taken.outages == [("n1", 5, 9, "not stated")]  # a column says one thing


def test_a_row_that_stands_there_twice_counts_once(write):
    log = read_outages(write("node,start,end,cause\na,5,9,GPU\na,5,,GPU\nb,5,9,GPU\na,5,9,GPU\n"))
    assert len(log.outages) == 3
    assert log.report.dropped == {"the same as an earlier row": 1}
    assert log.report.first == {"the same as an earlier row": 4}


def test_usual_names_as_spreadsheets_write_them(write):
    log = read_outages(write("Hostname;Start Time;End-Time;Root Cause\nn1;5;9;GPU\n".replace(";", ",")))
    assert log.outages == [("n1", 5, 9, "GPU")]
