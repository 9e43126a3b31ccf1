"""How good a model of some size on some data gets, and which size and data are cheapest for a loss.

A law of the form ``loss = E + A / N^alpha + B / D^beta`` with N parameters and D tokens; training takes 6 N D FLOP,
serving 2 N FLOP a token. Everything is in closed form but the serving-aware optimum, a root in one bracketed unknown.
"""

import math
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from simulator.catalogue.reader import Entry, entry

Amount: TypeAlias = float | NDArray[np.float64]

DEFAULT: Final = "besiroglu-2024"
TRAINING: Final = 6.0  # FLOP per parameter and token
SERVING: Final = 2.0
MOST_TOKENS_PER_PARAMETER: Final = 500.0  # beyond this no law of the catalogue was tested; theory: cost, section 5
_HALVINGS: Final = 60
_WIDEST: Final = 60.0  # of the bracket, in logarithm


class Size(NamedTuple):
    """A model and its data: parameters and tokens; numbers, or arrays of one shape."""

    parameters: Amount
    tokens: Amount

    @property
    def flop(self) -> Amount:
        """FLOP of the training: 6 N D."""
        return TRAINING * self.parameters * self.tokens

    @property
    def tokens_per_parameter(self) -> Amount:
        """The ratio D / N."""
        return self.tokens / self.parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingLaw:
    """A fit of loss to size and data.

    Parameters
    ----------
    key, source : str
        Of the catalogue.
    irreducible : float
        E, the loss that no size and no data take away [nat per token].
    parameter_scale, parameter_exponent, token_scale, token_exponent : float
        A, alpha, B, beta; arrays where many possible laws are looked at at once (`tilted`).
    irreducible_stderr, compute_exponent_stderr : float
        Standard errors of E and of a = beta / (alpha + beta) as published; zero where none were.
    fitted_from_flop, fitted_to_flop : float or None
        Range of the training compute of the runs behind the fit.

    Examples
    --------
    >>> found = law().optimum(5.76e23)
    >>> f"{found.parameters / 1e9:.1f}B on {found.tokens / 1e12:.2f}T, loss {law().loss(*found):.3f}"
    '72.2B on 1.33T, loss 1.974'
    """

    key: str
    source: str
    irreducible: Amount
    parameter_scale: Amount
    parameter_exponent: Amount
    token_scale: Amount
    token_exponent: Amount
    irreducible_stderr: float = 0.0
    compute_exponent_stderr: float = 0.0
    fitted_from_flop: float | None = None
    fitted_to_flop: float | None = None

    @property
    def compute_exponent(self) -> Amount:
        """The exponent a in N* ~ C^a."""
        return self.token_exponent / (self.parameter_exponent + self.token_exponent)

    def loss(self, parameters: Amount, tokens: Amount) -> Amount:
        """Return the loss of so many parameters trained on so many tokens [nat per token]."""
        return (
            self.irreducible
            + self.parameter_scale * parameters**-self.parameter_exponent
            + self.token_scale * tokens**-self.token_exponent
        )

    def optimum(self, flop: Amount) -> Size:
        """Return the size and data of the least loss that so much training buys (arXiv 2203.15556, equation 4)."""
        if np.any(np.less_equal(flop, 0)):
            raise ValueError(f"flop={flop}: expected an amount above zero")
        alpha, beta = self.parameter_exponent, self.token_exponent
        scale = (alpha * self.parameter_scale / (beta * self.token_scale)) ** (1.0 / (alpha + beta))
        parameters = scale * (flop / TRAINING) ** self.compute_exponent
        return Size(parameters, flop / TRAINING / parameters)

    def cheapest(self, loss: float) -> Size:
        """Return the size and data of the least training for a loss.

        At the optimum the parameters' term holds a share a = beta / (alpha + beta) of the reducible loss.

        Raises
        ------
        ValueError
            If no size reaches the loss.
        """
        rest = self._reducible(loss)
        return self._size(rest * self.compute_exponent, rest)

    def serving_aware(self, loss: float, served_tokens: Amount) -> Size:
        """Return the size and data of the least training plus serving for a loss (arXiv 2401.00448).

        Parameters
        ----------
        loss : float
            To be reached [nat per token].
        served_tokens : float
            Tokens served over the model's life, read and written; weigh them where a FLOP of serving costs more.

        Examples
        --------
        >>> fit = law("hoffmann-2022-unrounded")
        >>> of_13b = fit.loss(13e9, 619e9)  # a compute-optimal 13B
        >>> f"{fit.serving_aware(of_13b, 2e12).parameters / 1e9:.1f}B"
        '7.1B'
        """
        if np.any(np.less(served_tokens, 0)):
            raise ValueError(f"served_tokens={served_tokens}: expected 0 or more")
        rest = self._reducible(loss)
        low, high = rest * self.compute_exponent, rest + np.zeros_like(rest)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            more = self._served_at(middle, rest) < served_tokens
            low, high = np.where(more, middle, low), np.where(more, high, middle)
        return self._size(np.asarray(low)[()], rest)

    def affordable(self, flop: Amount, served_tokens: Amount) -> Size:
        """Return the size and data of the least loss whose training and serving together take so many FLOP.

        The condition is alpha A / N^alpha = beta B / D^beta x (1 + D_served / 3 D) along N (6 D + 2 D_served) = C; its
        sides meet once between no parameters and those that serving alone would use up.

        Examples
        --------
        >>> size = law().affordable(1e23, 1e12)
        >>> f"{lifetime_flop(size, 1e12):.6g}"
        '1e+23'
        """
        if np.any(np.less_equal(flop, 0)) or np.any(np.less(served_tokens, 0)):
            raise ValueError(f"flop={flop}, served_tokens={served_tokens}: expected FLOP above zero, tokens from zero")
        if not np.any(served_tokens):
            return self.optimum(flop)
        most = np.log(flop / (SERVING * served_tokens))
        low, high = most - _WIDEST, most + np.zeros_like(most)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            parameters = np.exp(middle)
            tokens = np.maximum((flop / parameters - SERVING * served_tokens) / TRAINING, 1.0)
            of_parameters = self.parameter_exponent * self.parameter_scale * parameters**-self.parameter_exponent
            of_tokens = self.token_exponent * self.token_scale * tokens**-self.token_exponent
            grow = of_parameters > of_tokens * (1.0 + served_tokens / (3.0 * tokens))
            low, high = np.where(grow, middle, low), np.where(grow, high, middle)
        parameters = np.exp((low + high) / 2)[()]
        return Size(parameters, (flop / parameters - SERVING * served_tokens) / TRAINING)

    def optimum_with(self, flop: Amount, served_tokens: Amount) -> Size:
        """Return the size and data that are best for training alone, where serving is paid from the same FLOP.

        Examples
        --------
        >>> size = law().optimum_with(1e23, 1e12)
        >>> f"{lifetime_flop(size, 1e12):.6g}", f"{size.parameters / law().optimum(size.flop).parameters:.6f}"
        ('1e+23', '1.000000')
        """
        if not np.any(served_tokens):
            return self.optimum(flop)
        low, high = np.log(flop) - _WIDEST, np.log(flop)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            more = lifetime_flop(self.optimum(np.exp(middle)), served_tokens) < flop
            low, high = np.where(more, middle, low), np.where(more, high, middle)
        return self.optimum(np.exp(np.asarray(low)[()]))

    def tilted(self, *, irreducible: Amount, compute_exponent: Amount) -> "ScalingLaw":
        """Return the law with another E and another a, as the same runs could have been fitted.

        In the middle of the fitted range the optimum, its loss and the slope of that loss stay, for the runs pin them
        down; scales and exponents follow. So the doubt grows with the distance from what was measured.
        """
        middle = self.optimum(math.sqrt((self.fitted_from_flop or 1.0) * (self.fitted_to_flop or 1.0)))
        loss, a = self.loss(*middle), self.compute_exponent
        rest = loss - irreducible
        steep = (loss - self.irreducible) * a * (1.0 - a) / (rest * compute_exponent * (1.0 - compute_exponent))
        total = (self.parameter_exponent + self.token_exponent) * steep
        beta = total * compute_exponent
        alpha = total - beta
        return replace(
            self,
            irreducible=irreducible,
            parameter_scale=rest * compute_exponent * middle.parameters**alpha,
            parameter_exponent=alpha,
            token_scale=rest * (1.0 - compute_exponent) * middle.tokens**beta,
            token_exponent=beta,
        )

    def warnings(self, size: Size) -> list[str]:
        """Say where a size lies beyond what the law was fitted to."""
        found = []
        if size.tokens_per_parameter > MOST_TOKENS_PER_PARAMETER:
            found.append(f"{size.tokens_per_parameter:,.0f} tokens a parameter are more than the "
                         f"{MOST_TOKENS_PER_PARAMETER:g} up to which such laws were tested.")  # fmt: skip
        if self.fitted_from_flop is not None and size.flop < self.fitted_from_flop:
            found.append(f"{size.flop:.2g} FLOP are less than the smallest run behind {self.key}: the loss is an "
                         "extrapolation.")  # fmt: skip
        if self.fitted_to_flop is not None and size.flop > self.fitted_to_flop:
            found.append(f"{size.flop:.2g} FLOP are {size.flop / self.fitted_to_flop:,.0f} times the largest run "
                         f"behind {self.key}: the loss is an extrapolation.")  # fmt: skip
        return found

    def _reducible(self, loss: float) -> Amount:
        """Return what size and data have to take away; of many possible laws, nan where one cannot."""
        rest = loss - self.irreducible
        if np.ndim(rest) == 0 and not 0 < rest < math.inf:
            raise ValueError(f"a loss of {loss:g} is not above {self.irreducible:g}, which {self.key} holds for what "
                             "no size and no data take away")  # fmt: skip
        return np.where(rest > 0, rest, np.nan)[()]

    def _size(self, of_parameters: Amount, rest: Amount) -> Size:
        """Return the size whose parameters leave so much of the reducible loss, and its data the rest."""
        parameters = (self.parameter_scale / of_parameters) ** (1.0 / self.parameter_exponent)
        return Size(parameters, (self.token_scale / (rest - of_parameters)) ** (1.0 / self.token_exponent))

    def _served_at(self, of_parameters: Amount, rest: Amount) -> Amount:
        """Return the served tokens at which this split is the optimum; they grow with `of_parameters`."""
        left = np.maximum(rest - of_parameters, np.finfo(float).tiny)
        tokens = (self.token_scale / left) ** (1.0 / self.token_exponent)
        return 3.0 * tokens * (self.parameter_exponent * of_parameters / (self.token_exponent * left) - 1.0)


