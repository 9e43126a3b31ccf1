"""``flopcast schema``: the JSON Schema of a scenario file, for editors."""

import json

import typer


def schema() -> None:
    """Print the JSON Schema of a scenario file."""
    from simulator.scenario.api import json_schema

    typer.echo(json.dumps(json_schema(), indent=2))
