"""What a budget buys, and what a loss costs: size, tokens and loss by machine and term, with their doubt.

Three doubts are drawn together: the efficiency of the run (published runs of the accelerator's generation), the price
(evenly among those who offer it) and the scaling law (its exponent and its irreducible loss). The draws have one name
each, so that every offer is judged on the same luck.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.study.offers import Offer
from simulator.foundation.streams import generator
from simulator.workload.scaling import SERVING, TRAINING, ScalingLaw, Size

FloatArray = NDArray[np.float64]

HOUR_S: Final = 3600.0
DOUBTS: Final = ("efficiency", "price", "scaling law")


class Interval(NamedTuple):
    """Quantiles over draws; infinite where that share of the draws never gets there."""

    p10: float
    p50: float
    p90: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked.

    Parameters
    ----------
    usd : float or None
        The budget; None to ask what `loss` costs.
    loss : float or None
        A target [nat per token].
    served_tokens : float
        To be served over the model's life, paid from the same budget.
    serving_mfu : float or None
        Of serving; None takes that of training.
    final_run : float
        Share of the budget that is for the final run and its serving; the rest is for experiments and people.
    law : ScalingLaw
        The fit.
    seed, replicas : int
        Of the draws.
    """

    usd: float | None
    loss: float | None
    law: ScalingLaw
    served_tokens: float = 0.0
    serving_mfu: float | None = None
    final_run: float = 1.0
    seed: int = 1
    replicas: int = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """One draw of each doubt a replica; arrays of shape (replicas,)."""

    efficiency: FloatArray  # standard normal
    offer: FloatArray  # uniform
    law: ScalingLaw  # with arrays


@dataclass(frozen=True, slots=True, kw_only=True)
class Bought:
    """What one offer gives.

    Parameters
    ----------
    usd_per_accelerator_h, usd, flop : Interval
        Price, dollars of everything (a single value for a budget), and FLOP of the training.
    accelerator_hours : Interval
        Of the training.
    parameters, tokens, loss : Interval
        Of the model.
    reached : float or None
        Share of the draws in which the loss asked for is reached.
    typical : Size
        At the medians.
    """

    offer: Offer
    usd_per_accelerator_h: Interval
    usd: Interval
    flop: Interval
    accelerator_hours: Interval
    parameters: Interval
    tokens: Interval
    loss: Interval
    reached: float | None
    typical: Size


class Answer(NamedTuple):
    """The compute-optimal and, where tokens are served, the serving-aware way on one offer."""

    optimal: Bought
    serving_aware: Bought | None


def answers(question: Question, found: Sequence[Offer]) -> Sequence[Answer]:
    """Answer a question on every offer, the best first: least loss for a budget, least dollars for a loss.

    Spot comes last: what interruptions cost is not in its dollars, so that it cannot be held against the others.
    """
    drawn = draws(question)
    given = [answer(question, offer, drawn) for offer in found]

    def rank(each: Answer) -> tuple[bool, float, str]:
        best = each.serving_aware or each.optimal
        name = f"{best.offer.accelerator.key} {best.offer.term}"
        return best.offer.term == "spot", (best.usd if question.usd is None else best.loss).p50, name

    return sorted(given, key=rank)


def answer(question: Question, offer: Offer, drawn: Draws) -> Answer:
    """Answer a question on one offer, with and without serving in mind.

    Both ways pay for the same serving: the first takes the size that is best for training alone, the second the one
    that is best for both.
    """
    return Answer(
        bought(question, offer, drawn, aware=False),
        bought(question, offer, drawn, aware=True) if question.served_tokens else None,
    )


def draws(question: Question, only: str | None = None) -> Draws:
    """Draw every doubt, or one of `DOUBTS` with the others at their medians."""
    size = question.replicas

    def normal(name: str, doubt: str) -> FloatArray:
        drawn = generator(question.seed, "budget", name).standard_normal(size)
        return drawn if only in (None, doubt) else np.zeros(size)

    uniform = generator(question.seed, "budget", "offer").random(size)
    law = question.law
    tilted = law.tilted(
        irreducible=law.irreducible + law.irreducible_stderr * normal("irreducible", "scaling law"),
        compute_exponent=law.compute_exponent + law.compute_exponent_stderr * normal("exponent", "scaling law"),
    )
    return Draws(
        efficiency=normal("efficiency", "efficiency"),
        offer=uniform if only in (None, "price") else np.full(size, 0.5),
        law=tilted,
    )


