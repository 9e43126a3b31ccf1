"""``flopcast validate``: check scenarios, and say everything that is wrong with them."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analysis.cli.complete import scenarios
from analysis.cli.output import AsJson, Sets

if TYPE_CHECKING:
    from collections.abc import Sequence


def validate(
    names: Annotated[
        list[str], typer.Argument(help="Shipped scenarios or files.", show_default=False, autocompletion=scenarios)
    ],
    sets: Sets = None,
    as_json: AsJson = False,
) -> None:
    """Check scenarios and their sweeps; nothing is simulated. Exit code 2 if anything is wrong."""
    found = [_checked(name, sets or []) for name in names]
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    else:
        for result in found:
            _say(result)
    if any(result["issues"] for result in found):
        raise typer.Exit(2)


def _checked(name: str, sets: list[str]) -> dict[str, Any]:
    """Return the outcome for one scenario."""
    from simulator.foundation.issues import ScenarioError
    from simulator.scenario.api import check, is_life_alone, is_shared, life, load, shared_cluster

    try:
        if is_life_alone(load(name, sets=sets)):
            found = life(name, sets)
            return _valid(name, found.warnings, None)
        if is_shared(load(name, sets=sets)):
            return _valid(name, shared_cluster(name, sets).warnings, None)
        scenario = check(name, sets)
    except ScenarioError as error:
        issues = [
            {"file": issue.file, "line": issue.line, "path": issue.path, "message": issue.message, "text": str(issue)}
            for issue in error.issues
        ]
        return {"scenario": name, "valid": False, "issues": issues, "warnings": [], "fingerprint": None}
    return _valid(name, scenario.warnings, scenario.fingerprint)


def _valid(name: str, warnings: "Sequence[str]", fingerprint: str | None) -> dict[str, Any]:
    return {
        "scenario": name,
        "valid": True,
        "issues": [],
        "warnings": list(warnings),
        "fingerprint": fingerprint,
    }


def _say(result: dict[str, Any]) -> None:
    """Write the outcome for people: problems to stderr, one a line."""
    for issue in result["issues"]:
        typer.echo(issue["text"], err=True)
    for warning in result["warnings"]:
        typer.echo(f"{result['scenario']}: warning: {warning}", err=True)
    if result["valid"]:
        mark = result["fingerprint"]
        typer.echo(f"{result['scenario']}: valid" + (f", fingerprint {mark}" if mark else ", a life cycle"))
