"""Commands are known by name, and loaded one at a time."""

import json
import subprocess
import sys

from typer.main import get_command
from typer.testing import CliRunner

from analysis.cli.commands import NAMES
from analysis.cli.main import app

LOADED = "import json, sys; print(json.dumps([name for name in sys.modules if name.startswith('analysis.cli.')]))"


def test_each_name_is_a_command_with_help():
    whole = get_command(app)
    context = whole.make_context("flopcast", ["show"])
    for name in NAMES:
        command = whole.get_command(context, name)
        assert (command.name, bool(command.get_short_help_str())) == (name, True)


def test_a_command_loads_no_other():
    code = f"from analysis.cli.main import app; app(['schema'], standalone_mode=False); {LOADED}"
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    loaded = {name.removeprefix("analysis.cli.") for name in json.loads(said.splitlines()[-1])}
    assert loaded & set(NAMES) == {"schema"}


def test_a_misspelt_command_is_told_the_nearest():
    told = CliRunner().invoke(app, ["clustre"])
    assert told.exit_code == 2
    assert "Did you mean 'cluster'" in told.output
