"""``flopcast validate``: check scenarios, and say everything that is wrong with them."""

import json
from typing import Annotated, Any

import typer


def validate(
    scenarios: Annotated[list[str], typer.Argument(help="Shipped names or files.", show_default=False)],
    sets: Annotated[list[str] | None, typer.Option("--set", help="Change a value: path=value.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Check scenarios and their sweeps; nothing is simulated. Exit code 2 if anything is wrong."""
    found = [_checked(name, sets or []) for name in scenarios]
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
    from simulator.scenario.api import check

    try:
        scenario = check(name, sets)
    except ScenarioError as error:
        issues = [
            {"file": issue.file, "line": issue.line, "path": issue.path, "message": issue.message, "text": str(issue)}
            for issue in error.issues
        ]
        return {"scenario": name, "valid": False, "issues": issues, "warnings": [], "fingerprint": None}
    return {
        "scenario": name,
        "valid": True,
        "issues": [],
        "warnings": list(scenario.warnings),
        "fingerprint": scenario.fingerprint,
    }


def _say(result: dict[str, Any]) -> None:
    """Write the outcome for people: problems to stderr, one a line."""
    for issue in result["issues"]:
        typer.echo(issue["text"], err=True)
    for warning in result["warnings"]:
        typer.echo(f"{result['scenario']}: warning: {warning}", err=True)
    if result["valid"]:
        typer.echo(f"{result['scenario']}: valid, fingerprint {result['fingerprint']}")
