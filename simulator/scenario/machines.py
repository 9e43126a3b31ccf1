"""The machines of a scenario: from keys of the catalogue to peak, network and nodes."""

from dataclasses import dataclass

from simulator.catalogue.reader import Entry, entry
from simulator.scenario.findings import Findings
from simulator.scenario.schema import Document
from simulator.scenario.system_files import system_named


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """What the phases run on.

    Parameters
    ----------
    accelerator, system : Entry
        Of the catalogue; the system may be absent.
    accelerators : int or None
        How many work, where a phase does not say.
    per_node : int
        Accelerators that fail together.
    """

    accelerator: Entry
    system: Entry | None
    accelerators: int | None
    per_node: int

    @property
    def peak_flop_per_s(self) -> float:
        """Dense peak of one accelerator in BF16 [FLOP/s]."""
        return self.accelerator.number("peak_bf16_flop_per_s")

    @property
    def nic_bytes_per_s(self) -> float | None:
        """One accelerator's share of the network [byte/s]."""
        own = None if self.system is None else self.system.get_number("nic_bytes_per_s")
        return self.accelerator.get_number("nic_bytes_per_s") if own is None else own

    def nodes(self, accelerators: int) -> int:
        """Return how many nodes hold so many accelerators."""
        return -(-accelerators // self.per_node)


def machines(document: Document, findings: Findings) -> Machines | None:
    """Look up the machines; None, with a problem noted, where they are not known."""
    cluster = document.cluster
    system = system_named(cluster.system, findings) if cluster.system else None
    if cluster.system and system is None:
        return None
    of_system = system.text("accelerator") if system else None
    if cluster.accelerator is None and of_system is None:
        findings.problem(("cluster", "accelerator"), "is missing; name an accelerator or a system of the catalogue")
        return None
    accelerator = entry("accelerators", cluster.accelerator or str(of_system))
    if system and of_system and entry("accelerators", of_system).key != accelerator.key:
        findings.problem(("cluster", "accelerator"), f"{accelerator.key} is not what {system.key} has, {of_system}")
    for fact in (accelerator, system):
        if fact:
            path = ("cluster", "system" if fact is system else "accelerator", "entry")
            findings.fact(path, f"{fact.key}: {fact.title}", fact.source, fact.evidence)
    peak = accelerator.number("peak_bf16_flop_per_s")
    findings.amount(("cluster", "accelerator", "peak"), peak, "flop_per_s", f"{accelerator.key}, dense BF16",
                    accelerator.evidence)  # fmt: skip
    return Machines(
        accelerator=accelerator,
        system=system,
        accelerators=cluster.accelerators,
        per_node=cluster.accelerators_per_node or _per_node(accelerator, system, findings),
    )


def _per_node(accelerator: Entry, system: Entry | None, findings: Findings) -> int:
    path = ("cluster", "accelerators_per_node")
    for fact in (system, accelerator):
        found = None if fact is None else fact.get_number("accelerators_per_node")
        if fact and found:
            findings.fact(path, f"{found:g}", fact.key, fact.evidence)
            return int(found)
    findings.problem(path, "is missing, and the catalogue does not know it")
    return 1
