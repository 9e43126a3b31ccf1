"""What the page answers equals ``flopcast run --json``, and it takes nothing that a page should not take."""

import json
import shlex
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from analysis.cli.main import app
from analysis.metrics.facts import forecast_facts
from analysis.web.answer import (
    LONGEST_TEXT,
    Base,
    Form,
    TooMuchError,
    ask,
    changes,
    command,
    expected_stops,
    form_of,
    offered,
    own,
    share,
)
from analysis.web.serving import arguments
from simulator.foundation.issues import ScenarioError
from simulator.scenario.api import scenario

LLAMA = Base(name="llama-65b")


def by_command(words: str) -> dict[str, object]:
    done = CliRunner().invoke(app, [*shlex.split(words)[1:], "--json"])
    assert done.exit_code == 0, done.output
    found: dict[str, object] = json.loads(done.stdout)
    return found


def varied(**choices: object) -> Form:
    return replace(form_of(LLAMA), **choices)  # type: ignore[arg-type]  # the tests name the fields


@pytest.mark.parametrize(
    "form",
    [
        varied(),
        varied(accelerators=1024, discount=0.5),
        varied(tokens=2.0e12, failures="rsc-2", interval_min=20.0),
        varied(accelerator="h100-sxm", price_date=date(2024, 6, 1)),
        varied(architecture="llama-2-13b", failures="none"),
        varied(term="commit_1y"),
    ],
    ids=["as it is", "count and discount", "tokens, failures, saves", "accelerator", "model", "term"],
)
def test_the_answer_equals_the_command_and_the_shared_text(form: Form, tmp_path: Path) -> None:
    found = ask(LLAMA, form)
    facts = forecast_facts(found.forecast)
    assert by_command(command(found)) == facts
    again = ask(own(share(found)), form_of(own(share(found))))
    assert again.forecast.scenario == found.forecast.scenario
    file = tmp_path / "shared.toml"
    file.write_text(share(found), encoding="utf-8")
    assert scenario(file).fingerprint == facts["fingerprint"]


@pytest.mark.parametrize("name", offered())
def test_every_offered_scenario_is_answered_as_it_stands(name: str) -> None:
    base = Base(name=name)
    assert changes(base, form_of(base)) == ([], [])
    found = ask(base, form_of(base))
    assert found.forecast.engine == "estimate"
    assert found.forecast.scenario == scenario(name, ["run.replicas=400"])


def test_what_takes_long_is_not_offered() -> None:
    assert {"llama-65b", "llama3-405b", "palm-540b"} <= set(offered())
    assert not {"airesim-default", "llama-65b-shared"} & set(offered())


def test_a_stated_speed_goes_with_its_accelerator() -> None:
    sets, notes = changes(LLAMA, varied(accelerator="h100-sxm"))
    assert "throughput.tokens_per_second_per_accelerator=" in sets
    assert any("another model or accelerator" in note for note in notes)


def test_own_text_is_answered_and_its_whole_text_shared() -> None:
    base = own('extends = "llama-65b"\n[cluster]\naccelerators = 1024\n')
    found = ask(base, replace(form_of(base), discount=0.5))
    assert found.forecast.wall_days == ask(LLAMA, varied(accelerators=1024, discount=0.5)).forecast.wall_days
    again = own(share(found))
    assert ask(again, form_of(again)).forecast.usd == found.forecast.usd


@pytest.mark.parametrize(
    "text",
    [
        'extends = "../secret.toml"',
        'extends = "/etc/passwd"',
        'extends = "llama-65b"\n[failures]\ncatalogue = "/etc/passwd.toml"',
        'extends = "llama-65b"\n[model]\narchitecture = "/etc/passwd.json"',
        'extends = "llama-65b"\n[pricing]\nbook = "/etc/passwd"',
        'extends = "llama-65b"\n[pricing]\nterm = "spot"\nrate = "$1/h"\ntrace = "/etc/passwd"',
        'extends = "llama-65b"\n[energy]\ntrace = "/etc/passwd"',
    ],
)
def test_own_text_reads_no_file(text: str) -> None:
    base = own(text)
    with pytest.raises((ScenarioError, PermissionError), match=r"names no files|extends shipped scenarios only"):
        ask(base, form_of(base))


def test_what_is_too_much_is_refused() -> None:
    with pytest.raises(TooMuchError, match="characters"):
        own("#" * (LONGEST_TEXT + 1))
    often = own('extends = "llama-65b"\n[failures]\nrate_multiplier = 40\n')
    with pytest.raises(TooMuchError, match="too often"):
        ask(often, form_of(often))
    base = own('extends = "llama-65b"\n[run]\nengine = "simulate"')
    with pytest.raises(TooMuchError, match="event engine"):
        ask(base, form_of(base))


@pytest.mark.parametrize(
    ("field", "value"),
    [("accelerators", 10**9), ("tokens", 1e20), ("discount", 2.0), ("failures", "x.toml"), ("architecture", "x.json"),
     ("term", "gift"), ("accelerator", "abacus"), ("interval_min", 0.0)],
)  # fmt: skip
def test_choices_that_the_page_does_not_offer_are_refused(field: str, value: object) -> None:
    with pytest.raises(ScenarioError):
        ask(LLAMA, varied(**{field: value}))


def test_expected_stops_are_those_of_the_run() -> None:
    known = scenario("llama-65b", ["run.replicas=400"])
    stops = ask(LLAMA, varied()).forecast.interruptions.mean
    assert expected_stops(known) == pytest.approx(stops, rel=0.1)


def test_the_page_is_served_to_this_machine_only_and_tells_nobody() -> None:
    words = arguments(8501, browser=False)
    assert {"--server.address=127.0.0.1", "--browser.gatherUsageStats=false", "--server.port=8501"} <= set(words)
