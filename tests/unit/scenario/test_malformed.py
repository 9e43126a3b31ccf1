"""Malformed scenarios: each is refused with a sentence that names place, cause and remedy."""

import re
from pathlib import Path

import pytest

from simulator.foundation.issues import ScenarioError
from simulator.scenario.api import check, scenario

GOOD = """
[cluster]
accelerator = "a100-sxm-80gb"
accelerators = 64
[model]
architecture = "llama-7b"
[data]
tokens = "10B tokens"
[throughput]
mfu = 0.4
[pricing]
rate = "$2/h"
"""

CASES = {
    # name: (text added or replaced, path, what the message says)
    "wrong unit": ("[recovery]\nswap = '3 GB'", "recovery.swap", "unit 'GB' does not fit; write a time"),
    "no unit": ("[recovery]\nswap = 30", "recovery.swap", "30 has no unit; write a time such as"),
    "unknown unit": ("[recovery]\nswap = '3 hrz'", "recovery.swap", "unit 'hrz' is not known, did you mean"),
    "not a quantity": ("[recovery]\nswap = 'soon'", "recovery.swap", "cannot read 'soon'; write a time"),
    "NaN": ("[run]\nseed = nan", "run.seed", "not a finite number"),
    "infinity": ("[failures]\nrate_multiplier = inf", "failures.rate_multiplier", "not a finite number"),
    "infinite text": ("[recovery]\nswap = '1e999 s'", "recovery.swap", "cannot read|not a finite number"),
    "negative": ("[recovery]\nswap = '-3 s'", "recovery.swap", "is negative"),
    "negative count": ("[run]\nreplicas = -1", "run.replicas", "is negative"),
    "zero where more is needed": ("[checkpoint]\ninterval = '0 s'", "checkpoint.interval", "is zero; write something"),
    "zero count": ("[run]\nreplicas = 0", "run.replicas", "too small; the least is 1"),
    "not whole": ("[run]\nreplicas = 1.5", "run.replicas", "not a whole number"),
    "huge": ("[recovery]\nswap = '2000 years'", "recovery.swap", "beyond the largest time"),
    "huge integer": (f"[run]\nseed = {'9' * 400}", "run.seed", "not a finite number|beyond the largest"),
    "share above one": ("[checkpoint]\nflush_slowdown = 1.5\nmode = 'asynchronous'", "checkpoint.flush_slowdown",
                        "more than 1; write a share"),
    "unknown key": ("[run]\nsed = 1", "run.sed", "did you mean 'seed'? Allowed: engine, replicas, seed"),
    "unknown section": ("[clusters]\na = 1", "clusters", "did you mean 'cluster'?"),
    "unknown key of a phase": ("[[phases]]\nname = 'a'\nour = '3 h'", "phases[0].our", "did you mean 'hours'?"),
    "unknown policy": ("[checkpoint]\npolicy = 'yung'", "checkpoint.policy", "did you mean 'young'?"),
    "unknown word": ("[checkpoint]\nmode = 'async'", "checkpoint.mode", "did you mean 'asynchronous'?"),
    "unknown failure catalogue": ("[failures]\ncatalogue = 'rsc-3'", "failures.catalogue", "did you mean 'rsc-"),
    "unknown system": ("[cluster]\nsystem = 'velo'", "cluster.system", "did you mean 'vela'?"),
    "unknown accelerator": ("[cluster]\naccelerator = 'a100-sxm-81gb'", "cluster.accelerator",
                            "did you mean 'a100-sxm-80gb'?"),
    "unknown architecture": ("[model]\narchitecture = 'llama-66b'", "model.architecture", "did you mean 'llama-65b'?"),
    "unknown dataset": ("[data]\ndataset = 'the-pill'", "data.dataset", "did you mean 'the-pile'?"),
    "unknown method": ("[throughput]\nmethod = 'guess'", "throughput.method", "allowed: .*published.*stated"),
    "text for a table": ("run = 3", "run", "expected a table, found the number 3"),
    "table for text": ("[title]\na = 1", "title", "expected text in quotes, found a table"),
    "number for text": ("title = 3", "title", "expected text in quotes, found the number 3"),
    "text for a flag": ("[failures]\nenabled = 'yes'", "failures.enabled", "expected true or false"),
    "table for a list": ("[phases]\nname = 'a'", "phases", "expected a list of tables"),
    "no save is usable": ("[checkpoint]\ncorrupt = 1", "checkpoint.corrupt", "does not end"),
    "too many spares": ("[cluster]\nspares = 1e6", "cluster.spares", "1,000,000 spares are more than.*'ample'"),
    "priced carbon of no grid": ("[energy]\ncarbon_price = '$50'", "energy.grid", "carbon has a price; name a grid"),
    "priced carbon of no power": ("[cluster]\naccelerator = 'tpu-v5e'\naccelerators = 8\n[energy]\ncarbon_price = '$5'",
                                  "energy.power", "carbon has a price.*what a tpu-v5e draws"),
    "no PUE": ("[energy]\npue = 0", "energy.pue", "'?0'? is no PUE.*1 to 10"),
    "no calendar at its end": ("start = 9999-12-31", "start", "out of range: expected a date from 1900 to 2999"),
    "no date": ("start = 'tomorrow'", "start", "expected a date such as 2022-12-12"),
    "no phases": ("phases = []", "phases", "the list is empty"),
    "two rests": ("[[phases]]\nname = 'a'\n[[phases]]\nname = 'b'", "phases[1]", "only one phase can take the rest"),
    "equal names": ("[[phases]]\nname = 'a'\nshare = 0.5\n[[phases]]\nname = 'a'\nshare = 0.5", "phases[0].name",
                    "'a' names 2 phases"),
    "shares that miss one": ("[[phases]]\nname = 'a'\nshare = 0.5\n[[phases]]\nname = 'b'\nshare = 0.4", "phases",
                             "sum to 0.9"),
    "nothing left": ("[[phases]]\nname = 'a'\ntokens = '10B tokens'\n[[phases]]\nname = 'b'", "phases[1]",
                     "nothing is left for this phase"),
    "hours of what kind": ("[[phases]]\nhours = '3 h'", "phases[0].hours_kind", "net \\(of failures\\) or gross"),
    "kind without hours": ("[[phases]]\nhours_kind = 'net'", "phases[0].hours_kind", "stated without hours"),
    "too few hours": ("[[phases]]\nhours = '3 s'\nhours_kind = 'gross'\ntokens = '10B tokens'", "phases[0].hours",
                      "are too few: the tokens take"),
    "two efficiencies": ("[[phases]]\nstep_time = '3 s'\nmfu = 0.3", "phases[0]",
                         "expected one of mfu.*found mfu and step_time"),
    "faster than the peak": ("[throughput]\nmfu = 1.01", "throughput.mfu", "more than 1"),
    "tokens beyond the peak": ("[[phases]]\ntokens_per_second_per_accelerator = '20000 tokens/s'",
                               "phases[0].tokens_per_second_per_accelerator", "an MFU of 2.*more than the peak"),
    "step without batch": ("[[phases]]\nstep_time = '3 s'", "phases[0].step_time", "needs data.batch"),
    "method against figure": ("[throughput]\nmethod = 'published'\nmfu = 0.3", "throughput.mfu", "contradicts"),
    "method without figure": ("[throughput]\nmethod = 'stated'", "throughput", "found none"),
    "without nothing": ("without = ['run.seed']", "without", "run.seed is not stated"),
    "without a number": ("without = 3", "without", "expected a list of paths"),
    "without a bad path": ("without = ['a..b']", "without", "as a path"),
    "flush longer than the interval": ("[checkpoint]\nmode = 'asynchronous'\nsave_time = '10 min'\ninterval = '5 min'",
                                       "checkpoint.interval", "does not end within the interval"),
    "free saves": ("[checkpoint]\npolicy = 'young'\nsave_time = '0 s'\n[failures]\ncatalogue = 'rsc-1'",
                   "checkpoint.policy", "would take a save that costs nothing all the time"),
    "a run without end": ("[checkpoint]\npolicy = 'none'\n[failures]\ncatalogue = 'rsc-1'\nrate_multiplier = 1e5",
                          "phases[0]", "would not end: a stop every"),
    "own cause without rate": ("[failures]\ncatalogue = 'llama-3'\n[failures.causes.gpu_hbm]\nnodes_lost = 1",
                               "failures.causes.gpu_hbm", "did you mean 'gpu_hbm3'?"),
    "discount backwards": ("[pricing]\ndiscount = [0.8, 0.5]", "pricing.discount", "write \\[low, high\\]"),
    "discount above one": ("[pricing]\ndiscount = '120 %'", "pricing.discount", "more than 1"),
    "host": ("[pricing]\nhost = 'maybe'", "pricing.host", "expected 'included', 'excluded' or a rate"),
    "book and rate": ("[pricing]\nbook = 'x.csv'\nrate = '$3/h'", "pricing.book", "contradicts rate"),
    "another accelerator": ("[cluster]\nsystem = 'tpu-v4-pod'", "cluster.accelerator", "not what tpu-v4-pod has"),
    "architecture table": ("[model]\narchitecture = {layers = 2}", "model.architecture", "the table lacks hidden"),
    "architecture key": ("[model]\narchitecture = {layer = 2}", "model.architecture", "did you mean 'layers'?"),
    "missing config.json": ("[model]\narchitecture = 'no.json'", "model.architecture", "'no.json' cannot be read"),
    "empty sweep": ("[sweep]\n'run.seed' = []", "sweep.run.seed", "a list with at least one value"),
    "sweep of nothing": ("[sweep]\n'run.sed' = [1]", "sweep.run.sed", "did you mean 'seed'?"),
    "sweep value": ("[sweep]\n'run.seed' = [1, -1]", "sweep.run.seed", "is negative"),
    "sweep path": ("[sweep]\n'run..seed' = [1]", "sweep.\"run..seed\"", "as a path"),
    "swept phase": ("[sweep]\n'phases[0].hours' = ['1 h']", "sweep.phases[0].hours", "there is no element \\[0\\]"),
    "extends a number": ("extends = 3", "extends", "expected a scenario's name or path"),
    "extends nothing": ("extends = 'llama-65'", "extends", "did you mean 'llama-65b'?"),
    "extends a missing file": ("extends = 'no.toml'", "extends", "does not exist"),
    "unicode key": ("[run]\n'süd😀' = 1", 'run."süd😀"', "'süd😀' is not known"),
}  # fmt: skip