def lifetime_flop(size: Size, served_tokens: Amount) -> Amount:
    """Return the FLOP of training and serving: 6 N D + 2 N D_served.

    Examples
    --------
    >>> lifetime_flop(Size(1e9, 20e9), 30e9) == 6 * 1e9 * 20e9 + 2 * 1e9 * 30e9
    True
    """
    return size.flop + SERVING * size.parameters * served_tokens


def law(key: str = DEFAULT) -> ScalingLaw:
    """Return a law of the catalogue by key or alias.

    Raises
    ------
    CatalogueError
        With the nearest keys.
    """
    return _law(entry("scaling_laws", key))


def _law(fact: Entry) -> ScalingLaw:
    return ScalingLaw(
        key=fact.key,
        source=fact.source,
        irreducible=fact.number("irreducible"),
        parameter_scale=fact.number("parameter_scale"),
        parameter_exponent=fact.number("parameter_exponent"),
        token_scale=fact.number("token_scale"),
        token_exponent=fact.number("token_exponent"),
        irreducible_stderr=fact.get_number("irreducible_stderr") or 0.0,
        compute_exponent_stderr=fact.get_number("compute_exponent_stderr") or 0.0,
        fitted_from_flop=fact.get_number("fitted_from_flop"),
        fitted_to_flop=fact.get_number("fitted_to_flop"),
    )
