"""Whole published runs: predicted accelerator-hours beside the published ones."""

import math
from dataclasses import replace
from typing import NamedTuple

from simulator.catalogue.reader import Entry, entry, read
from simulator.workload.architecture import architecture
from simulator.workload.choice import PlanError, search, usual_limits
from simulator.workload.plan import RECOMPUTE
from simulator.workload.prediction import DECILE, chosen_plan, predict
from simulator.workload.stacks import chip_of, fabric_of

DEGREES = ("tp", "pp", "dp", "cp", "ep", "vpp", "micro_batch")


class Run(NamedTuple):
    """One run, from architecture and plan alone; hours are net of failures, saves and batch ramps."""

    key: str
    plan: str
    stack: str
    p10_h: float
    p50_h: float
    p90_h: float
    published_h: float
    kind: str  # net or gross, of the published hours
    source: str

    @property
    def ratio(self) -> float:
        """Predicted over published hours; below one where the published ones are gross."""
        return self.p50_h / self.published_h


def runs() -> list[Run]:
    """Every catalogued architecture whose run has published hours."""
    found = {key: fact.parts["run"] for key, fact in read("architectures").items() if "run" in fact.parts}
    return [_run(key, run) for key, run in found.items() if run.get_number("accelerator_hours")]


def _run(key: str, run: Entry) -> Run:
    arch = architecture(entry("architectures", key).values)
    machine, stack = entry("accelerators", run.text("accelerator")), run.text("stack")
    chip, fabric = chip_of(machine), fabric_of(machine)
    batch = run.number("global_batch")
    known = {name: int(value) for name in DEGREES if (value := run.get_number(name))}
    zero = run.get_number("zero")
    limits = usual_limits(
        fabric, accelerators=int(run.number("accelerators")), seq=arch.seq, global_batch=batch, stack=stack,
        known=known, fp8=stack == "hai-llm-2024", zero=None if zero is None else (int(zero),),
    )  # fmt: skip
    mode = run.values.get("recompute")
    if mode == "full":  # "selective" leaves open what is repeated beside the attention core
        limits = replace(limits, recompute=(RECOMPUTE["full"],))
    if nic := run.get_number("nic_bytes_per_s"):
        fabric = replace(fabric, nic_bytes_per_s=nic)
    try:
        plan = search(arch, chip, fabric, limits, stack=stack, keep=1).best.plan.at(0)
    except PlanError as problem:
        raise PlanError(f"run of {key}: {problem}") from problem
    found = predict(arch, plan, chip, fabric, seq=arch.seq, global_batch=batch, stack=stack,
                    generation=str(machine.values.get("generation")))  # fmt: skip
    slower, sigma = (1.0, found.sigma) if {"tp", "pp"} <= known.keys() else chosen_plan(stack)
    p50_h = slower * run.number("tokens") / float(found.tokens_per_s_per_accelerator.p50) / 3600
    p10_h, p90_h = (p50_h * math.exp(sign * DECILE * sigma) for sign in (-1, 1))
    published_h, kind = run.number("accelerator_hours"), run.text("hours_kind")
    return Run(key, plan.text(), stack, p10_h, p50_h, p90_h, published_h, kind, run.source)
