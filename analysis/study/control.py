"""The mean of a sample, nearer to the truth by control variates: numbers of the same replicas whose means are known.

The sample is regressed on the controls, and the mean is read off where all of them are at their means. The slopes come
from the same replicas, so that the mean has a bias of order 1/replicas, none if all is normal; against a standard error
of order 1/sqrt(replicas) it does not count (tests/theory/test_controls.py measures the coverage).

Source: Lavenberg and Welch, Management Science 27 (1981) 322, for the mean, its interval and what the slopes cost.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

FAR_OFF = 4.0  # standard errors from its known mean at which the sample of a control is not believed
LEAST_LEFT = 20  # degrees of freedom after the regression; with fewer, there is none
_TINY = 1e-9  # standard deviation of a control, and share of the largest singular value: what is below is rounding
_CERTAIN = 1e-12  # of the mean: what is below is rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A mean and how far it may be from that of all replicas that there might be.

    Parameters
    ----------
    mean, stderr : float
        In the sample's unit.
    low, high : float
        95 % interval, of Student's t.
    controls : sequence of str
        What the controls are of; empty if there are none.
    """

    mean: float
    stderr: float
    low: float
    high: float
    controls: Sequence[str] = ()

    @property
    def is_certain(self) -> bool:
        """Whether nothing is left to vary but rounding."""
        return self.stderr <= _CERTAIN * abs(self.mean)


def estimate_of(
    sample: FloatArray, controls: Mapping[str, Sequence[FloatArray]], *, groups: int | None = None
) -> Estimate:
    """Estimate the mean of a sample of shape (replicas,).

    Parameters
    ----------
    sample : array of shape (replicas,)
        Outcomes.
    controls : mapping of str to sequence of array of shape (replicas,)
        Numbers of mean zero and of the order of one, by what they are of; those that do not vary, or say the same
        twice, do no harm.
    groups : int, optional
        As in `summary`: replicas ``i`` and ``i + groups`` share their luck in part.

    Examples
    --------
    >>> luck = np.linspace(-0.9, 1.1, 41)  # of mean zero, and here by chance a bit too large
    >>> found = estimate_of(3.0 + 2.0 * luck, {"luck": [luck]})
    >>> print(f"{np.mean(3.0 + 2.0 * luck):.2f} {found.mean:.2f}")
    3.20 3.00
    """
    varied = {name: [each for each in arrays if _shows(each)] for name, arrays in controls.items()}
    columns = [each / each.std() for arrays in varied.values() for each in arrays]
    if not columns or sample.size - 1 - len(columns) < LEAST_LEFT or np.ptp(sample) == 0:
        return _estimate(sample, np.zeros((sample.size, 0)), np.zeros(0), groups)
    design = np.stack(columns, axis=1)
    off = design.mean(axis=0)
    left, size, right = np.linalg.svd(design - off, full_matrices=False)
    shift = np.divide(right @ off, size, out=np.full(size.size, np.inf), where=size > _TINY * size[0])
    kept = np.abs(shift) * sample.size < FAR_OFF
    found = _estimate(sample, left[:, kept], shift[kept], groups)
    return replace(found, controls=tuple(name for name, arrays in varied.items() if arrays))


def _shows(control: FloatArray) -> bool:
    """Tell whether a control varies, and its sample is not far off its mean: else its rare values are not among it."""
    spread = float(control.std())
    return spread > _TINY and abs(float(control.mean())) < FAR_OFF * spread / control.size**0.5


def _estimate(sample: FloatArray, regressors: FloatArray, shift: FloatArray, groups: int | None) -> Estimate:
    """Return the mean where orthonormal regressors of shape (replicas, rank) are `shift` less, and its interval.

    The standard error is the jackknife's: by how much each replica, or each group of them, moves the mean.
    """
    from scipy.special import stdtrit

    size = sample.size
    off = sample - sample.mean()
    slopes = regressors.T @ off
    leverage = 1.0 / size + (regressors**2).sum(axis=1)
    weight = 1.0 / size - regressors @ shift
    moves = weight * (off - regressors @ slopes) / np.maximum(1.0 - leverage, _TINY)
    freedom, square = max(size - 1 - shift.size, 1), float((moves**2).sum())
    if groups is not None and 1 < groups < size:
        freedom = groups - 1
        square = math.fsum(float(moves[start::groups].sum()) ** 2 for start in range(groups)) * groups / freedom
    mean, half = float(sample.mean() - shift @ slopes), float(stdtrit(freedom, 0.975)) * square**0.5
    return Estimate(mean=mean, stderr=square**0.5, low=mean - half, high=mean + half)
