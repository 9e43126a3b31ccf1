"""Tables of a sweep: whole or absent, in order, and read back to the last bit."""

import csv
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.study import export
from analysis.study.evaluate import FIGURES, Key, Row

SEED = 2**66  # larger than any column of whole numbers


def row(value: float = 0.1) -> Row:
    return Row(key=Key("f" * 32, SEED, 3, "1.0"), figures=dict.fromkeys(FIGURES, value), basis="$1, stated", engine="x")


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=5))
def test_numbers_read_back_to_the_last_bit(values: list[float]) -> None:
    text = export.csv_text([({"a.b": number}, row(value)) for number, value in enumerate(values)])
    read = list(csv.DictReader(StringIO(text)))
    assert [float(line["usd_p90"]) for line in read] == values
    assert [line["a.b"] for line in read] == [str(number) for number in range(len(values))]
    assert {line["basis"] for line in read} == {"$1, stated"}


def test_values_are_written_as_in_the_scenario() -> None:
    assert [export.shown(value) for value in ("30 min", 8, 0.1, True, [0.5, 0.8])] == [
        "30 min", "8", "0.1", "true", "[0.5, 0.8]",
    ]  # fmt: skip


def test_a_variant_without_a_path_leaves_its_cell_empty() -> None:
    columns = export.columns([({"a": 1}, row()), ({"b": 2}, row())])
    assert columns["a"] == ["1", ""]
    assert columns["b"] == ["", "2"]


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "results.csv"
    export.write_csv(path, [({}, row())])
    before = path.read_bytes()
    monkeypatch.setattr(export, "csv_text", lambda _: "\ud800")  # cannot be encoded
    with pytest.raises(UnicodeEncodeError):
        export.write_csv(path, [])
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_parquet_has_the_same_table(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra data is not installed")
    export.write_parquet(tmp_path / "results.parquet", [({"a": 1}, row()), ({"a": 2}, row(0.7))])
    table = parquet.read_table(tmp_path / "results.parquet").to_pydict()
    assert table["usd_mean"] == [0.1, 0.7]
    assert table["seed"] == [str(SEED)] * 2


def test_parquet_without_its_extra_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(export.ExportError, match=r"pip install 'flopcast\[data\]'"):
        export.write_parquet(tmp_path / "results.parquet", [])
