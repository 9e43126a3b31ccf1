"""Speed from architecture, plan and machines: the step-time model, where no figure is stated.

The model says how fast the job steps. Failures, saves and starts are none of its business; the engines add them.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from simulator.catalogue.reader import Entry
from simulator.foundation.units import show
from simulator.scenario.asking import Question, Speed
from simulator.scenario.machines import Machines
from simulator.scenario.methods import METHODS
from simulator.scenario.schema import Parallelism, Throughput
from simulator.scenario.trained import Trained
from simulator.workload.architecture import Architecture
from simulator.workload.choice import PlanError, best_plan_within, check, usual_limits, whole_batch
from simulator.workload.machine import Chip, Fabric
from simulator.workload.plan import Plan
from simulator.workload.prediction import GENERIC, Prediction, chosen_plan, doubted, predict
from simulator.workload.search import Limits
from simulator.workload.stacks import chip_of, fabric_of, fine_experts, recompute_mode

DEGREES: Final[Mapping[str, str]] = {
    "tensor": "tp", "pipeline": "pp", "data": "dp", "context": "cp", "expert": "ep", "chunks": "vpp",
    "micro_batch": "micro_batch",
}  # fmt: skip
USUAL_BATCH_TOKENS: Final = 4 * 2**20  # LLaMA-65B, arXiv 2302.13971 Table 2
USUAL_RUN_TOKENS: Final = 1.4e12  # ibid.; batches of published runs grow as the root of their tokens, within 3 times
NEEDED: Final = ("peak_bf16_flop_per_s", "hbm_bytes", "hbm_bytes_per_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the step-time model is asked about: a model on machines, and what is known of the plan.

    Parameters
    ----------
    global_batch : float
        Sequences of a step.
    limits : Limits
        What the search for the rest of the plan may vary.
    stack, factor : str and float, optional
        Training software, and its factor as measured by `flopcast calibrate`.
    """

    architecture: Architecture
    accelerator: Entry
    chip: Chip
    fabric: Fabric
    accelerators: int
    seq: int
    global_batch: float
    limits: Limits
    stack: str | None
    factor: float | None

    @property
    def planned(self) -> bool:
        """Whether tensor and pipeline degrees are stated, which decide the most."""
        return {"tp", "pp"} <= self.limits.known.keys()

    @property
    def doubtful(self) -> bool:
        """Whether it is a mixture of narrow experts on software that was not measured on such."""
        return self.architecture.narrow_experts and self.factor is None and not fine_experts(self.stack or GENERIC)

    def plan(self) -> Plan:
        """Return the fastest plan that fits among those that agree with what is known.

        Raises
        ------
        ValueError
            If none is legal or none fits; the message says what overflows, by how much, and which plan would fit.
        """
        try:
            found = best_plan_within(self.architecture, self.chip, self.fabric, self.limits, stack=self.stack)
        except PlanError as error:
            if error.plan is not None:
                check(self.architecture, error.plan, self.chip, self._free(), stack=self.stack, fabric=self.fabric)
            raise
        for name, degree in self.limits.known.items():
            if int(getattr(found, name)) != degree:
                raise ValueError(f"no legal plan has {name}={degree} with the other degrees")
        return found

    def _free(self) -> Limits:
        """Limits of a search to which nothing of the plan is known."""
        return usual_limits(
            self.fabric, accelerators=self.accelerators, seq=self.seq, global_batch=self.global_batch,
            stack=self.stack, fp8=self.limits.fp8, zero=(0, 1, 2, 3),
        )  # fmt: skip

    def predict(self, plan: Plan) -> Prediction:
        """Predict what a plan achieves."""
        return predict(
            self.architecture, plan, self.chip, self.fabric, seq=self.seq, global_batch=self.global_batch,
            stack=self.stack, factor=self.factor, generation=str(self.accelerator.values.get("generation")),
        )  # fmt: skip


def setting(
    model: Trained, site: Machines, *, accelerators: int, batch_tokens: float, parallelism: Parallelism,
    throughput: Throughput,
) -> Setting:  # fmt: skip
    """Gather what the model must know.

    Raises
    ------
    ValueError
        If the catalogue lacks a figure of the accelerator, degrees contradict each other, or FP8 is asked of an
        accelerator that has none.
    """
    missing = [name for name in NEEDED if site.accelerator.get_number(name) is None]
    if missing:
        raise ValueError(f"the catalogue does not know {', '.join(missing)} of {site.accelerator.key}")
    if parallelism.precision == "fp8" and site.accelerator.get_number("peak_fp8_flop_per_s") is None:
        raise ValueError(f"the catalogue knows no FP8 of {site.accelerator.key}; leave precision at bf16")
    fabric = fabric_of(site.accelerator)
    if site.nic_bytes_per_s:
        fabric = replace(fabric, nic_bytes_per_s=site.nic_bytes_per_s)
    if parallelism.domain:
        fabric = replace(fabric, scale_up_domain=float(parallelism.domain))
    batch = whole_batch(batch_tokens / model.sequence)
    return Setting(
        architecture=model.shape,
        accelerator=site.accelerator,
        chip=chip_of(site.accelerator),
        fabric=fabric,
        accelerators=accelerators,
        seq=model.sequence,
        global_batch=batch,
        limits=_limits(model, fabric, accelerators, batch, parallelism, throughput.stack),
        stack=throughput.stack,
        factor=throughput.factor,
    )


