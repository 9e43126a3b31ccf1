"""``flopcast budget``: what people read, what programs read, and wrong input."""

import json
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from analysis.cli.budget import budget
from analysis.cli.main import main
from simulator.foundation.units import UnitError

app = typer.Typer()
app.command()(budget)
FAST = ("--replicas", "100")


def run(*words: str) -> str:
    done = CliRunner().invoke(app, [*words, *FAST], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_the_answer_comes_first() -> None:
    text = run("$5M", "--served", "2T tokens", "--accelerator", "h100-sxm", "--loss", "1.95")
    assert text.startswith("$5M buys a loss of 1.9")
    assert "serving-aware: parameters" in text
    assert "1.95 in" in text
    assert "What moves the loss" in text


def test_json_holds_every_offer() -> None:
    facts = json.loads(run("$5M", "--json"))
    assert facts["usd"] == 5e6
    assert len(facts["offers"]) > 20
    first = facts["offers"][0]["compute_optimal"]
    assert first["loss"]["p10"] < first["loss"]["p50"] < first["loss"]["p90"]
    assert facts["offers"][0]["serving_aware"] is None


def test_what_a_loss_costs() -> None:
    facts = json.loads(run("--loss", "1.83", "--accelerator", "h100-sxm", "--json"))
    assert facts["usd"] is None
    assert facts["offers"][0]["compute_optimal"]["usd"]["p90"] is None  # never, in one draw of ten


@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_pictures(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"budget{suffix}"
    run("$5M", "--accelerator", "h100-sxm", "--served", "1T tokens", "--plot", str(file))
    assert file.stat().st_size > 5000


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["5"], "no unit is given"),
        (["$0"], "buys nothing"),
        (["--loss", "1.5"], "not above 1.8172"),
        (["$5M", "--date", "soon"], "not a date"),
        (["$5M", "--mfu", "140 %"], "no share"),
        (["--loss", "1e308"], "one parameter on one token"),
    ],
)
def test_wrong_input_is_said_in_one_sentence(words: list[str], message: str) -> None:
    with pytest.raises(UnitError, match=message):
        run(*words)


@pytest.mark.parametrize(("flag", "word"), [("--law", "besiroglou"), ("--accelerator", "h1000"), ("--term", "sport")])
def test_unknown_words_end_with_one_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], flag: str, word: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["flopcast", "budget", "$5M", flag, word])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert f"{word!r} is not known, did you mean" in capsys.readouterr().err


def test_nothing_asked() -> None:
    assert CliRunner().invoke(app, []).exit_code == 2


def test_no_offer_heads_the_list_whose_interruptions_are_not_counted() -> None:
    text = " ".join(run("$5M").split())
    assert "commit 3y (if others use the rest of the term)." in text.partition("on the best offer")[0]
    assert "On spot, last because interruptions are not counted, if it is never taken back: tpu-v5e at $" in text
    asked = " ".join(run("$5M", "--term", "spot").split())
    assert "spot (if it is never taken back)." in asked
    assert "On spot, last" not in asked
    offers = json.loads(run("$5M", "--json"))["offers"]
    spot = [each["term"] == "spot" for each in offers]
    assert spot == sorted(spot)
    presumed = {each["term"]: each["presumes"] for each in offers}
    assert presumed["on_demand"] is None
    assert presumed["spot"] == "it is never taken back"
