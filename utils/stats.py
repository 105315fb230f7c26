"""Means, intervals and differences over seeds."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats


class Estimate(NamedTuple):
    """A mean with its 95% interval.

    mean: the average
    low:  lower end of the 95% interval
    high: upper end of the 95% interval
    n:    how many independent values it rests on; 1 for a number that is computed, not sampled
    """

    mean: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        if self.n == 1:
            return f"{self.mean:.3g}"
        return f"{self.mean:.3g} [{self.low:.3g}, {self.high:.3g}]"


def _finite(values: Sequence[float], name: str) -> np.ndarray:
    array = np.asarray(values, dtype=float).ravel()
    if array.size == 0:
        raise ValueError(f"{name} is empty, expected at least one value")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds {int((~np.isfinite(array)).sum())} values that are NaN or infinite")
    return array


def mean_interval(values: Sequence[float], level: float = 0.95) -> Estimate:
    """mean ± t_{n-1} · s / √n, Student's interval for independent values (one a seed).

    values: shape (n,); one value gives a degenerate interval
    Raises ValueError if values is empty or holds NaN or infinity.
    """
    array = _finite(values, "values")
    mean, n = array.mean(), array.size
    half = stats.t.ppf((1 + level) / 2, n - 1) * array.std(ddof=1) / np.sqrt(n) if n > 1 else 0.0
    return Estimate(float(mean), float(mean - half), float(mean + half), n)


def exact(value: float) -> Estimate:
    """A number without sampling error, as an Estimate."""
    return mean_interval([value])


def bootstrap_interval(values: Sequence[float], seed: int, num_resamples: int = 2000) -> Estimate:
    """The mean with its 95% percentile-bootstrap interval, for many values that are not normal.

    values: shape (n,), exchangeable (documents, prompts, images)
    Raises ValueError if values is empty or holds NaN or infinity.
    """
    array = _finite(values, "values")
    generator = np.random.default_rng(seed)
    picks = generator.integers(array.size, size=(num_resamples, array.size))
    low, high = np.quantile(array[picks].mean(1), [0.025, 0.975])
    return Estimate(float(array.mean()), float(low), float(high), array.size)