def _limits(
    model: Trained, fabric: Fabric, accelerators: int, batch: float, stated: Parallelism, stack: str | None
) -> Limits:
    known = {short: int(value) for name, short in DEGREES.items() if (value := getattr(stated, name)) is not None}
    limits = usual_limits(
        fabric, accelerators=accelerators, seq=model.sequence, global_batch=batch, stack=stack, known=known,
        fp8=stated.precision == "fp8", zero=None if stated.zero is None else (stated.zero,),
    )  # fmt: skip
    if stated.recompute is not None:
        limits = replace(limits, recompute=(recompute_mode(stack or GENERIC, stated.recompute),))
    if stated.sequence_parallel is not None:
        limits = replace(limits, sequence_parallel=stated.sequence_parallel)
    return limits if stated.shard is None else replace(limits, shard=stated.shard)


@METHODS.register("model")
class FromModel:
    """Predict the step of the plan that is stated, or of the fastest that fits."""

    def speed(self, question: Question) -> Speed | None:
        """Return tokens per second while the job steps, with the spread of published steps around the model."""
        findings = question.findings
        if question.stated.given:
            name = question.stated.given[0]
            findings.problem((*question.stated.path, name), "contradicts throughput.method = 'model'; leave one out")
            return None
        if question.model is None:
            findings.lacks_model(("throughput", "method"), "needs model.architecture")
            return None
        try:
            asked = setting(
                question.model, question.machines, accelerators=question.accelerators, batch_tokens=_batch(question),
                parallelism=question.parallelism, throughput=question.throughput,
            )  # fmt: skip
            plan = asked.plan()
        except ValueError as error:
            findings.problem(("parallelism",), f"{error}")
            return None
        return _speed(question, asked, plan, asked.predict(plan))


def usual_batch(run_tokens: float | None) -> float:
    """Tokens of a step that runs of so many tokens usually take; None is a run of LLaMA-65B's."""
    grown = math.sqrt((run_tokens or USUAL_RUN_TOKENS) / USUAL_RUN_TOKENS)
    return max(USUAL_BATCH_TOKENS * 2.0 ** round(math.log2(grown)), 1.0)


def _batch(question: Question) -> float:
    """Tokens of a step: as stated, else the usual ones."""
    if question.batch_tokens is not None:
        return question.batch_tokens
    return question.findings.amount(
        (*question.path, "batch"), usual_batch(question.run_tokens), "tokens", "assumption, within 3 times: 4M tokens "
        "of LLaMA-65B, growing as the root of the run's tokens", "M",
    )  # fmt: skip


def _speed(question: Question, asked: Setting, plan: Plan, found: Prediction) -> Speed:
    slower, sigma, why = 1.0, found.sigma, f"residuals of {found.stack} on published steps"
    if not asked.planned:
        slower, sigma = chosen_plan(asked.stack)
        sigma = doubted(sigma, asked.architecture, measured=False) if asked.doubtful else sigma
        why = "published steps around the fastest plan of a search, their own plans unseen"
    source = f"step-time model, {'plan as stated' if asked.planned else 'the fastest plan that fits'}, {found.stack}"
    findings, path = question.findings, question.path
    findings.fact((*path, "plan"), plan.text(), source, "D")
    step_s = float(found.step_time_s.p50) * slower
    findings.amount((*path, "step"), step_s, "time", f"{source}; {'' if slower == 1.0 else f'{slower:.3f} times it, '}"
                    "failures and saves apart", "D")  # fmt: skip
    if not asked.planned:
        findings.warn(f"The plan is not stated: the fastest is taken ({plan.text()}), {slower:.3f} times slower, as "
                      "published steps are. State the table parallelism if you know the plan.")  # fmt: skip
    if asked.stack is None:
        findings.warn("The training software is not stated: a current, well-kept one is assumed. State "
                      "throughput.stack, or a measured tokens_per_second_per_accelerator.")  # fmt: skip
    if asked.doubtful:
        oss = ", and those of gpt-oss took 1.1 to 1.4 times as long" if asked.architecture.clamped else ""
        findings.warn(f"Experts of {asked.architecture.expert_width:,} columns: published steps of such differ by up "
                      f"to 2.5 times between releases of one software{oss}. State a measured "
                      "tokens_per_second_per_accelerator, or throughput.factor.")  # fmt: skip
    rate = float(found.tokens_per_s_per_accelerator.p50) / slower
    findings.fact((*path, "tokens_per_second_per_accelerator"), show(rate, "tokens_per_s"), source, "D")
    return Speed(tokens_per_s=rate, sigma=sigma, why=why)