def written(addition: str, folder: Path) -> Path:
    """Lay an addition over the good scenario, in a file of its own."""
    (folder / "good.toml").write_text(GOOD, encoding="utf-8")
    file = folder / "bad.toml"
    extends = "" if addition.startswith("extends") else "extends = 'good.toml'\n"
    file.write_text(extends + addition, encoding="utf-8")
    return file


def refused(file: Path | str, *sets: str) -> ScenarioError:
    with pytest.raises(ScenarioError) as caught:
        check(file, sets)
    return caught.value


def test_the_good_one_is_good(tmp_path: Path) -> None:
    assert scenario(written("", tmp_path)).stages[0].tokens == 10e9


@pytest.mark.parametrize("name", CASES)
def test_one_clear_message(name: str, tmp_path: Path) -> None:
    addition, path, message = CASES[name]
    file = written(addition, tmp_path)
    issues = refused(file).issues
    found = [issue for issue in issues if issue.path == path]
    assert found, f"no issue at {path}: {[str(issue) for issue in issues]}"
    assert re.search(message, found[0].message) or message in found[0].message, found[0].message
    assert len(issues) <= (2 if name in TWICE else 1), [str(issue) for issue in issues]
    assert found[0].file is not None
    assert all("\n" not in str(issue) and len(str(issue)) < 900 for issue in issues)