def bought(question: Question, offer: Offer, drawn: Draws, *, aware: bool) -> Bought:
    """Return what an offer gives over the draws, and at the medians."""
    mfu = np.minimum(offer.mfu * np.exp(offer.mfu_sigma * drawn.efficiency), 1.0)
    prices = np.array([price.usd_per_accelerator_h for price in offer.prices])
    usd_per_h = prices[np.minimum((drawn.offer * prices.size).astype(np.intp), prices.size - 1)]
    flop_per_usd = offer.peak_flop_per_s * mfu * HOUR_S / usd_per_h
    weight = mfu / question.serving_mfu if question.serving_mfu else np.ones_like(mfu)
    served = question.served_tokens * weight
    size, usd = _size(question, drawn.law, flop_per_usd, served, aware=aware)
    loss = drawn.law.loss(*size)
    typical, _ = _size(question, question.law, float(np.median(flop_per_usd)), float(np.median(served)), aware=aware)
    return Bought(
        offer=offer,
        usd_per_accelerator_h=interval(usd_per_h),
        usd=interval(usd),
        flop=interval(size.flop),
        accelerator_hours=interval(size.flop / (offer.peak_flop_per_s * mfu * HOUR_S)),
        parameters=interval(size.parameters),
        tokens=interval(size.tokens),
        loss=interval(loss),
        reached=_reached(question, loss),
        typical=typical,
    )


def _reached(question: Question, loss: FloatArray | float) -> float | None:
    if question.usd is None or question.loss is None:
        return None
    return float(np.mean(np.less_equal(loss, question.loss)))


def _size(
    question: Question, law: ScalingLaw, flop_per_usd: FloatArray | float, served: FloatArray | float, *, aware: bool
) -> tuple[Size, FloatArray | float]:
    """Return the model, and the dollars of its training and serving."""
    if question.usd is None:
        if question.loss is None:
            raise ValueError("a budget or a loss is needed")
        size = law.serving_aware(question.loss, served) if aware else law.cheapest(question.loss)
    else:
        flop = flop_per_usd * question.usd * question.final_run
        size = law.affordable(flop, served) if aware else law.optimum_with(flop, served)
    spent = (size.flop + SERVING * size.parameters * served) / flop_per_usd / question.final_run
    return size, spent


def drivers(question: Question, offer: Offer) -> Mapping[str, Interval]:
    """Return how far each doubt alone moves the answer: the loss for a budget, the dollars for a loss."""
    found = {}
    for doubt in DOUBTS:
        one = bought(question, offer, draws(question, doubt), aware=bool(question.served_tokens))
        found[doubt] = one.usd if question.usd is None else one.loss
    return found


def interval(sample: FloatArray | float) -> Interval:
    """Return the quantiles of a sample in which nan means never.

    Examples
    --------
    >>> interval(np.array([3.0, 1.0, np.nan, 2.0]))
    Interval(p10=1.0, p50=2.0, p90=inf)
    """
    ordered = np.where(np.isnan(sample), np.inf, sample)
    return Interval(*(float(at) for at in np.quantile(ordered, (0.1, 0.5, 0.9), method="inverted_cdf")))


def losses(question: Question, flop: float, parameters: FloatArray) -> FloatArray:
    """Return the loss of each size where so many FLOP pay for training and serving; nan where serving takes them all.

    Parameters
    ----------
    parameters : array of shape (sizes,)
        Sizes to look at.
    """
    tokens = (flop / parameters - SERVING * question.served_tokens) / TRAINING
    return np.asarray(question.law.loss(parameters, np.where(tokens > 0, tokens, np.nan)))
