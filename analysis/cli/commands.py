"""The commands of ``flopcast``, each loaded when it is called, or when help lists them all.

To load all of them and build their options takes longer than Python itself takes to start.
"""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

NAMES = (
    "run", "budget", "lifecycle", "compare", "sweep", "solve", "plan", "sensitivity", "report", "update", "timeline",
    "cluster", "tune", "explain", "calibrate", "validate", "schema", "own", "show", "doctor", "web",
    "scoreboard", "export", "prices", "fit",
)  # fmt: skip
"""In the order of the help; each is the function, or the app, of its name in the module of its name."""


class Commands(TyperGroup):
    """Knows the names of its commands, and looks for one of them when it is asked for it."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = {name: TyperCommand(name) for name in NAMES}

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - Typer's signature
        """Return a command with its options, or None if there is no such command."""
        return _loaded(cmd_name) if cmd_name in self.commands else None


def _loaded(name: str) -> Any:
    found = getattr(import_module(f"analysis.cli.{name}"), name)
    if isinstance(found, typer.Typer):
        group = get_group(found)
        group.name = name
        return group
    alone = typer.Typer(add_completion=False)
    alone.command(name)(found)
    return get_command(alone)
