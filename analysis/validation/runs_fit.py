"""Fit the efficiency of whole published runs: ``python -m analysis.validation.runs_fit [TABLE.csv [OUT.toml]]``.

The logarithm of MFU (attention counted in full, hours as published) is a mean, a shift for each family of accelerators
that is held towards zero, and a shift for hours that are net of every loss. Four numbers and two spreads, for small
models and for others: hours of small ones scatter twice as much (dead time, tuning and what else was run weigh more).
Huber's weights, so that no single run decides. Running it again on the same table writes the same file.
"""

import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.validation.arguments import wrong
from analysis.validation.run_rows import PublishedRun, load, scorable

FAMILIES: Final[Mapping[str, str]] = {"ampere": "ampere", "hopper": "hopper"}  # by generation; all others together
OTHER: Final = "other"
NAMES: Final = ("mean", "ampere", "hopper", "other", "net")
HELD: Final = 0.1  # prior standard deviation of residuals over that of a family's shift, squared
HUBER: Final = 0.15  # residuals above this count less
ROUNDS: Final = 30
MIDDLE: Final = 0.7  # share of absolute residuals that sets a spread: tails are heavier than a normal's
MIDDLE_Z: Final = 1.0364333894937898  # that quantile of a half-normal
SMALL: Final = 4e9  # active parameters below which hours scatter more; chosen on the fitted runs (decision 0035)
OUT: Final = Path(__file__).parents[2] / "simulator" / "catalogue" / "run_efficiency.toml"
DATE: Final = "2026-11-28"


class Fit(NamedTuple):
    """Coefficients by `NAMES`, and the log standard deviation of what remains, of small models apart."""

    coefficients: NDArray[np.float64]
    sigma: float
    small_sigma: float

    def log_mfu(self, run: PublishedRun) -> float:
        """Return the logarithm of the expected MFU of a run, on hours of its kind."""
        return float(features(run) @ self.coefficients)


def features(run: PublishedRun) -> NDArray[np.float64]:
    """Return the run's row of the design, by `NAMES`."""
    family = FAMILIES.get(run.generation, OTHER)
    return np.array([1.0, *(float(family == name) for name in NAMES[1:4]), float(run.kind == "net")])


def size(run: PublishedRun) -> float:
    """Return the active parameters of a run, as stated or by its shape."""
    assert run.architecture is not None
    return run.active_parameters or run.architecture.active_parameters


def log_mfu(run: PublishedRun) -> float:
    """Return the logarithm of the MFU that the published hours mean."""
    assert run.accelerator is not None
    assert run.tokens is not None
    assert run.accelerator_hours is not None
    peak = run.accelerator.number("peak_bf16_flop_per_s") * run.units
    return math.log(run.flop_per_token * run.tokens / (run.accelerator_hours * 3600.0 * peak))


def fit(runs: Sequence[PublishedRun]) -> Fit:
    """Fit the coefficients to some runs; the spreads come from predicting each without it."""
    found = _coefficients(runs)
    left = np.abs([log_mfu(run) - float(features(run) @ _coefficients(without(runs, run.id))) for run in runs])
    small = np.array([size(run) < SMALL for run in runs])
    return Fit(found, *(_spread(left[of] if of.any() else left) for of in (~small, small)))


def _spread(residuals: NDArray[np.float64]) -> float:
    """Return the log standard deviation that absolute residuals mean."""
    return float(np.quantile(residuals, MIDDLE)) / MIDDLE_Z


def without(runs: Sequence[PublishedRun], run_id: str) -> Sequence[PublishedRun]:
    """Return the runs but those of one name."""
    return [run for run in runs if run.id.lower() != run_id.lower()]


def fit_without(runs: Sequence[PublishedRun], run_id: str) -> NDArray[np.float64]:
    """Return the coefficients without the run of that name."""
    return _coefficients(without(runs, run_id))


def _coefficients(runs: Sequence[PublishedRun]) -> NDArray[np.float64]:
    design = np.array([features(run) for run in runs])
    seen = np.array([log_mfu(run) for run in runs])
    held = np.diag([1e-9, HELD, HELD, HELD, HELD])
    weights, found = np.ones(len(runs)), np.zeros(len(NAMES))
    for _ in range(ROUNDS):
        found = np.linalg.solve(design.T @ (weights[:, None] * design) + held, design.T @ (weights * seen))
        weights = np.minimum(1.0, HUBER / np.maximum(np.abs(seen - design @ found), 1e-12))
    return found


def text(found: Fit, runs: Sequence[PublishedRun]) -> str:
    """Return the parameter file."""
    mean, ampere, hopper, other, net = (float(value) for value in found.coefficients)
    shifts = {"ampere": ampere, "hopper": hopper, "other": other}
    members = {name: [run for run in runs if FAMILIES.get(run.generation, OTHER) == name] for name in shifts}
    about = [f'source = "fit to {len(runs)} published runs of runs.csv by analysis/validation/runs_fit.py"',
             f"date = {DATE}", 'evidence = "D"']  # fmt: skip
    lines = [
        "# Written by analysis/validation/runs_fit.py; do not edit. MFU counts attention in full, hours as published.",
        "# `net_over_gross`: what hours net of every loss gain over calendar hours. `sigma`: log standard deviation,",
        "# `small_sigma` of models under `small_parameters`, those that a token meets. `generations` have runs.",
    ]
    for family, shift in shifts.items():
        seen = ", ".join(f'"{name}"' for name in sorted({run.generation for run in members[family]}))
        lines += ["", f"[{family}]", f'title = "Whole runs, {family}"', f"mfu = {math.exp(mean + shift):.5f}",
                  f"net_over_gross = {math.exp(net):.5f}", f"sigma = {found.sigma:.5f}",
                  f"small_sigma = {found.small_sigma:.5f}", f"small_parameters = {SMALL:.1e}",
                  f"rows = {len(members[family])}", f"generations = [{seen}]",
                  *about]  # fmt: skip
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Fit, write, and say on stderr what was written."""
    if usage := wrong(arguments, "python -m analysis.validation.runs_fit [TABLE.csv [OUT.toml]]", least=0):
        sys.stderr.write(f"{usage}\n")
        return 2
    runs = scorable(load(Path(arguments[0]) if arguments else None))
    found = fit(runs)
    (Path(arguments[1]) if len(arguments) > 1 else OUT).write_text(text(found, runs), encoding="utf-8")
    words = ", ".join(f"{name} {value:+.3f}" for name, value in zip(NAMES, found.coefficients, strict=True))
    sys.stderr.write(f"{len(runs)} runs; {words}; sigma {found.sigma:.3f} and {found.small_sigma:.3f}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
