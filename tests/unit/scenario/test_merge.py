"""Files over files: what merges, what is replaced, and where each value says it came from."""

from pathlib import Path

import pytest

from simulator.scenario.lines import dotted, lines, undotted
from simulator.scenario.load import load, shipped
from simulator.scenario.text import toml_value


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder / f"{next(reversed(files))}.toml"


def test_tables_merge_and_values_are_replaced(tmp_path: Path) -> None:
    loaded = load(write(
        tmp_path,
        base="[run]\nseed = 1\nreplicas = 5\n[[phases]]\nname = 'a'\n[[phases]]\nname = 'b'\n",
        top="extends = 'base.toml'\n[run]\nseed = 2\n[[phases]]\nname = 'c'\n",
    ))  # fmt: skip
    assert loaded.document == {"run": {"seed": 2, "replicas": 5}, "phases": [{"name": "c"}]}
    assert str(loaded.place(("run", "seed"))).endswith("top.toml:3")
    assert str(loaded.place(("run", "replicas"))).endswith("base.toml:3")
    assert str(loaded.place(("phases", 0, "name"))).endswith("top.toml:5")
    assert loaded.name == "top"


def test_later_bases_lie_on_earlier_ones(tmp_path: Path) -> None:
    top = write(
        tmp_path, one="[run]\nseed = 1\nreplicas = 1", two="[run]\nseed = 2", top="extends = ['one.toml', 'two.toml']"
    )
    assert load(top).document == {"run": {"seed": 2, "replicas": 1}}


def test_chains_and_folders(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    write(tmp_path, root="[run]\nseed = 1\n")
    write(tmp_path / "deep", middle="extends = '../root.toml'\n[run]\nreplicas = 2\n")
    top = write(tmp_path, top="extends = 'deep/middle.toml'\n")
    assert load(top).document == {"run": {"seed": 1, "replicas": 2}}


def test_a_diamond_is_no_circle(tmp_path: Path) -> None:
    top = write(
        tmp_path,
        root="[run]\nseed = 1\n",
        left="extends = 'root.toml'\n",
        right="extends = 'root.toml'\n[run]\nseed = 3\n",
        top="extends = ['left.toml', 'right.toml']\n",
    )
    assert load(top).document == {"run": {"seed": 3}}


def test_shipped_names_are_found_from_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    loaded = load("llama-65b-negotiated-50")
    assert str(loaded.place(("pricing", "rate"))).startswith("scenarios/llama-65b-seed.toml:")
    top = write(tmp_path, mine="extends = 'llama-65b'\n")
    assert load(top.name).document["cluster"]["accelerators"] == 2048
    assert "llama-65b" in shipped()


def test_keys_are_taken_away(tmp_path: Path) -> None:
    top = write(
        tmp_path, base="[run]\nseed = 1\n[pricing]\nrate = '$1/h'", top="extends='base.toml'\nwithout=['pricing.rate']"
    )
    assert load(top).document == {"run": {"seed": 1}, "pricing": {}}
    assert load(top, sets=["run.seed="]).document == {"run": {}, "pricing": {}}


def test_sets(tmp_path: Path) -> None:
    file = write(tmp_path, a="[[phases]]\nhours = '1 h'\n")
    sets = ["phases[0].hours=2 h", "run.seed = 7", "title='x = y'", "start=2022-01-02", 'note."a b"=c=d']
    document = load(file, sets=sets).document
    assert document["phases"] == [{"hours": "2 h"}]
    assert document["run"] == {"seed": 7}
    assert document["title"] == "x = y"
    assert document["start"].isoformat() == "2022-01-02"
    assert document["note"] == {"a b": "c=d"}


def test_sweeps_are_set_aside_in_order(tmp_path: Path) -> None:
    file = write(
        tmp_path, a="[sweep]\n'run.seed' = [1, 2]\ncluster.accelerators = [8]\n[sweep.checkpoint]\ninterval = ['1 h']\n"
    )
    loaded = load(file, sets=["sweep.run.replicas=[5]"])
    assert list(loaded.sweep) == [
        ("run", "seed"),
        ("cluster", "accelerators"),
        ("checkpoint", "interval"),
        ("run", "replicas"),
    ]
    assert "sweep" not in loaded.document
    assert loaded.places["sweep", "run", "seed"].line == 2


TRICKY = '''# comment with = and [brackets]
title = "a # b"            # 2
"quoted key" = 1           # 3
site."g.com".x = 2         # 4
multi = """
[not.a.table]
x = 1
"""                        # 5
literal = \'\'\'
y = 2\'\'\'                    # 9
list = [
  1, # one
  "]", [2, 3],
]                          # 11
inline = {a = 1, b = {c = "}"}, d = [ {e = 1} ]} # 15

[ table . "sub x" ]        # 17
k = \'its\'
'''


def test_lines_of_tricky_text() -> None:
    import tomllib

    tomllib.loads(TRICKY)
    found = lines(TRICKY)
    assert found["title",] == 2
    assert found["quoted key",] == 3
    assert found["site", "g.com", "x"] == 4
    assert found["multi",] == 5
    assert found["literal",] == 9
    assert found["list",] == 11
    assert found["list", 1] == 13
    assert found["inline", "b", "c"] == 15
    assert found["inline", "d", 0, "e"] == 15
    assert found["table", "sub x"] == 17
    assert found["table", "sub x", "k"] == 18
    assert ("not", "a", "table") not in found


def test_lines_of_nested_arrays_of_tables() -> None:
    text = "[[a]]\n[[a.b]]\nx = 1\n[[a.b]]\nx = 2\n[[a]]\n[[a.b]]\nx = 3\n[a.c]\ny = 4\n"
    found = lines(text)
    assert found["a", 0, "b", 1, "x"] == 5
    assert found["a", 1, "b", 0, "x"] == 8
    assert found["a", 1, "c", "y"] == 10


@pytest.mark.parametrize("path", [("a",), ("a", 0, "b"), ("a b", "c"), ("ä", 3), ('q"x', "y\\z"), ("tab\t",)])
def test_paths_are_read_back(path: tuple[str | int, ...]) -> None:
    assert undotted(dotted(path)) == path


def test_text_escapes() -> None:
    import tomllib

    for text in ('a"b', "a\\b", "a\nb", "\x7f", "\x00", "😀", "\u2028", "\U0001f600\x1f"):
        assert tomllib.loads(f"x = {toml_value(text)}") == {"x": text}
