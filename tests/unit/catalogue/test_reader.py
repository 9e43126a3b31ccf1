"""The reader: keys, aliases, inheritance, errors, and reading from a zip as from a wheel."""

import subprocess
import sys
import zipfile
from datetime import date
from pathlib import Path

import pytest

import simulator
from simulator.catalogue import reader
from simulator.catalogue.reader import CatalogueError, entry, fold, kinds, parse_entry, read, rows

ABOUT = {"source": "a paper", "date": "2024-01-02", "evidence": "P"}


def test_all_shipped_kinds_are_found() -> None:
    assert {"accelerators", "systems", "datasets", "failures"} <= set(kinds())


def test_reading_twice_gives_the_same_object() -> None:
    assert read("accelerators") is read("accelerators")


@pytest.mark.parametrize("name", ["a100-sxm-80gb", "A100-SXM-80GB", "a100_80gb", "A100 80GB", "a100"])
def test_case_and_separators_do_not_matter(name: str) -> None:
    assert entry("accelerators", name).key == "a100-sxm-80gb"


@pytest.mark.parametrize("kind", kinds())
def test_every_alias_leads_to_its_entry(kind: str) -> None:
    for key, found in read(kind).items():
        for name in (key, *found.aliases):
            assert entry(kind, name) is found


def test_unknown_key_names_the_nearest() -> None:
    with pytest.raises(CatalogueError, match=r"'h10o-sxm' is not known, did you mean 'h100-sxm'\?"):
        entry("accelerators", "h10o-sxm")


def test_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(CatalogueError, match="did you mean 'failures'"):
        read("failure")


@pytest.mark.parametrize("name", ["source", "date", "evidence"])
def test_an_entry_without_provenance_is_refused(name: str) -> None:
    fields = {key: value for key, value in ABOUT.items() if key != name}
    with pytest.raises(CatalogueError, match=f"thing x: {name} is missing"):
        parse_entry("thing", "x", fields)


def test_an_unknown_evidence_mark_is_refused() -> None:
    with pytest.raises(CatalogueError, match="evidence 'Q' is not known"):
        parse_entry("thing", "x", ABOUT | {"evidence": "Q"})


def test_parts_inherit_what_they_do_not_state() -> None:
    parent = {**ABOUT, "title": "whole", "notes": "of the whole", "a_s": 1, "b_s": 2, "unverified": ["a_s"]}
    part = parse_entry("thing", "x", parent | {"p": {"b_s": 3, "evidence": "M"}}).parts["p"]
    assert dict(part.values) == {"a_s": 1.0, "b_s": 3.0}
    assert (part.source, part.date, part.evidence, part.title, part.notes) == ("a paper", "2024-01-02", "M", "p", "")
    assert part.unverified == ("a_s",)


def test_numbers_are_floats_and_words_are_words() -> None:
    found = parse_entry("thing", "x", ABOUT | {"n": 3, "word": "yes", "flag": True, "shape": [4, 4]})
    assert found.number("n") == 3.0
    assert found.text("word") == "yes"
    assert found.values["flag"] is True
    assert found.values["shape"] == (4.0, 4.0)
    assert found.get_number("absent") is None


def test_a_missing_or_mistyped_field_says_so() -> None:
    found = parse_entry("thing", "x", ABOUT | {"hbm_bytes": 3, "word": "yes"})
    with pytest.raises(CatalogueError, match="did you mean 'hbm_bytes'"):
        found.number("hbm_byte")
    with pytest.raises(CatalogueError, match="word is 'yes', expected a number"):
        found.number("word")
    with pytest.raises(CatalogueError, match=r"hbm_bytes is 3\.0, expected text"):
        found.text("hbm_bytes")


def test_standing_of_a_field_is_its_own_where_marked() -> None:
    found = parse_entry(
        "thing", "x", ABOUT | {"a_s": 1, "b_s": 2, "mfu_p50": 0.3, "mfu_evidence": "S", "unverified": ["b_s"]}
    )
    assert found.standing_of("a_s") == "primary text read"
    assert found.standing_of("b_s") == "unverified"
    assert found.standing_of("mfu_p50") == "secondary"


def test_dates_become_iso_text() -> None:
    found = parse_entry("thing", "x", ABOUT | {"date": date(2024, 1, 2), "released": date(2020, 5, 14)})
    assert (found.date, found.text("released")) == ("2024-01-02", "2020-05-14")


def test_a_name_of_two_entries_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    both = {key: parse_entry("thing", key, ABOUT | {"aliases": ["same"]}) for key in ("x", "y")}
    monkeypatch.setattr(reader, "read", lambda _: both)
    with pytest.raises(CatalogueError, match="'same' names both 'x' and 'y'"):
        entry("thing-of-this-test", "x")


@pytest.mark.parametrize("text", ["a100", "A100_SXM 80GB", "tpu-v4"])
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_reads_from_a_zip_as_from_a_wheel(tmp_path: Path) -> None:
    root = Path(simulator.__file__).parent
    wheel = tmp_path / "simulator.zip"
    with zipfile.ZipFile(wheel, "w") as packed:
        for file in (*root.glob("*.py"), *root.glob("catalogue/*"), *root.glob("foundation/*.py")):
            if file.is_file():
                packed.write(file, file.relative_to(root.parent))
    code = "from simulator.catalogue.reader import read, rows; print(len(read('accelerators')), len(rows('prices')))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(wheel)},
                          capture_output=True, text=True, check=True)  # fmt: skip
    assert done.stdout.split() == [str(len(read("accelerators"))), str(len(rows("prices")))]