TWICE = {"equal names"}  # one problem for each of the two
LINES = {"unknown key": 3, "two rests": 4, "discount backwards": 3, "sweep value": 3, "unknown section": 2}


@pytest.mark.parametrize("name", LINES)
def test_the_line_is_right(name: str, tmp_path: Path) -> None:
    addition, path, _ = CASES[name]
    found = next(issue for issue in refused(written(addition, tmp_path)).issues if issue.path == path)
    assert found.line == LINES[name]
    assert str(found).startswith(f"{found.file}:{found.line}: {path}: ")


def test_all_problems_at_once(tmp_path: Path) -> None:
    addition = (
        "[run]\nsed = 1\nreplicas = -1\n[checkpoint]\npolicy = 'yung'\n[cluster]\naccelerator = 'z100'\n"
        "[sweep]\n'run.seeed' = [1]"
    )
    paths = {issue.path for issue in refused(written(addition, tmp_path), "recovery.swap=3").issues}
    assert paths == {
        "run.sed",
        "run.replicas",
        "checkpoint.policy",
        "cluster.accelerator",
        "recovery.swap",
        "sweep.run.seeed",
    }


FILES = {
    "a folder": (None, "folder"),
    "binary": (b"\x7fELF\x00\xff\xfe", "not UTF-8 text, at byte"),
    "null bytes": (b"a = 1\x00", "not TOML"),
    "syntax": (b"[run]\nseed = \n", "not TOML"),
    "key twice": (b"a = 1\na = 2", "not TOML"),
    "not closed": (b"title = 'x", "not TOML"),
    "deep lists": (b"a = " + b"[" * 5000 + b"]" * 5000, "nested too deeply"),
    "deep keys": (b".".join([b"a"] * 5000) + b" = 1", "nested too deeply"),
    "too large": (b"#" * (5 * 2**20), "larger than 4 MiB"),
    "empty": (b"", "name an accelerator or a system"),
    "comments": (b"# nothing\n\n", "name an accelerator or a system"),
    "byte order mark and returns": (b"\xef\xbb\xbfstart = 2022-12-12\r\n", "name an accelerator or a system"),
}


