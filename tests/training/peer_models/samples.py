"""Metrics of accounts as peer models take them, with the truth they were drawn from."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from training.peer_models import MetricSample
from training.pooled import choose_knots, count_values, pool_metric

Law = Callable[[NDArray[np.float64]], NDArray[np.float64]]

#: Mean of the metric in each of three categories.
BY_CATEGORY = np.array([1.0, 2.0, 6.0])


def make_sample(
    accounts: int,
    seed: int = 0,
    *,
    categories: tuple[int, ...] = (0, 0),
    values: Law = lambda dimensions: np.zeros(len(dimensions)),
    knots: NDArray[np.float64] | None = None,
) -> MetricSample:
    """Accounts all over the peer dimensions, of which `values` makes the metric."""
    rng = np.random.default_rng(seed)
    dimensions = np.column_stack(
        [rng.integers(0, n, accounts) if n else rng.random(accounts) for n in categories]
    ).astype(np.float64)
    metric = values(dimensions)
    if not accounts:
        return MetricSample(
            dimensions, categories, metric, metric, np.array([0.0, 0.5, 1.0]), np.zeros(3)
        )
    pooled = pool_metric(count_values(metric))
    knots = choose_knots(pooled) if knots is None else knots
    knot_values = np.interp(knots, pooled.ranks, pooled.values)
    return MetricSample(
        dimensions, categories, metric, pooled.at_or_below(metric), knots, knot_values
    )


def divide(sample: MetricSample, share: float = 0.75) -> tuple[MetricSample, MetricSample]:
    """Give the fitting and the selecting accounts."""
    fitting = np.arange(len(sample)) < share * len(sample)
    return take(sample, fitting), take(sample, ~fitting)


def take(sample: MetricSample, rows: NDArray) -> MetricSample:
    return MetricSample(
        sample.dimensions[rows],
        sample.categories,
        sample.values[rows],
        sample.ranks[rows],
        sample.knots,
        sample.knot_values,
    )


def shuffle(sample: MetricSample, seed: int = 1) -> MetricSample:
    return take(sample, np.random.default_rng(seed).permutation(len(sample)))


def with_knots(sample: MetricSample, *knots: float) -> MetricSample:
    values = np.interp(knots, sample.knots, sample.knot_values)
    return replace(sample, knots=np.array(knots), knot_values=values)


def gamma_of_first(dimensions: NDArray[np.float64], seed: int = 9) -> NDArray[np.float64]:
    """Grows with the first dimension, has zeros, and does not know the others."""
    rng = np.random.default_rng(seed)
    values = rng.gamma(2.0, 1.0 + 3.0 * dimensions[:, 0])
    return np.where(rng.random(len(values)) < 0.3, 0.0, values)


def by_category(dimensions: NDArray[np.float64], seed: int = 9) -> NDArray[np.float64]:
    """Depends on the category in the last column and on nothing else."""
    mean = BY_CATEGORY[dimensions[:, -1].astype(int)]
    return np.random.default_rng(seed).exponential(mean)


def true_by_category(values: NDArray[np.float64], category: int) -> NDArray[np.float64]:
    return np.asarray(stats.expon(scale=BY_CATEGORY[category]).cdf(values))


def counts_of_first(dimensions: NDArray[np.float64], seed: int = 9) -> NDArray[np.float64]:
    """Whole numbers, every one of them an atom."""
    return np.random.default_rng(seed).poisson(1.0 + 5.0 * dimensions[:, 0]).astype(float)


def debts_of_first(dimensions: NDArray[np.float64], seed: int = 9) -> NDArray[np.float64]:
    """Negative and positive values, with no atom."""
    return np.random.default_rng(seed).normal(3.0 * dimensions[:, 0] - 1.0)


def top_coded(dimensions: NDArray[np.float64], seed: int = 9) -> NDArray[np.float64]:
    """Atoms at both ends: zeros, and a top code at 4."""
    return np.minimum(gamma_of_first(dimensions, seed), 4.0)


def noise(dimensions: NDArray[np.float64], seed: int = 9) -> NDArray[np.float64]:
    """Knows nothing of the peers."""
    return np.random.default_rng(seed).lognormal(size=len(dimensions))


#: Enough to learn from, few enough to be quick.
ACCOUNTS = 1200
SAMPLE = make_sample(ACCOUNTS, values=gamma_of_first)
FEW = take(SAMPLE, np.arange(40))
NOBODY = take(SAMPLE, np.zeros(ACCOUNTS, dtype=bool))
CONSTANT = make_sample(ACCOUNTS)
ONE_PLACE = take(SAMPLE, np.zeros(ACCOUNTS, dtype=int))

#: Fitting accounts, selecting accounts, and what is odd about them.
ODD_SAMPLES = [
    (FEW, FEW, "few accounts"),
    (take(SAMPLE, [0]), take(SAMPLE, [1]), "two accounts"),
    (SAMPLE, NOBODY, "nobody to select by"),
    (NOBODY, SAMPLE, "nobody to fit to"),
    (NOBODY, NOBODY, "nobody at all"),
    (take(SAMPLE, [0]), SAMPLE, "one account to fit to"),
    (SAMPLE, take(SAMPLE, [0]), "one account to select by"),
    (*divide(CONSTANT), "every account has the same value"),
    (*divide(with_knots(SAMPLE, 0, 1)), "a single pair of knots"),
    (*divide(with_knots(SAMPLE, 0, 0.5, 1)), "a single inner knot"),
    (*divide(ONE_PLACE), "every account is at the same place"),
    (*divide(make_sample(ACCOUNTS, values=noise, categories=(1,))), "one category"),
    (*divide(make_sample(400, values=noise, categories=(200, 0))), "two accounts a category"),
    (
        SAMPLE,
        with_knots(take(SAMPLE, SAMPLE.ranks > 0.9), *SAMPLE.knots),
        "selected at the top",
    ),
    (take(SAMPLE, SAMPLE.ranks < 0.4), SAMPLE, "fitted to zeros alone"),
]
