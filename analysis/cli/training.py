"""What the throughput commands need of a scenario: model, machines, batch and plan; no failures, no prices."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import typer

if TYPE_CHECKING:
    from simulator.scenario.predicted import Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """The scenario's name, and what the step-time model is asked about."""

    name: str
    setting: "Setting"


def refuse(message: str) -> NoReturn:
    """Say what is wrong and leave with code 2."""
    typer.echo(message, err=True)
    raise typer.Exit(2)


def training(
    name: str, sets: list[str], *, stack: str | None = None, fp8: bool = False, degrees: Mapping[str, int] | None = None
) -> Training:
    """Read the training of a scenario; leaves with code 2 and every problem if there is none.

    Parameters
    ----------
    stack, fp8, degrees : str, bool and mapping
        What the command line says of software, precision and plan (keys of the table ``parallelism``); it wins.
    """
    from simulator.foundation.issues import ScenarioError

    try:
        return _training(name, sets, stack, fp8, degrees or {})
    except ScenarioError as error:
        refuse("\n".join(str(issue) for issue in error.issues))
    except ValueError as problem:
        refuse(f"{name}: {problem}")


def stack_of(stack: str | None) -> str | None:
    """Check a stack's name; leaves with code 2 and the names there are."""
    from simulator.catalogue.reader import CatalogueError, entry

    if stack is None:
        return None
    try:
        return entry("throughput_stacks", stack).key
    except CatalogueError as error:
        refuse(f"--stack: {error}")


def _training(name: str, sets: list[str], stack: str | None, fp8: bool, degrees: Mapping[str, int]) -> Training:
    from simulator.foundation.issues import ScenarioError
    from simulator.foundation.units import show
    from simulator.scenario.findings import Findings
    from simulator.scenario.load import load
    from simulator.scenario.machines import machines
    from simulator.scenario.phases import run_tokens
    from simulator.scenario.predicted import setting, usual_batch
    from simulator.scenario.problems import problems
    from simulator.scenario.trained import trained

    loaded = load(name, sets=sets)
    document, found = problems(loaded.document)
    if document is None:
        raise ScenarioError(loaded.issue(path, message) for path, message in found)
    findings = Findings(loaded)
    site, model, tokens = machines(document, findings), trained(document, findings), run_tokens(document, findings)
    findings.close()
    sizes = [phase.accelerators for phase in document.phases or () if phase.accelerators]
    batches = [phase.batch for phase in document.phases or () if phase.batch]
    accelerators = document.cluster.accelerators or max(sizes, default=None)
    batch = document.data.batch or max(batches, default=None)
    if not batch and tokens:
        batch = usual_batch(tokens)
        step = show(float(f"{batch:.3g}"), "tokens")
        typer.echo(f"data.batch is not stated: {step} a step are taken, as flopcast run takes them for the model of a "
                   "step; an assumption, within 3 times.", err=True)  # fmt: skip
    missing = [
        (("model", "architecture"), model is None),
        (("cluster", "accelerators"), not accelerators),
        (("data", "batch"), not batch),
    ]
    wanted = [loaded.issue(path, "is needed for a plan and is missing") for path, gone in missing if gone]
    if wanted or site is None or model is None or not accelerators or not batch:
        raise ScenarioError(wanted)
    precision = {"precision": "fp8"} if fp8 else {}
    asked = setting(
        model, site, accelerators=int(accelerators), batch_tokens=batch,
        parallelism=document.parallelism.model_copy(update={**degrees, **precision}),
        throughput=document.throughput.model_copy(update={} if stack is None else {"stack": stack, "factor": None}),
    )  # fmt: skip
    return Training(name=loaded.name, setting=asked)
