"""``flopcast explain``: where the time of one training step goes."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from analysis.cli.training import Training
    from simulator.workload.plan import Plan
    from simulator.workload.prediction import Prediction

WORDS = {
    "matrix_s": "matrix products",
    "attention_s": "attention core",
    "memory_s": "memory-bound passes",
    "launch_s": "launch",
    "recompute_s": "recompute",
    "tp_s": "tensor-parallel communication",
    "cp_s": "context-parallel communication",
    "ep_s": "expert exchange",
    "bubble_s": "pipeline bubble",
    "pipe_s": "pipeline hand-over",
    "dp_s": "data-parallel communication, exposed",
    "optimizer_s": "optimizer",
    "scale_s": "loss of scale",
}


def explain(
    scenario: Annotated[str, typer.Argument(help="A shipped name or a file.", show_default=False)],
    plan: Annotated[
        str | None, typer.Option(help="Degrees to fix, such as tp=8,pp=4,micro_batch=1.", show_default=False)
    ] = None,
    stack: Annotated[str | None, typer.Option(help="Training stack, such as nemo-2025.", show_default=False)] = None,
    fp8: Annotated[bool, typer.Option("--fp8", help="Run the blocks' matrix products in FP8.")] = False,
    picture: Annotated[
        Path | None, typer.Option(help="Write a picture: PNG, SVG or PDF by suffix.", show_default=False)
    ] = None,
    sets: Annotated[list[str] | None, typer.Option("--set", help="Change a value: path=value.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Say where one step's time and memory go, beside a constant MFU and the 6ND shortcut.

    The plan is the fastest that fits among those with the degrees that are fixed.
    """
    from analysis.cli.training import refuse, stack_of, training
    from simulator.workload.choice import best_plan
    from simulator.workload.prediction import predict

    asked, key = training(scenario, sets or []), stack_of(stack)
    try:
        chosen = best_plan(
            asked.architecture, asked.chip, asked.fabric, accelerators=asked.accelerators, seq=asked.seq,
            global_batch=asked.global_batch, stack=key, fp8=fp8, known=_degrees(plan),
        )  # fmt: skip
    except ValueError as problem:
        refuse(f"{scenario}: {problem}")
    found = predict(
        asked.architecture, chosen, asked.chip, asked.fabric, seq=asked.seq, global_batch=asked.global_batch,
        stack=key, generation=asked.generation,
    )  # fmt: skip
    document = _document(asked, chosen, found)
    if picture is not None:
        _draw(picture, document)
    if as_json:
        typer.echo(json.dumps(document, indent=1))
    else:
        _show(document)


def _degrees(text: str | None) -> dict[str, int]:
    from analysis.cli.training import refuse

    names = ("tp", "pp", "dp", "cp", "ep", "vpp", "micro_batch")
    degrees = {}
    for part in (text or "").split(","):
        name, _, value = part.partition("=")
        if not part:
            continue
        if name.strip() not in names or not value.strip().isdecimal() or int(value) < 1:
            refuse(f"--plan: {part!r}: expected name=count with one of {', '.join(names)}")
        degrees[name.strip()] = int(value)
    return degrees


def _document(asked: "Training", plan: "Plan", found: "Prediction") -> dict[str, Any]:
    from simulator.workload.architecture import six_n_d, training_flops

    total = float(found.step_time_s.p50)
    peak = float(asked.chip.peak_fp8_flop_per_s if plan.fp8 else asked.chip.peak_bf16_flop_per_s)
    tokens = asked.global_batch * asked.seq / asked.accelerators
    usual = asked.accelerator.get_number("mfu_p50") or 0.4
    exact = training_flops(asked.architecture, seq=asked.seq).model_flop
    bf16 = float(asked.chip.peak_bf16_flop_per_s)
    return {
        "scenario": asked.name,
        "plan": plan.text(),
        "stack": found.stack,
        "step_time_s": {name: float(value) for name, value in found.step_time_s._asdict().items()},
        "tokens_per_s_per_accelerator": float(found.tokens_per_s_per_accelerator.p50),
        "mfu": float(found.mfu),
        "hfu": float(found.hfu),
        "peak_flop_per_s": peak,
        "parts_s": {name: float(value) for name, value in found.parts._asdict().items()},
        "memory_bytes": {name.removesuffix("_bytes"): float(v) for name, v in found.memory._asdict().items()},
        "hbm_bytes": float(asked.chip.hbm_bytes),
        "flop_per_token": exact,
        "six_n_d_flop_per_token": six_n_d(asked.architecture),
        "constant_mfu": {"mfu": usual, "step_time_s": tokens * six_n_d(asked.architecture) / (usual * bf16)},
        "six_n_d_step_time_s": total * six_n_d(asked.architecture) / exact,
        "convention": "causal attention counted once (half the scores); peak is dense, of the plan's precision",
    }


def _show(document: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console, times, total = Console(), document["step_time_s"], document["step_time_s"]["p50"]
    console.print(f"{document['scenario']}: {document['plan']}, stack {document['stack']}")
    console.print(f"step {times['p50']:.3g} s (p10 {times['p10']:.3g}, p90 {times['p90']:.3g}); "
                  f"{document['tokens_per_s_per_accelerator']:,.0f} tokens/s per accelerator; "
                  f"MFU {document['mfu']:.1%}, HFU {document['hfu']:.1%} of {document['peak_flop_per_s'] / 1e12:,.0f} "
                  f"TFLOP/s ({document['convention']})")  # fmt: skip
    table = Table(title="One step", title_justify="left")
    for name in ("part", "seconds", "share"):
        table.add_column(name, justify="left" if name == "part" else "right")
    for name, seconds in document["parts_s"].items():
        if seconds > 0:
            table.add_row(WORDS[name], f"{seconds:.4g}", f"{seconds / total:.1%}")
    console.print(table)
    held = {name: size / 2**30 for name, size in document["memory_bytes"].items() if size > 0}
    parts = ", ".join(f"{name} {size:.1f}" for name, size in held.items())
    console.print(f"memory {sum(held.values()):.1f} of {document['hbm_bytes'] / 2**30:.1f} GiB: {parts}")
    constant, six = document["constant_mfu"], document["six_n_d_flop_per_token"] / document["flop_per_token"] - 1
    console.print(f"constant MFU of published runs ({constant['mfu']:.1%}, 6ND): {constant['step_time_s']:.3g} s "
                  f"({constant['step_time_s'] / total - 1:+.0%}); 6ND counts {six:+.1%} FLOPs")  # fmt: skip


def _draw(path: Path, document: dict[str, Any]) -> None:
    from analysis.cli.training import refuse
    from analysis.plots.step_time import save

    parts = {WORDS[name]: seconds for name, seconds in document["parts_s"].items() if seconds > 0}
    try:
        save(path, parts, title=f"{document['scenario']}: {document['plan']}")
    except (OSError, ValueError) as problem:
        refuse(f"--picture {path}: {problem}")
