"""What the throughput commands need of a scenario: model, machines, batch; no failures, no prices."""

from dataclasses import dataclass
from typing import NoReturn

import typer

from simulator.catalogue.reader import Entry
from simulator.workload.architecture import Architecture
from simulator.workload.machine import Chip, Fabric


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """A model on so many accelerators with a global batch [sequences]."""

    name: str
    architecture: Architecture
    accelerator: Entry
    chip: Chip
    fabric: Fabric
    accelerators: int
    seq: int
    global_batch: float

    @property
    def generation(self) -> str:
        """Generation of the accelerator."""
        return str(self.accelerator.values.get("generation"))


def refuse(message: str) -> NoReturn:
    """Say what is wrong and leave with code 2."""
    typer.echo(message, err=True)
    raise typer.Exit(2)


def training(name: str, sets: list[str]) -> Training:
    """Read the training of a scenario; leaves with code 2 and every problem if there is none."""
    from simulator.foundation.issues import ScenarioError

    try:
        return _training(name, sets)
    except ScenarioError as error:
        refuse("\n".join(str(issue) for issue in error.issues))


def stack_of(stack: str | None) -> str | None:
    """Check a stack's name; leaves with code 2 and the names there are."""
    from simulator.catalogue.reader import CatalogueError, entry

    if stack is None:
        return None
    try:
        return entry("throughput_stacks", stack).key
    except CatalogueError as error:
        refuse(f"--stack: {error}")


def _training(name: str, sets: list[str]) -> Training:
    from dataclasses import replace

    from simulator.foundation.issues import ScenarioError
    from simulator.scenario.findings import Findings
    from simulator.scenario.load import load
    from simulator.scenario.machines import machines
    from simulator.scenario.problems import problems
    from simulator.scenario.trained import trained
    from simulator.workload.choice import whole_batch
    from simulator.workload.stacks import chip_of, fabric_of

    loaded = load(name, sets=sets)
    document, found = problems(loaded.document)
    if document is None:
        raise ScenarioError(loaded.issue(path, message) for path, message in found)
    findings = Findings(loaded)
    site, model = machines(document, findings), trained(document, findings)
    findings.close()
    sizes = [phase.accelerators for phase in document.phases or () if phase.accelerators]
    batches = [phase.batch for phase in document.phases or () if phase.batch]
    accelerators = document.cluster.accelerators or max(sizes, default=None)
    batch = document.data.batch or max(batches, default=None)
    missing = [
        (("model", "architecture"), model is None),
        (("cluster", "accelerators"), not accelerators),
        (("data", "batch"), not batch),
    ]
    wanted = [loaded.issue(path, "is needed for a plan and is missing") for path, gone in missing if gone]
    if wanted or site is None or model is None or not accelerators or not batch:
        raise ScenarioError(wanted)
    fabric = fabric_of(site.accelerator)
    if site.nic_bytes_per_s:
        fabric = replace(fabric, nic_bytes_per_s=site.nic_bytes_per_s)
    return Training(
        name=loaded.name,
        architecture=model.shape,
        accelerator=site.accelerator,
        chip=chip_of(site.accelerator),
        fabric=fabric,
        accelerators=int(accelerators),
        seq=model.sequence,
        global_batch=whole_batch(batch / model.sequence),
    )
