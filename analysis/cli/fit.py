"""``flopcast fit``: from logs of your own to what a scenario needs."""

import typer

from analysis.cli.fit_failures import failures
from analysis.cli.fit_goodput import goodput
from analysis.cli.fit_spot import spot
from analysis.cli.fit_workload import workload

fit = typer.Typer(help="Fit failures, goodput, spot capacity and workloads to logs of your own.", no_args_is_help=True)
fit.command("failures")(failures)
fit.command("goodput")(goodput)
fit.command("spot")(spot)
fit.command("workload")(workload)


@fit.callback()
def about() -> None:
    """Fit failures, goodput, spot capacity and workloads to logs of your own."""