@pytest.mark.parametrize("name", FILES)
def test_files_that_are_no_scenario(name: str, tmp_path: Path) -> None:
    content, message = FILES[name]
    file = tmp_path / "bad.toml"
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)
    [issue] = refused(file).issues
    assert message in issue.message
    assert issue.file == str(file)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device here")
def test_devices_are_not_read(tmp_path: Path) -> None:
    assert "a device or a pipe" in refused("/dev/zero").issues[0].message
    (tmp_path / "zero.json").symlink_to("/dev/zero")
    [issue] = refused(written("[model]\narchitecture = 'zero.json'", tmp_path)).issues
    assert "not a file" in issue.message
    (tmp_path / "large.json").write_text("#" * (5 * 2**20))
    [issue] = refused(written("[model]\narchitecture = 'large.json'", tmp_path)).issues
    assert "larger than 4 MiB" in issue.message
    [issue] = refused(written("start = 2023-01-01\n[pricing]\nbook = '/dev/zero'", tmp_path)).issues
    assert "is no file with prices" in issue.message


def test_the_line_of_a_syntax_error(tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text("[run]\n\nseed = = 1\n")
    assert refused(file).issues[0].line == 3


@pytest.mark.parametrize("name", ["llama-65", "no/such.toml", "no.toml", "x" * 5000, "a\0b", "", "."])
def test_names_that_lead_nowhere(name: str) -> None:
    assert len(refused(name).issues) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("run.seed", "has no '='"),
        ("=3", "as a path"),
        ("pricing.rate=", "is not stated"),
        ("run.seed.deep=3", "cannot be set inside"),
        ("phases[7].hours=3 h", "there is no element [7]"),
        ("run.=3", "as a path"),
        ("extends='x'", "only be written in a file"),
        (".".join("a" * 30) + "=1", "too deep"),
        ("run..seed=3", "as a path"),
        ("run.seed[x]=3", "as a path"),
    ],
)
def test_changes_that_cannot_be_made(change: str, message: str) -> None:
    [issue] = refused("llama-65b", "run.seed=3", change).issues
    assert message in issue.message
    assert issue.file == "--set"


