"""``flopcast explain``: where the time of one training step goes."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analysis.cli.output import AsJson, ScenarioName, Sets
from simulator.foundation.units import percent

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
    scenario: ScenarioName,
    plan: Annotated[
        str | None, typer.Option(help="Degrees to fix, such as tensor=8,pipeline=4.", show_default=False)
    ] = None,
    stack: Annotated[str | None, typer.Option(help="Training stack, such as nemo-2025.", show_default=False)] = None,
    fp8: Annotated[bool, typer.Option("--fp8", help="Run the blocks' matrix products in FP8.")] = False,
    picture: Annotated[Path | None, typer.Option(help="Write a picture: .svg or .png.", show_default=False)] = None,
    sets: Sets = None,
    as_json: AsJson = False,
) -> None:
    """Say where one step's time and memory go, beside a constant MFU and the 6ND shortcut.

    The plan is the fastest that fits among those with the degrees that the scenario or `--plan` states.
    """
    from analysis.cli.output import PICTURES, check_file
    from analysis.cli.training import refuse, stack_of, training

    check_file(picture, *PICTURES, option="--picture")
    asked = training(scenario, sets or [], stack=stack_of(stack), fp8=fp8, degrees=_degrees(plan))
    try:
        chosen = asked.setting.plan()
    except ValueError as problem:
        refuse(f"{scenario}: {problem}")
    document = _document(asked, chosen, asked.setting.predict(chosen))
    if picture is not None:
        _draw(picture, document)
    if as_json:
        typer.echo(json.dumps(document, indent=1))
    else:
        _show(document)


def _degrees(text: str | None) -> dict[str, int]:
    """Read degrees by their names in a scenario, or by their short ones."""
    from analysis.cli.training import refuse
    from simulator.scenario.predicted import DEGREES

    names = {short: name for name, short in DEGREES.items()} | {name: name for name in DEGREES}
    degrees = {}
    for part in (text or "").split(","):
        name, _, value = part.partition("=")
        if not part:
            continue
        if name.strip() not in names or not value.strip().isdecimal() or int(value) < 1:
            refuse(f"--plan: {part!r}: expected name=count with one of {', '.join(DEGREES)}")
        degrees[names[name.strip()]] = int(value)
    return degrees


def _document(asked: "Training", plan: "Plan", found: "Prediction") -> dict[str, Any]:
    from simulator.workload.architecture import training_flops
    from simulator.workload.prediction import chosen_plan

    on = asked.setting
    rate = float(found.tokens_per_s_per_accelerator.p50)
    causal, full = (training_flops(on.architecture, seq=on.seq, causal=mode).model_flop for mode in (True, False))
    return {
        "scenario": asked.name,
        "plan": plan.text(),
        "planned": on.planned,
        "stack": found.stack,
        "step_time_s": {name: float(value) for name, value in found.step_time_s._asdict().items()},
        "as_run": dict(
            zip(("factor", "sigma"), (1.0, found.sigma) if on.planned else chosen_plan(on.stack), strict=True)
        ),
        "tokens_per_s_per_accelerator": rate,
        "mfu": float(found.mfu),
        "hfu": float(found.hfu),
        "mfu_attention_in_full_bf16": rate * full / float(on.chip.peak_bf16_flop_per_s),
        "peak_flop_per_s": float(on.chip.peak_fp8_flop_per_s if plan.fp8 else on.chip.peak_bf16_flop_per_s),
        "parts_s": {name: float(value) for name, value in found.parts._asdict().items()},
        "memory_bytes": {name.removesuffix("_bytes"): float(v) for name, v in found.memory._asdict().items()},
        "hbm_bytes": float(on.chip.hbm_bytes),
        "flop_per_token": causal,
        "convention": "causal attention counted once (half the scores); peak is dense, of the plan's precision",
        **_shortcuts(asked, causal),
    }


def _shortcuts(asked: "Training", flop_per_token: float) -> dict[str, Any]:
    """What a constant MFU and 6 FLOPs a parameter and token would say."""
    from simulator.workload.architecture import six_n_d

    on, six = asked.setting, six_n_d(asked.setting.architecture)
    usual = on.accelerator.get_number("mfu_p50") or 0.4
    tokens = on.global_batch * on.seq / on.accelerators
    peak = usual * float(on.chip.peak_bf16_flop_per_s)
    return {
        "six_n_d_flop_per_token": six,
        "constant_mfu": {"mfu": usual, "step_time_s": tokens * flop_per_token / peak},
        "constant_mfu_six_n_d": {"mfu": usual, "step_time_s": tokens * six / peak},
    }


def _show(document: dict[str, Any]) -> None:
    from rich.table import Table

    from analysis.cli.output import console as screen_of

    console, times, total = screen_of(), document["step_time_s"], document["step_time_s"]["p50"]
    console.print(f"{document['scenario']}: {document['plan']}, {'as stated' if document['planned'] else 'fastest'}, "
                  f"stack {document['stack']}")  # fmt: skip
    console.print(f"step {times['p50']:.3g} s (p10 {times['p10']:.3g}, p90 {times['p90']:.3g}); "
                  f"{document['tokens_per_s_per_accelerator']:,.0f} tokens/s per accelerator")  # fmt: skip
    console.print(f"MFU {percent(document['mfu'])}, HFU {percent(document['hfu'])} of "
                  f"{document['peak_flop_per_s'] / 1e12:,.0f} TFLOP/s: {document['convention']}. "
                  f"As papers count, attention in full over BF16: "
                  f"MFU {percent(document['mfu_attention_in_full_bf16'])}")  # fmt: skip
    if not document["planned"]:
        console.print(f"published steps whose plan is not known are {document['as_run']['factor']:.2f} times the "
                      "fastest; a forecast takes that")  # fmt: skip
    table = Table(title="One step", title_justify="left")
    for name in ("part", "seconds", "share"):
        table.add_column(name, justify="left" if name == "part" else "right")
    for name, seconds in document["parts_s"].items():
        if seconds > 0:
            table.add_row(WORDS[name], f"{seconds:.4g}", percent(seconds / total))
    console.print(table)
    held = {name: size / 2**30 for name, size in document["memory_bytes"].items() if size > 0}
    parts = ", ".join(f"{name} {size:.1f}" for name, size in held.items())
    console.print(f"memory {sum(held.values()):.1f} of {document['hbm_bytes'] / 2**30:.1f} GiB: {parts}")
    six = document["six_n_d_flop_per_token"] / document["flop_per_token"] - 1
    for name, words in (("constant_mfu", "exact FLOPs"), ("constant_mfu_six_n_d", f"6ND, {percent(six, '+.1')} FLOPs")):
        guess = document[name]
        console.print(f"constant MFU of published runs, {percent(guess['mfu'])}, {words}: {guess['step_time_s']:.3g} s "
                      f"({percent(guess['step_time_s'] / total - 1, '+.0')})")  # fmt: skip


def _draw(path: Path, document: dict[str, Any]) -> None:
    from analysis.cli.output import write_picture
    from analysis.plots.step_time import step_time

    parts = {WORDS[name]: seconds for name, seconds in document["parts_s"].items() if seconds > 0}
    write_picture(path, step_time("step", parts, title=f"{document['scenario']}: {document['plan']}"))
