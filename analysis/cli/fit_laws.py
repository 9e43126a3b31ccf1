"""Laws side by side, as the ``fit`` commands show them."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from analysis.cli.fit_options import length
from simulator.reliability.fitting import Choice

if TYPE_CHECKING:
    from rich.table import Table

HEADS = ("law", "shape", "scale", "mean", "median", "AIC - best")


def p_value(chance: float) -> str:
    """Write how probable something is by chance.

    Examples
    --------
    >>> p_value(0.967), p_value(1.6e-73), p_value(0.0)
    ('p = 0.967', 'p = 2e-73', 'p < 1e-300')
    """
    if chance == 0:
        return "p < 1e-300"
    return f"p = {chance:.3f}" if chance >= 0.001 else f"p = {chance:.0e}"


def laws_table(title: str, laws: Choice) -> "Table":
    """Return the fitted laws, the best first."""
    from rich.table import Table

    table = Table(title=f"{title}: {laws.best.law}", title_justify="left")
    for number, head in enumerate(HEADS):
        table.add_column(head, justify="right" if number else "left")
    for fit in laws.fits:
        table.add_row(fit.law, f"{fit.shape:.4g}", length(fit.scale_s), length(fit.mean_s), length(fit.median_s),
                      f"{fit.aic - laws.fits[0].aic:.1f}")  # fmt: skip
    return table


def laws_verdict(laws: Choice) -> str:
    """Say how many times there were, and what the tests say."""
    verdict = "rejected" if laws.exponential_rejected else "not rejected"
    return (
        f"{laws.observed:,} times, {laws.censored:,} censored; exponential {verdict} (likelihood ratio, "
        f"{p_value(laws.exponential_p)}); Weibull shape {laws.of('weibull').shape:.4g} "
        f"({laws.shape_low:.3g} to {laws.shape_high:.3g})"
    )


def laws_json(laws: Choice | None) -> dict[str, Any] | None:
    """Return the laws for programs."""
    if laws is None:
        return None
    return {
        "best": laws.best.law,
        "observed": laws.observed,
        "censored": laws.censored,
        "exponential_p": laws.exponential_p,
        "exponential_rejected": laws.exponential_rejected,
        "weibull_shape_interval": [laws.shape_low, laws.shape_high],
        "fits": {fit.law: asdict(fit) for fit in laws.fits},
    }
