"""One metric's fitted model itself: where a table of it would have too many nodes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving.scoring.distribution import PooledDistribution
from serving.scoring.smooth_terms import SmoothTerms
from serving.scoring.tree_arrays import Trees


@dataclass(frozen=True, slots=True, eq=False)
class PeerForest:
    """The distribution F(y | peer dimensions) of one metric, as a model to evaluate.

    The log-odds of F at the inner knots are an offset, plus weighted smooth terms of the peer
    dimensions, plus boosted trees; sorted along the knots, so that F never falls.

    Attributes
    ----------
    pooled : PooledDistribution
        Of the metric, over all training accounts; a single point if none of them had it.
    knots : ndarray of shape (n_knots,)
        Pooled ranks, strictly increasing from 0 to 1. The inner ones are all but the ends.
    lower, upper : float
        Bounds learned from the data, in the metric's unit; infinite where there is none.
    terms : SmoothTerms
    coefficients : ndarray of shape (terms.count, n_inner_knots)
    offset : ndarray of shape (n_inner_knots,)
    trees : Trees
        Of n_inner_knots outputs, over the columns of `tree_features`.
    observed : float
        Share of the training accounts that had the metric.
    """

    pooled: PooledDistribution
    knots: NDArray[np.float64]
    lower: float
    upper: float
    terms: SmoothTerms
    coefficients: NDArray[np.float64]
    offset: NDArray[np.float64]
    trees: Trees
    observed: float

    def cdf(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give F at every knot, each row by itself alone.

        Parameters
        ----------
        places : ndarray of shape (n, n_dimensions)
            A number as its rank among the training accounts, a category as its code; no NaN.

        Returns
        -------
        ndarray of shape (n, n_knots)
            In [0, 1], non-decreasing along the knots, 0 at the first and 1 at the last.
        """
        features = tree_features(places, self.terms.categories)
        return self.cdf_of(self.terms.evaluate(places), features)

    def cdf_of(
        self, columns: NDArray[np.float64], features: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        """Give F as `cdf` does, from smooth terms and tree features that metrics share."""
        with np.errstate(over="ignore"):
            inner = 1.0 / (1.0 + np.exp(-self._margins(columns, features)))
        cdf = np.empty((len(columns), len(self.knots)))
        cdf[:, 0], cdf[:, -1] = 0.0, 1.0
        # Sorted last: `exp` itself may fall in its last bit.
        cdf[:, 1:-1] = np.sort(inner, axis=1)
        return cdf

    def _margins(
        self, columns: NDArray[np.float64], features: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        """Give the log-odds, shape (n, n_inner_knots)."""
        linear = np.repeat(self.offset[:, None], len(columns), axis=1)
        # Term by term: a matrix product may add in another order for another number of rows.
        for column, weights in zip(np.ascontiguousarray(columns.T), self.coefficients, strict=True):
            linear += weights[:, None] * column
        margins = self.trees.margins(features)
        margins += linear.T
        return margins


def tree_features(places: NDArray[np.float64], categories: tuple[int, ...]) -> NDArray[np.float32]:
    """Lay out what trees look at: numbers as they are, a column of 0 and 1 for each category.

    Parameters
    ----------
    places : ndarray of shape (n, n_dimensions)
        As `PeerForest.cdf` takes them.
    categories : tuple of int
        Number of categories of each dimension; 0 for a number.

    Returns
    -------
    ndarray of float32, shape (n, n_features)
    """
    columns = [
        (places[:, [position]] == np.arange(count)) if count else places[:, [position]]
        for position, count in enumerate(categories)
    ]
    return np.concatenate([np.empty((len(places), 0)), *columns], axis=1, dtype=np.float32)