def test_circles_name_their_members(tmp_path: Path) -> None:
    for name, base in (("a", "b"), ("b", "c"), ("c", "a")):
        (tmp_path / f"{name}.toml").write_text(f"extends = '{base}.toml'")
    [issue] = refused(tmp_path / "a.toml").issues
    assert "circle: a -> b -> c -> a" in issue.message
    (tmp_path / "self.toml").write_text("extends = ['self.toml']")
    assert "self -> self" in refused(tmp_path / "self.toml").issues[0].message


def test_a_bad_base_is_named_itself(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text("[run]\nseed = -1\n")
    (tmp_path / "top.toml").write_text("extends = 'base.toml'\ntitle = 'top'\n")
    issue = next(issue for issue in refused(tmp_path / "top.toml").issues if issue.path == "run.seed")
    assert str(issue.file).endswith("base.toml")
    assert issue.line == 2


LLAMA_CONFIG = """{"model_type": "llama", "num_hidden_layers": 32, "hidden_size": 4096, "num_attention_heads": 16,
"intermediate_size": 11008, "vocab_size": 16000, "max_position_embeddings": 2048}"""
CONFIGS = {
    "no JSON": ("{", "is not JSON"),
    "a list": ("[]", "not an object"),
    "no model type": ("{}", "model_type"),
    "unknown model type": ('{"model_type": "rnn"}', "not supported"),
    "text for counts": (LLAMA_CONFIG.replace("32", '"x"'), "x"),
    "deep": ("[" * 100000, "is not JSON"),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_bad_configurations(name: str, tmp_path: Path) -> None:
    text, message = CONFIGS[name]
    (tmp_path / "mine.json").write_text(text)
    issues = refused(written("[model]\narchitecture = 'mine.json'", tmp_path)).issues
    found = [issue for issue in issues if issue.path == "model.architecture"]
    assert message in found[0].message
    assert "mine.json" in found[0].message
    assert "config.json" not in found[0].message


BOOKS = {
    "missing": (None, "cannot be read"),
    "no columns": ("a,b\n1,2\n", "column accelerator, usd_per_accelerator_h is missing"),
    "no price": ("accelerator,usd_per_accelerator_h\nh100-sxm,3\n", "a100"),
    "zero": ("accelerator,usd_per_accelerator_h\na100-sxm-80gb,0\n", "above zero"),
}


@pytest.mark.parametrize("name", BOOKS)
def test_bad_price_books(name: str, tmp_path: Path) -> None:
    text, message = BOOKS[name]
    if text is not None:
        (tmp_path / "book.csv").write_text(text)
    body = GOOD.replace('rate = "$2/h"', 'book = "book.csv"\nprovider = "mine"') + "\n"
    file = tmp_path / "own.toml"
    file.write_text("start = 2023-01-01\n" + body)
    [issue] = refused(file).issues
    assert issue.path.startswith("pricing")
    assert message in issue.message


def test_prices_need_a_date(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(GOOD.replace('rate = "$2/h"', 'provider = "gcp"'))
    assert any(issue.path == "start" and "prices have dates" in issue.message for issue in refused(file).issues)
