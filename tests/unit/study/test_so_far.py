"""Logs of a run under way."""

from pathlib import Path

import pytest

from analysis.study.so_far import Seen, read
from simulator.foundation.issues import ScenarioError

HEAD = "day,tokens,stops\n"


def log(folder: Path, text: str) -> Path:
    path = folder / "log.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_values_with_and_without_units(tmp_path: Path) -> None:
    text = "\ufeffday, tokens ,stops,tokens_per_second_per_accelerator\n1,2.5e9,3,\n36 h,4B tokens,3,380\n2 d,4.5B,4,"
    first, second, third = read(log(tmp_path, text))
    assert first == Seen(elapsed_s=86400.0, tokens=2.5e9, stops=3)
    assert (second.elapsed_s, second.tokens, second.tokens_per_s) == (129600.0, 4e9, 380.0)
    assert (third.elapsed_s, third.tokens, third.tokens_per_s) == (172800.0, 4.5e9, None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["1: has no column 'day'"]),
        ("day,tokens,stop\n1,1,1\n", ["1: has no column 'stops'", "did you mean stops"]),
        (HEAD, ["has no rows"]),
        (HEAD + "nan,1,1\n", ["2: day"]),
        (HEAD + "inf,1,1\n", ["2: day"]),
        (HEAD + "0,1,1\n", ["2: day", "after the start"]),
        (HEAD + "-1,1,1\n", ["2: day"]),
        (HEAD + "1,1 GB,1\n", ["2: tokens"]),
        (HEAD + "1,1,1.5\n", ["2: stops", "whole"]),
        (HEAD + "2,5,1\n1,6,1\n", ["3: day", "order"]),
        (HEAD + "1,5,4\n2,6,3\n", ["3: tokens and stops", "cannot fall"]),
        (HEAD + "1,5\n2,6,3,4\n", ["2: has another number", "3: has another number"]),
        (HEAD + "ein Tag,5,1\nx,5,1\n", ["2: day", "3: day"]),
    ],
)
def test_what_cannot_be_used_is_named_with_its_line(tmp_path: Path, text: str, words: list[str]) -> None:
    with pytest.raises(ScenarioError) as refusal:
        read(log(tmp_path, text))
    for word in words:
        assert word in str(refusal.value)


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(b"day,tokens,stops\n\xff\xfe1,1,1\n")
    with pytest.raises(ScenarioError, match="UTF-8"):
        read(path)
