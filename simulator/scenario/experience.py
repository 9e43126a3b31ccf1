"""Speed from experience: what whole published runs on this family of accelerators came to, net of their losses."""

from dataclasses import dataclass
from typing import Final

from simulator.catalogue.reader import Entry, read
from simulator.scenario.asking import Question, Speed
from simulator.scenario.defaults import EFFICIENCIES
from simulator.scenario.methods import METHODS

OTHER = "other"
SMALL: Final = 4e9  # active parameters below which published hours scatter more


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
        Standard deviation of the logarithm between runs, and between runs of models below `SMALL`.
    entry : Entry
        With the source.
    """

    mfu: float
    net_over_gross: float
    sigma: float
    small_sigma: float
    entry: Entry

    @property
    def net_mfu(self) -> float:
        """Median while the job steps."""
        return self.mfu * self.net_over_gross

    def spread(self, active_parameters: float) -> float:
        """Return the log standard deviation between runs of models of that size."""
        return self.small_sigma if active_parameters < SMALL else self.sigma


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
        entry=fact,
    )


@METHODS.register("runs")
class FromRuns:
    """The efficiency of whole published runs, freed of their losses, which the engines add again."""

    def speed(self, question: Question) -> Speed | None:
        """Take the median of the family, and the spread between runs."""
        findings, machine = question.findings, question.machines.accelerator
        if question.stated.given:
            name = question.stated.given[0]
            findings.problem((*question.stated.path, name), "contradicts throughput.method = 'runs'; leave one out")
            return None
        if question.model is None:
            findings.lacks_model(("throughput",), f"the speed is not known: state one of {', '.join(EFFICIENCIES)}, "
                                              "or model.architecture for a guess from published runs")  # fmt: skip
            return None
        known = experience(machine)
        path = ("throughput", "runs_mfu")
        findings.fact(path, f"{known.net_mfu:.4g}", f"{known.entry.title}, net of losses, attention in full: "
                      f"{known.entry.source}", known.entry.evidence)  # fmt: skip
        sigma = known.spread(question.model.shape.active_parameters)
        findings.fact(("throughput", "runs_sigma"), f"{sigma:.4g}", known.entry.source, known.entry.evidence)
        if known.entry.key == OTHER:
            findings.warn(f"No published runs on the family of {machine.key}: the efficiency is that of others.")
        rate = known.net_mfu * question.machines.peak_flop_per_s / question.model.flop_per_token
        return Speed(tokens_per_s=rate, sigma=sigma, why="spread between whole published runs")
