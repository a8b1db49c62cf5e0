"""A smooth model of P(Y <= t) for all thresholds t: penalised logistic regression on splines.

References
----------
.. [1] Eilers & Marx (1996), "Flexible Smoothing with B-splines and Penalties", Statistical
       Science 11(2): second differences of the weights are penalised, so that the strongest
       penalty leaves straight lines.
.. [2] Foresi & Peracchi (1995), "The Conditional Distribution of Excess Returns", JASA 90(430).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.scoring.smooth_terms import Factor, SmoothTerms, spline_knots
from training.peer_models.counting import CellCounts

#: Penalties that are tried, from straight lines to wiggles.
STRENGTHS = (100.0, 10.0, 1.0, 0.1)
#: The one that leaves a step to be seen, and where none was chosen.
TYPICAL = 10.0
#: Newton steps at most; some six are needed.
_MAX_STEPS = 40
#: Steps that are taken with one curvature, which costs ten times as much as a gradient.
_SAME_CURVATURE = 3
#: Newton stops when the mean log-likelihood of no threshold gains more than this.
_TOLERANCE = 1e-7
#: What the penalty leaves free, straight lines, gets this share of it, so that all is determined.
_RIDGE = 1e-3
#: Categories differ as they like: at the strongest penalty by about one in logit.
_BETWEEN_CATEGORIES = 0.01
#: Curvature is summed over at most this many cells; the gradient always over all.
_CURVATURE_CELLS = 4096
_CHUNK = 512
#: Shares of exactly 0 or 1 have no logit.
_EDGE = 1e-6


@dataclass(frozen=True)
class SmoothLogit:
    """Logit of F at the inner knots: an offset plus weighted columns of `SmoothTerms`.

    Attributes
    ----------
    offset : ndarray of shape (n_inner_knots,)
        Logit of the share over all accounts.
    coefficients : ndarray of shape (n_terms, n_inner_knots)
    strength : float
        Of the penalty.
    leverage : ndarray of shape (n_terms, n_terms)
        Inverse of the penalised sum of squares: 1 / (b' leverage b) accounts inform a place
        whose terms are b.
    """

    terms: SmoothTerms
    offset: NDArray[np.float64]
    coefficients: NDArray[np.float64]
    strength: float
    leverage: NDArray[np.float64]

    def margin(self, dimensions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the logit, shape (n, n_inner_knots); each row by itself alone, to the bit."""
        columns = self.terms.evaluate(dimensions)
        margin = np.tile(self.offset, (len(dimensions), 1))
        # Term by term: a matrix product may add in another order for another number of rows.
        for position, weights in enumerate(self.coefficients):
            margin += columns[:, [position]] * weights
        return margin

    def margin_of(self, cells: CellCounts) -> NDArray[np.float64]:
        """Give the same as `margin` of the cells but for last bits, ten times as fast."""
        fitted: NDArray[np.float64] = self.terms.evaluate(cells.dimensions) @ self.coefficients
        return fitted + self.offset

    def effective_peers(self, dimensions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Count the accounts that inform each place, shape (n,): the inverse of its leverage."""
        return effective_peers(self.terms.evaluate(dimensions), self.leverage)


def effective_peers(
    columns: NDArray[np.float64], leverage: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give 1 / (b' leverage b) for every row b of `columns`; shape (n,)."""
    total = np.zeros(len(columns))
    for position, weights in enumerate(leverage):
        total += columns[:, position] * (columns * weights).sum(axis=1)
    return 1.0 / total


def fit_smooth(
    cells: CellCounts, terms: SmoothTerms, strength: float, start: SmoothLogit | None = None
) -> SmoothLogit:
    """Maximise the penalised likelihood at every knot, from a former fit if there is one."""
    columns = terms.evaluate(cells.dimensions)
    penalty = strength * penalty_matrix(terms)
    offset = logit(shares(cells))
    labels = cells.at_or_below[:, 1:-1] / cells.accounts[:, None]
    weights = np.zeros((columns.shape[1], len(offset))) if start is None else start.coefficients
    problem = _Problem(columns, cells.accounts, labels, offset, penalty)
    return SmoothLogit(
        terms, offset, problem.solve(weights), strength, leverage(cells, terms, strength)
    )


def leverage(cells: CellCounts, terms: SmoothTerms, strength: float) -> NDArray[np.float64]:
    """Invert the penalised sum of squares; shape (n_terms, n_terms).

    An indicator weighs at most a quarter in the likelihood, where its share is one half.
    """
    columns = terms.evaluate(cells.dimensions)
    squares = (columns.T * cells.accounts) @ columns
    inverse = np.linalg.inv(squares + 4.0 * strength * penalty_matrix(terms))
    return np.asarray((inverse + inverse.T) / 2.0, dtype=np.float64)


def shares(cells: CellCounts) -> NDArray[np.float64]:
    """Give the share of accounts at or below each inner knot, kept off 0 and 1."""
    totals: NDArray[np.float64] = cells.at_or_below[:, 1:-1].sum(axis=0) / cells.accounts.sum()
    return np.clip(totals, _EDGE, 1.0 - _EDGE)


def logit(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the log-odds."""
    odds: NDArray[np.float64] = np.log(probability / (1.0 - probability))
    return odds


def sigmoid(margin: NDArray[np.float64]) -> NDArray[np.float64]:
    """Undo `logit`."""
    with np.errstate(over="ignore"):
        probability: NDArray[np.float64] = 1.0 / (1.0 + np.exp(-margin))
    return probability


@dataclass(frozen=True)
class _Problem:
    """Penalised logistic regressions that share their columns, one for each knot."""

    columns: NDArray[np.float64]
    accounts: NDArray[np.float64]
    labels: NDArray[np.float64]
    offset: NDArray[np.float64]
    penalty: NDArray[np.float64]

    def solve(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Take damped Newton steps, all knots at once; shape (n_terms, n_knots)."""
        margin, loss = self._loss(weights)
        for taken in range(_MAX_STEPS):
            probability = sigmoid(margin)
            gradient = self.columns.T @ (self.accounts[:, None] * (self.labels - probability))
            gradient -= self.penalty @ weights
            if taken % _SAME_CURVATURE == 0:
                curvature = self._curvature(probability)
            step = np.asarray(np.linalg.solve(curvature, gradient.T[:, :, None])[:, :, 0].T)
            before = loss
            weights, margin, loss = self._advance(weights, step, margin, loss)
            if (before - loss).max() <= _TOLERANCE * self.accounts.sum():
                break
        return weights

    def _advance(
        self,
        weights: NDArray[np.float64],
        step: NDArray[Any],
        margin: NDArray[np.float64],
        loss: NDArray[np.float64],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Go as far along each knot's step as its loss falls: Newton alone overshoots in tails."""
        length = np.ones(len(loss))
        for _ in range(4):
            moved = weights + length * step
            there, lost = self._loss(moved)
            worse = ~(lost <= loss)
            if not worse.any():
                return moved, there, lost
            length = np.where(worse, length / 4.0, length)
        moved = np.where(worse, weights, moved)
        return moved, np.where(worse, margin, there), np.where(worse, loss, lost)

    def _loss(
        self, weights: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        margin = self.columns @ weights
        margin += self.offset
        # log(1 + exp(margin)), which must not overflow.
        lost = np.log(1.0 + np.exp(-np.abs(margin)))
        lost += np.maximum(margin, 0.0)
        lost -= self.labels * margin
        penalty = 0.5 * (weights * (self.penalty @ weights)).sum(axis=0)
        return margin, self.accounts @ lost + penalty

    def _curvature(self, probability: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum the second derivatives, shape (n_knots, n_terms, n_terms)."""
        terms = self.columns.shape[1]
        upper = np.triu_indices(terms)
        skip = -(-len(self.columns) // _CURVATURE_CELLS)
        total = np.zeros((len(upper[0]), probability.shape[1]))
        for rows in _chunks(len(self.columns), skip):
            # It sets the direction of a step, not where the steps end: short floats will do.
            columns = self.columns[rows].astype(np.float32)
            spread = probability[rows] * (1.0 - probability[rows])
            spread *= (skip * self.accounts[rows])[:, None]
            total += (columns[:, upper[0]] * columns[:, upper[1]]).T @ spread.astype(np.float32)
        full = np.empty((probability.shape[1], terms, terms))
        full[:, upper[0], upper[1]] = total.T
        full[:, upper[1], upper[0]] = total.T
        return full + self.penalty


def _chunks(rows: int, skip: int) -> Iterator[slice]:
    for start in range(0, rows, _CHUNK * skip):
        yield slice(start, min(start + _CHUNK * skip, rows), skip)


def penalty_matrix(terms: SmoothTerms) -> NDArray[np.float64]:
    """Penalise curvature along each number and differences between categories.

    Returns
    -------
    ndarray of shape (n_terms, n_terms)
    """
    blocks = [_block_penalty(terms, block) for block in terms.blocks]
    matrix = np.zeros((terms.count, terms.count))
    start = 0
    for block in blocks:
        end = start + len(block)
        matrix[start:end, start:end] = block
        start = end
    return matrix


def _block_penalty(terms: SmoothTerms, block: tuple[Factor, ...]) -> NDArray[np.float64]:
    sizes = [terms.columns(factor) for factor in block]
    total = _RIDGE * np.eye(int(np.prod(sizes)))
    for position, factor in enumerate(block):
        others = [np.eye(size) for size in sizes]
        others[position] = _roughness(terms, factor)
        total += reduce(lambda left, right: np.asarray(np.kron(left, right)), others)
    return total


def _roughness(terms: SmoothTerms, factor: Factor) -> NDArray[np.float64]:
    size = terms.columns(factor)
    if factor.kind == "category":
        return _BETWEEN_CATEGORIES * np.eye(size)
    if factor.kind in ("spline", "cubic"):
        return _curvature_penalty(terms.pieces if factor.kind == "spline" else 1)
    return np.zeros((size, size))


def _curvature_penalty(pieces: int) -> NDArray[np.float64]:
    """Square the second differences of B-spline weights, over where the weights stand."""
    knots = spline_knots(pieces)
    # Weights that lie on a line over these points (Greville's) make a straight line.
    points = np.array([knots[i + 1 : i + 4].mean() for i in range(pieces + 3)])
    rows = np.zeros((pieces + 1, pieces + 3))
    for row in range(pieces + 1):
        before, after = np.diff(points[row : row + 3])
        rows[row, row : row + 3] = 1.0 / before, -1.0 / before - 1.0 / after, 1.0 / after
    squared = rows.T @ rows
    matrix: NDArray[np.float64] = squared / np.diag(squared).mean()
    return matrix
