"""utils.stats against scipy, and against what an interval promises: to cover the truth 95 times in 100."""

import math

import numpy as np
import pytest
from scipy import stats

from utils.stats import Estimate, bootstrap_interval, exact, mean_interval

VALUES = [0.91, 0.94, 0.97, 0.92, 0.95]


def test_the_interval_is_scipys_students():
    ours = mean_interval(VALUES)
    low, high = stats.t.interval(0.95, len(VALUES) - 1, np.mean(VALUES), stats.sem(VALUES))
    assert ours == pytest.approx((np.mean(VALUES), low, high, 5))
    wider = mean_interval(VALUES, level=0.99)
    assert wider.low < ours.low < ours.high < wider.high


def test_the_interval_covers_the_truth_as_often_as_it_says():
    """5,000 experiments of five seeds: coverage 95%, within three standard errors of the count."""
    worlds = np.random.default_rng(0).normal(3, 2, size=(5000, 5))
    covered = np.mean([i.low <= 3 <= i.high for i in map(mean_interval, worlds)])
    assert abs(covered - 0.95) < 3 * math.sqrt(0.95 * 0.05 / 5000)


def test_the_bootstrap_is_scipys_on_a_skewed_sample():
    values = np.random.default_rng(1).exponential(size=400)
    ours = bootstrap_interval(values, seed=2, num_resamples=8000)
    theirs = stats.bootstrap(
        (values,), np.mean, method="percentile", n_resamples=8000, rng=np.random.default_rng(3)
    ).confidence_interval
    # Two bootstraps of one sample differ by their resampling alone: a few hundredths of the width.
    width = theirs.high - theirs.low
    assert abs(ours.low - theirs.low) < 0.06 * width
    assert abs(ours.high - theirs.high) < 0.06 * width
    assert ours.mean == pytest.approx(values.mean())
    assert ours.n == 400


def test_the_bootstrap_covers_the_truth_as_often_as_it_says():
    """With 200 skewed values the percentile bootstrap is known to fall a little short of 95%."""
    generator = np.random.default_rng(4)
    intervals = [
        bootstrap_interval(generator.exponential(size=200), seed=i, num_resamples=500) for i in range(600)
    ]
    covered = np.mean([i.low <= 1 <= i.high for i in intervals])
    assert 0.91 < covered < 0.97


def test_a_seed_gives_one_bootstrap_interval_and_another_seed_another():
    values = np.random.default_rng(5).normal(size=100)
    assert bootstrap_interval(values, seed=0) == bootstrap_interval(values, seed=0)
    assert bootstrap_interval(values, seed=0) != bootstrap_interval(values, seed=1)


def test_limits():
    assert mean_interval([2.0]) == exact(2) == Estimate(2, 2, 2, 1)
    assert mean_interval([3, 3, 3]) == (3, 3, 3, 3)
    assert bootstrap_interval([3, 3, 3], seed=0) == (3, 3, 3, 3)


def test_an_estimate_reads_well():
    assert str(Estimate(0.91234, 0.9, 0.92, 5)) == "0.912 [0.9, 0.92]"
    assert str(exact(0.5)) == "0.5"


@pytest.mark.parametrize("interval", [mean_interval, lambda values: bootstrap_interval(values, seed=0)])
@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "values is empty"),
        ([1, math.nan], "values holds 1 values that are NaN or infinite"),
        ([math.inf, -math.inf], "values holds 2 values"),
    ],
)
def test_bad_input_is_refused(interval, values, message):
    with pytest.raises(ValueError, match=message):
        interval(values)


def test_a_number_that_is_nan_is_no_estimate():
    with pytest.raises(ValueError, match="NaN"):
        exact(math.nan)
