"""Calibrate the step-time model: ``python -m analysis.validation.calibrate TRUTH.csv [OUT.toml]``.

Fits on the rows of split ``dev``, takes factors of other stacks from the other rows, measures what is lost where the
plan is not known, repeats the fit without each source of ``dev``, and writes
``simulator/catalogue/throughput_parameters.toml``. Running it again on the same table writes the same file.
"""

import sys
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from analysis.validation.arguments import wrong
from analysis.validation.throughput_cases import Case, case_of
from analysis.validation.throughput_chosen import Chosen, chosen
from analysis.validation.throughput_fit import (
    DEV,
    Excess,
    Factor,
    factors,
    fit,
    log_ratios,
    mixture_excess,
    narrow_excess,
    unknown_stack,
)
from analysis.validation.throughput_rows import load
from simulator.workload.stack import Parameters

DATE = "2026-11-29"
MIXTURES = Path(__file__).parent / "mixtures.csv"  # of narrow experts; split "dev" sets their doubt, "held" checks it
OUT = Path(__file__).parents[2] / "simulator" / "catalogue" / "throughput_parameters.toml"


def main(arguments: Sequence[str]) -> int:
    """Fit, write, and say on stderr what was written."""
    if usage := wrong(arguments, "python -m analysis.validation.calibrate TRUTH.csv [OUT.toml]", least=1):
        print(usage, file=sys.stderr)  # noqa: T201 - a script
        return 2
    truth, out = Path(arguments[0]), Path(arguments[1]) if len(arguments) > 1 else OUT
    out.write_text(calibrate(truth), encoding="utf-8")
    print(f"wrote {out.name}", file=sys.stderr)  # noqa: T201 - a script
    return 0


def calibrate(truth: Path) -> str:
    """Text of the parameter file for a table of measured rows."""
    rows, _ = load(truth)
    cases = [case_of(row) for row in rows if row.tokens_per_s is not None]
    dev = [case for case in cases if case.row.split == DEV]
    parameters = _as_written(fit(dev))
    left = log_ratios(cases, parameters)
    by_stack, _ = factors(cases, list(left))
    unknown = unknown_stack(cases, parameters)
    mixture = mixture_excess(cases, list(left), by_stack)
    fine = [case_of(row) for row in load(MIXTURES)[0] if row.split == DEV]
    narrow = narrow_excess(fine, parameters, by_stack, unknown)
    without = {
        source: fit([case for case in dev if case.row.source != source])
        for source in sorted({case.row.source for case in dev})
    }
    best = {
        "chosen-plan": chosen(cases, parameters, by_stack, unknown, known=True),
        "chosen-plan-unknown-stack": chosen(cases, parameters, by_stack, unknown, known=False),
    }
    digest = sha256(truth.read_bytes()).hexdigest()[:16]
    used = f"{len(dev)} of {len(cases)} rows, sha256 {digest}"
    return _text(parameters, by_stack, unknown, mixture, narrow, best, without, dev, used)


def _text(
    parameters: Parameters,
    by_stack: Mapping[str, Factor],
    unknown: Factor,
    mixture: Excess,
    narrow: Excess,
    best: Mapping[str, Chosen],
    without: Mapping[str, Parameters],
    dev: Sequence[Case],
    data: str,
) -> str:
    lines = [
        "# Written by analysis/validation/calibrate.py; do not edit. `factor` is measured over modelled step time,",
        "# `sigma` the log standard deviation of what remains, `sigmas` that on each generation of accelerators.",
        "# A stack of another basis than dev had no row to fit; its factor is read off the rows of the other splits.",
        "",
        "[parameters]",
        'title = "Step-time model, version 3"',
        "version = 3",
        *_numbers(parameters),
        f'source = "fit to published step times: {data}"',
        f"date = {DATE}",
        'evidence = "D"',
    ]
    for key, found in (*by_stack.items(), ("unknown", unknown)):
        lines += ["", f'[parameters."{key}"]', *_factor_lines(found)]
    lines += [
        "",
        "[mixture]",
        'title = "How much more mixtures of experts scatter about their stacks than dense models, in squares"',
        f"sigma = {mixture.sigma:.4f}",
        f'source = "{mixture.rows} rows of mixtures in {mixture.classes} classes of stack and generation"',
        f"date = {DATE}",
        'evidence = "D"',
        "",
        "[narrow-mixture]",
        'title = "The same for mixtures of narrow experts, on software whose factor was not read off such"',
        f"sigma = {narrow.sigma:.4f}",
        f'source = "{narrow.rows} rows of split dev of analysis/validation/mixtures.csv"',
        f"date = {DATE}",
        'evidence = "D"',
    ]
    for key, one in best.items():
        lines += [
            "",
            f"[{key}]",
            'title = "Measured step time over that of the fastest plan that fits"',
            f"factor = {one.factor:.4f}",
            f"sigma = {one.sigma:.4f}",
            f'source = "{one.rows} rows of {one.sources} published tables, forecast without their plans"',
            f"date = {DATE}",
            'evidence = "D"',
        ]
    for number, (source, fitted) in enumerate(without.items(), start=1):
        rows = sum(case.row.source != source for case in dev)
        lines += [
            "",
            f"[without-{number}]",
            'title = "The same fit with one source left out"',
            f"left_out = {_quoted(source)}",
            *_numbers(fitted),
            f'source = "fit to {rows} rows"',
            f"date = {DATE}",
            'evidence = "D"',
        ]
    return "\n".join(lines) + "\n"


def _as_written(parameters: Parameters) -> Parameters:
    """The parameters as the file holds them, so that what rests on them can be made again from the file."""
    return Parameters(*(float(f"{float(value):.6g}") for value in parameters))


def _numbers(parameters: Parameters) -> list[str]:
    return [f"{name} = {float(value):.6g}" for name, value in parameters._asdict().items()]


def _factor_lines(found: Factor) -> list[str]:
    return [
        f"factor = {found.factor:.4f}",
        f"sigma = {found.sigma:.4f}",
        f"rows = {found.rows}",
        f"sources = {found.sources}",
        f'basis = "{found.basis}"',
        f"generations = {list(found.generations)}".replace("'", '"'),
        f"sigmas = [{', '.join(f'{sigma:.4f}' for sigma in found.sigmas)}]",
    ]


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
