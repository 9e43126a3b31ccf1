"""Speed from experience: what whole published runs came to, in calendar time or freed of their losses."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from simulator.catalogue.reader import Entry, read
from simulator.scenario.asking import Question, Speed
from simulator.scenario.defaults import EFFICIENCIES
from simulator.scenario.methods import METHODS
from simulator.scenario.trained import Trained

OTHER = "other"
QUARTILES: Final = 2.0 * 0.6744897501960817  # distance of a normal distribution's quartiles, in standard deviations
_GUESS: Final = (
    "The efficiency is a guess from published runs of such accelerators; their hours contain some "
    "downtime, so failures are partly counted twice. State one if you know it."
)
_ASSUMED: Final = "The efficiency is an assumption: no published runs on {} are known. State one if you know it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Experience:
    """What whole runs on a family of accelerators came to.

    Parameters
    ----------
    mfu : float
        Median over calendar hours, attention counted in full.
    net_over_gross : float
        What hours net of every loss gain over calendar hours.
    sigma, small_sigma : float
        Standard deviation of the logarithm between runs, and between runs of small models.
    small_parameters : float
        Active parameters below which a model is small.
    entry : Entry
        With the source.
    """

    mfu: float
    net_over_gross: float
    sigma: float
    small_sigma: float
    small_parameters: float
    entry: Entry

    @property
    def net_mfu(self) -> float:
        """Median while the job steps."""
        return self.mfu * self.net_over_gross

    def spread(self, active_parameters: float) -> float:
        """Return the log standard deviation between runs of models of that size."""
        return self.small_sigma if active_parameters < self.small_parameters else self.sigma


def experience(accelerator: Entry) -> Experience:
    """Return the experience with an accelerator's family; that of all others where there is none.

    Examples
    --------
    >>> from simulator.catalogue.reader import entry
    >>> experience(entry("accelerators", "h800-sxm")).entry.key
    'hopper'
    """
    table = read("run_efficiency")
    fact = table.get(str(accelerator.values.get("generation")), table[OTHER])
    return Experience(
        mfu=fact.number("mfu"),
        net_over_gross=fact.number("net_over_gross"),
        sigma=fact.number("sigma"),
        small_sigma=fact.number("small_sigma"),
        small_parameters=fact.number("small_parameters"),
        entry=fact,
    )


def is_fitted(accelerator: Entry) -> bool:
    """Return whether the fit holds runs of a chip's generation, and its entry does not assume another efficiency."""
    seen = experience(accelerator).entry.values["generations"]
    assert isinstance(seen, Sequence)
    return accelerator.values.get("generation") in seen and accelerator.values.get("mfu_basis") != "assumed"


@METHODS.register("published")
class FromPublishedRuns:
    """What whole published runs on such accelerators came to, in calendar time.

    Of families that have runs, the fitted efficiency, attention counted in full; of others, the quartiles that their
    entry states or assumes, of 6 FLOP a parameter and token.
    """

    def speed(self, question: Question) -> Speed | None:
        """Take the median, and the spread between runs as that of a lognormal."""
        model = _model(question, "published")
        if model is None:
            return None
        fact = question.machines.accelerator
        found = _of_family(fact, model) if is_fitted(fact) else _of_quartiles(fact, model)
        if found is None:
            question.findings.problem(
                ("throughput",), f"no published efficiency for {fact.key}: state one of {', '.join(EFFICIENCIES)}"
            )
            return None
        question.findings.fact(("throughput", "published_mfu"), f"{found.mfu:.4g}", found.source, found.evidence)
        question.findings.fact(("throughput", "published_sigma"), f"{found.sigma:.4g}", found.spread, found.evidence)
        question.findings.warn(_GUESS if fact.values.get("mfu_basis") != "assumed" else _ASSUMED.format(fact.key))
        return Speed(tokens_per_s=found.mfu * question.machines.peak_flop_per_s / found.flop_per_token,
                     sigma=found.sigma, why=found.spread)  # fmt: skip


class _Usual(NamedTuple):
    """An efficiency that runs usually come to, what is counted as a token's FLOPs, and where both figures are from."""

    mfu: float
    sigma: float
    flop_per_token: float
    source: str
    spread: str
    evidence: str


def _of_family(fact: Entry, model: Trained) -> _Usual:
    known = experience(fact)
    return _Usual(
        mfu=known.mfu,
        sigma=known.spread(model.shape.active_parameters),
        flop_per_token=model.flop_per_token,
        source=f"{known.entry.title}, calendar time, attention in full: {known.entry.source}",
        spread=f"spread between whole published runs: {known.entry.source}",
        evidence=known.entry.evidence,
    )


def quartiles(accelerator: Entry) -> tuple[float, float] | None:
    """Return median of MFU, of 6 FLOP a parameter and token, and log standard deviation by an entry's quartiles.

    Examples
    --------
    >>> from simulator.catalogue.reader import entry
    >>> median, sigma = quartiles(entry("accelerators", "b200-sxm"))
    >>> median, round(sigma, 3)  # ln(0.36 / 0.16) / 1.349
    (0.25, 0.601)
    """
    low, median, high = (accelerator.get_number(name) for name in ("mfu_p25", "mfu_p50", "mfu_p75"))
    if low is None or median is None or high is None:
        return None
    return median, math.log(high / low) / QUARTILES


def _of_quartiles(fact: Entry, model: Trained) -> _Usual | None:
    known = quartiles(fact)
    if known is None:
        return None
    source = str(fact.values.get("mfu_source", fact.source))
    return _Usual(
        mfu=known[0],
        sigma=known[1],
        flop_per_token=model.six_n,
        source=f"{fact.key}, 6 FLOP per active parameter: {source}",
        spread=f"quartiles {fact.number('mfu_p25'):g} and {fact.number('mfu_p75'):g}, ln(p75/p25)/1.349",
        evidence=str(fact.values.get("mfu_evidence", "")),
    )


@METHODS.register("runs")
class FromRuns:
    """The efficiency of whole published runs, freed of their losses, which the engines add again."""

    def speed(self, question: Question) -> Speed | None:
        """Take the median of the family, and the spread between runs."""
        model = _model(question, "runs")
        if model is None:
            return None
        findings, machine = question.findings, question.machines.accelerator
        known = experience(machine)
        path = ("throughput", "runs_mfu")
        findings.fact(path, f"{known.net_mfu:.4g}", f"{known.entry.title}, net of losses, attention in full: "
                      f"{known.entry.source}", known.entry.evidence)  # fmt: skip
        sigma = known.spread(model.shape.active_parameters)
        findings.fact(("throughput", "runs_sigma"), f"{sigma:.4g}", known.entry.source, known.entry.evidence)
        if known.entry.key == OTHER:
            findings.warn(f"No published runs on the family of {machine.key}: the efficiency is that of others.")
        rate = known.net_mfu * question.machines.peak_flop_per_s / model.flop_per_token
        return Speed(tokens_per_s=rate, sigma=sigma, why="spread between whole published runs")


def _model(question: Question, method: str) -> Trained | None:
    """Return the model whose FLOPs are counted; None, and a problem, where there is none or a speed is stated."""
    findings = question.findings
    if question.stated.given:
        name = question.stated.given[0]
        findings.problem((*question.stated.path, name), f"contradicts throughput.method = {method!r}; leave one out")
        return None
    if question.model is None:
        findings.lacks_model(("throughput",), f"the speed is not known: state one of {', '.join(EFFICIENCIES)}, "
                                          "or model.architecture for a guess from published runs")  # fmt: skip
    return question.model
