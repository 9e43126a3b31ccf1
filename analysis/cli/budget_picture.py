"""The picture of ``flopcast budget``: loss over size at the budget, a third of it and three times it."""

import numpy as np

from analysis.plots.amounts import dollars
from analysis.plots.isoflop import Point, Spend, isoflop
from analysis.plots.style import Picture
from analysis.study.budget import Answer, Question, losses
from simulator.workload.scaling import lifetime_flop

_WIDTH = 12.0  # how far from the best size the curves go, as a factor
_SIZES = 121
_FACTORS = (1 / 3, 1.0, 3.0)


def picture(question: Question, best: Answer) -> Picture:
    """Draw what the best offer gives; for a target loss, what its typical price buys around the target."""
    bought = best.serving_aware or best.optimal
    flop = float(lifetime_flop(bought.typical, question.served_tokens))
    sizes = np.geomspace(bought.typical.parameters / _WIDTH, bought.typical.parameters * _WIDTH, _SIZES)
    usd = question.usd if question.usd is not None else bought.usd.p50
    spends = [_spend(dollars(usd * factor), question, flop * factor, sizes) for factor in _FACTORS]
    few, many = (flop * at / bought.flop.p50 for at in (bought.flop.p10, bought.flop.p90))
    if question.usd is None:
        few = many = flop
    points = [
        Point(name=name, parameters=float(each.typical.parameters), loss=float(question.law.loss(*each.typical)))
        for name, each in (("compute-optimal", best.optimal), ("serving-aware", best.serving_aware))
        if each is not None
    ]
    low, high = _spend("p10", question, few, sizes), _spend("p90", question, many, sizes)
    return isoflop("budget", spends, low, high, points, target=question.loss)


def _spend(name: str, question: Question, flop: float, sizes: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Spend:
    return Spend(name=name, parameters=sizes.tolist(), loss=losses(question, flop, sizes).tolist())
