"""Words in brackets are the user's own and are printed: rich would take them for styles, and end on a closing one."""

import pytest
from typer.testing import CliRunner

from analysis.cli.main import app


@pytest.mark.parametrize("title", ["[draft] Our run", "Our run [/v2]", "Our run :fire:"])
@pytest.mark.parametrize(
    "command",
    [["run", "llama-65b", "--replicas", "20"], ["compare", "llama-65b", "llama-65b-seed", "--replicas", "20"],
     ["lifecycle", "life-of-a-13b", "--replicas", "20"]],
    ids=lambda words: words[0],
)  # fmt: skip
def test_a_title_is_printed_as_it_is_written(command: list[str], title: str) -> None:
    said = CliRunner().invoke(app, [*command, "--set", f"title={title}"])
    assert said.exit_code == 0, said.output
    assert title in said.stdout
