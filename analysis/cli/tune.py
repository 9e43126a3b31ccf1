"""``flopcast tune``: every legal plan for a scenario, the best ten, and the front of speed against memory."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analysis.cli.output import AsJson, ScenarioName, Sets
from simulator.foundation.units import percent

if TYPE_CHECKING:
    from analysis.cli.training import Training
    from simulator.workload.choice import Found, Search


MOST_SHOWN = 12


def tune(
    scenario: ScenarioName,
    stack: Annotated[str | None, typer.Option(help="Training stack, such as nemo-2025.", show_default=False)] = None,
    fp8: Annotated[bool, typer.Option("--fp8", help="Run the blocks' matrix products in FP8.")] = False,
    best: Annotated[int, typer.Option(min=1, max=1000, help="How many plans to list.")] = 10,
    sets: Sets = None,
    as_json: AsJson = False,
) -> None:
    """Search every legal plan; list the fastest that fit, and those that trade speed for memory.

    Stack and precision are the scenario's unless an option says otherwise; degrees that it states are left aside.
    """
    from analysis.cli.training import refuse, stack_of, training
    from simulator.workload.choice import search, usual_limits

    asked = training(scenario, sets or [], stack=stack_of(stack), fp8=fp8)
    on = asked.setting
    limits = usual_limits(
        on.fabric, accelerators=on.accelerators, seq=on.seq, global_batch=on.global_batch, stack=on.stack,
        fp8=on.limits.fp8, zero=(0, 1, 2, 3),
    )  # fmt: skip
    try:
        with _progress() as note:
            found = search(
                on.architecture, on.chip, on.fabric, limits, stack=on.stack, factor=on.factor, keep=best, note=note
            )
    except ValueError as problem:
        refuse(f"{scenario}: {problem}")
    if as_json:
        typer.echo(json.dumps(_document(asked, found), indent=1))
    else:
        _tables(asked, found)


def _progress() -> Any:
    """Count plans on stderr while the search runs."""
    from contextlib import contextmanager

    from rich.console import Console

    @contextmanager
    def shown() -> Any:
        with Console(stderr=True).status("searching") as status:
            yield lambda seen, fitting: status.update(f"searching: {seen:,} plans, {fitting:,} fit")

    return shown()


def _rows(found: "Found") -> list[dict[str, Any]]:
    import numpy as np

    shape = np.shape(found.prediction.step_time_s.p50)

    def column(value: Any) -> list[float]:
        return [float(x) for x in np.broadcast_to(np.asarray(value, dtype=float), shape)]

    p, parts = found.prediction, found.prediction.parts
    exposed = parts.tp_s + parts.cp_s + parts.ep_s + parts.pipe_s + parts.dp_s
    columns = {
        "step_time_s": column(p.step_time_s.p50),
        "step_time_p10_s": column(p.step_time_s.p10),
        "step_time_p90_s": column(p.step_time_s.p90),
        "tokens_per_s_per_accelerator": column(p.tokens_per_s_per_accelerator.p50),
        "mfu": column(p.mfu),
        "memory_bytes": column(p.memory.total_bytes),
        "exposed_communication": column(exposed / parts.total_s),
        "bubble": column(parts.bubble_s / parts.total_s),
    }
    return [
        {"plan": found.plan.at(i).text(), **{name: values[i] for name, values in columns.items()}}
        for i in range(found.size)
    ]


def _document(asked: "Training", found: "Search") -> dict[str, Any]:
    return {
        "scenario": asked.name,
        "accelerators": asked.setting.accelerators,
        "global_batch": asked.setting.global_batch,
        "seq": asked.setting.seq,
        "plans": found.seen,
        "fit": found.fitting,
        "best": _rows(found.best),
        "pareto": _rows(found.pareto),
    }


_SHORT = (
    "A plan in short: degrees of tensor (tp), pipeline (pp), data (dp), context (cp) and expert parallelism (ep), 1 "
    "left out; vpp chunks of a pipeline stage; mb sequences of a micro-batch; zero as in parallelism.zero; then what "
    "is recomputed: none, selective, full, or full in a share of the layers. Exposed: communication that nothing hides."
)


def _tables(asked: "Training", found: "Search") -> None:
    from analysis.cli.output import console, print_table

    screen = console()
    if not screen.is_terminal:
        screen.width = max(screen.width, 120)
    on = asked.setting
    screen.print(
        f"{asked.name}: {on.accelerators:,} x {on.accelerator.title}, {on.global_batch:,.0f} sequences of "
        f"{on.seq:,} tokens a step; {found.seen:,} plans, {found.fitting:,} fit"
    )
    print_table(screen, _table("Fastest plans", _rows(found.best)))
    print_table(screen, _table("Less memory for less speed", _rows(found.pareto)[:MOST_SHOWN]))
    screen.print(_SHORT)


def _table(title: str, rows: list[dict[str, Any]]) -> Any:
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for name in ("plan", "step", "p10 to p90", "MFU", "tokens/s", "memory", "exposed", "bubble"):
        table.add_column(name, justify="left" if name == "plan" else "right", no_wrap=name != "plan")
    for row in rows:
        table.add_row(
            row["plan"],
            f"{row['step_time_s']:.3g} s",
            f"{row['step_time_p10_s']:.3g} to {row['step_time_p90_s']:.3g} s",
            percent(row["mfu"]),
            f"{row['tokens_per_s_per_accelerator']:,.0f}",
            f"{row['memory_bytes'] / 2**30:.1f} GiB",
            percent(row["exposed_communication"]),
            percent(row["bubble"]),
        )
    return table
