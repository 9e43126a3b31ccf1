"""How fast an accelerator trains: a registry of methods, from a stated figure to a distribution of published runs."""

from simulator.foundation.units import show
from simulator.scenario.asking import Method, Question, Speed, Stated
from simulator.scenario.defaults import EFFICIENCIES
from simulator.scenario.experience import FromPublishedRuns, FromRuns
from simulator.scenario.methods import METHODS
from simulator.scenario.predicted import FromModel

__all__ = [  # ways to an efficiency are registered by their import
    "METHODS", "FromModel", "FromPublishedRuns", "FromRuns", "Method", "Question", "Speed", "Stated", "speed_of",
]  # fmt: skip


@METHODS.register("stated")
class FromFigure:
    """The scenario states MFU, tokens per second or the time of a step."""

    def speed(self, question: Question) -> Speed | None:
        """Turn the stated figure into tokens per second."""
        stated, findings = question.stated, question.findings
        if len(stated.given) != 1:
            wanted = ", ".join(EFFICIENCIES)
            found = f"found {' and '.join(stated.given)}" if stated.given else "found none"
            findings.problem(stated.path, f"expected one of {wanted}; {found}")
            return None
        if stated.tokens_per_second_per_accelerator is not None:
            return Speed(tokens_per_s=stated.tokens_per_second_per_accelerator)
        if stated.step_time is not None:
            return self._from_step(question, stated.step_time)
        return self._from_mfu(question, stated.mfu or 0.0)

    def _from_step(self, question: Question, step_s: float) -> Speed | None:
        path = (*question.stated.path, "step_time")
        if question.batch_tokens is None:
            question.findings.problem(path, "needs data.batch, the tokens of a step")
            return None
        return Speed(tokens_per_s=question.batch_tokens / step_s / question.accelerators)

    def _from_mfu(self, question: Question, mfu: float) -> Speed | None:
        if question.model is None:
            question.findings.lacks_model((*question.stated.path, "mfu"), "needs model.architecture, to count FLOPs")
            return None
        return Speed(tokens_per_s=mfu * question.machines.peak_flop_per_s / question.model.flop_per_token)


def speed_of(question: Question, method: str) -> Speed | None:
    """Return a phase's speed by the scenario's method, and refuse what no machine can do."""
    name = "stated" if question.stated.path[0] == "phases" else method
    way: Method = METHODS[name]()
    speed = way.speed(question)
    if speed is None or question.model is None:
        return speed
    mfu = mfu_of(speed, question)
    if mfu > 1.0:
        peak = show(question.machines.peak_flop_per_s, "flop_per_s")
        path = (*question.stated.path, question.stated.given[0]) if question.stated.given else question.stated.path
        question.findings.problem(path, f"means {speed.tokens_per_s:.6g} tokens/s per accelerator, "
                                        f"an MFU of {mfu:.3g}; more than the peak of {peak} allows")  # fmt: skip
        return None
    return speed


def mfu_of(speed: Speed, question: Question) -> float:
    """Return model FLOPs over peak; the model is known."""
    flop = question.model.flop_per_token if question.model else 0.0
    return speed.tokens_per_s * flop / question.machines.peak_flop_per_s
