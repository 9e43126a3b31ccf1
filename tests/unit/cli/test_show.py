"""``flopcast show``: tables, JSON, and one clear message for a wrong word."""

import json

import pytest
import typer
from typer.testing import CliRunner

from analysis.cli.show import KINDS, show
from simulator.catalogue.reader import kinds, read

app = typer.Typer()
app.command()(show)
SHOWN = [kind for kind, name in KINDS.items() if name in (*kinds(), "prices")]


def run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200", "TERM": "dumb"})
    return done.exit_code, done.stdout, done.stderr


@pytest.mark.parametrize("kind", SHOWN)
def test_every_kind_is_listed(kind: str) -> None:
    code, out, err = run(kind)
    assert (code, err) == (0, "")
    assert len(out.splitlines()) > 5


@pytest.mark.parametrize("kind", [kind for kind in SHOWN if kind != "prices"])
def test_json_lists_every_entry_with_its_source(kind: str) -> None:
    _, out, _ = run(kind, "--json")
    facts = json.loads(out)
    assert [fact["key"] for fact in facts] == list(read(KINDS[kind]))
    assert all(fact["source"] and fact["evidence"] and fact["standing"] for fact in facts)


@pytest.mark.parametrize("kind", [kind for kind in SHOWN if kind != "prices"])
def test_every_entry_can_be_shown(kind: str) -> None:
    for key in read(KINDS[kind]):
        code, out, _ = run(kind, key)
        assert code == 0
        assert "source" in out


def test_an_entry_shows_figures_with_units_and_standing() -> None:
    _, out, _ = run("accelerators", "A100-80GB")
    assert "80 GiB" in out
    assert "312 TFLOP/s" in out
    assert "primary text read" in out


def test_failures_show_their_causes() -> None:
    _, out, _ = run("failures", "llama-3")
    assert "silent_data_corruption" in out
    _, out, _ = run("failures", "llama-3", "--json")
    assert len(json.loads(out)["parts"]) == 19


def test_prices_of_one_accelerator() -> None:
    _, out, _ = run("prices", "a100-80gb", "--json")
    facts = json.loads(out)
    assert {fact["accelerator"] for fact in facts} == {"a100-sxm-80gb"}
    assert 3.93 in [fact["usd"] for fact in facts]
    assert run("prices", "a100-80gb")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("accelerator",), "did you mean 'accelerators'?"),
        (("accelerators", "h10o-sxm"), "did you mean 'h100-sxm'?"),
        (("failures", "llama-4"), "did you mean 'llama-3'?"),
        (("prices", "b300"), "did you mean 'b200-sxm'?"),
        (("datasets", ""), "is not known"),
    ],
)
def test_a_wrong_word_gets_one_message_and_exit_2(arguments: tuple[str, ...], message: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1


def test_a_kind_has_the_catalogues_own_word_too() -> None:
    assert run("architectures", "llama-2-70b") == run("models", "llama-2-70b")


def test_a_narrow_screen_cuts_no_key_and_explains_its_marks() -> None:
    done = CliRunner().invoke(app, ["storage"], env={"COLUMNS": "80", "TERM": "dumb"})
    for word in ("aws-fsx-lustre-scratch", "aws-s3-standard", "secondary", "standing", "no end"):
        assert word in done.stdout
    assert "?: this figure is unverified" in done.stdout
    assert "unverified, from memory" not in run("stages")[1]
