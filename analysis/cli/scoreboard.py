"""``flopcast scoreboard``: predicted against published, one board or all of them."""

import typer

from analysis.cli.scoreboard_all import scoreboard_all
from analysis.cli.scoreboard_runs import scoreboard_runs
from analysis.cli.scoreboard_throughput import scoreboard_throughput

scoreboard = typer.Typer(help="Predicted against published, next to the baselines.")
scoreboard.command("all")(scoreboard_all)
scoreboard.command("throughput")(scoreboard_throughput)
scoreboard.command("runs")(scoreboard_runs)


@scoreboard.callback(invoke_without_command=True)
def boards(context: typer.Context) -> None:
    """Predicted against published, next to the baselines; every board at once without a command."""
    if context.invoked_subcommand is None:
        scoreboard_all()
