"""Counting the accounts around a place: near ones fully, far ones not at all.

A place's neighbourhood reaches as far as its k-th nearest account, so it is small where accounts
are dense. Distances are in ranks of the numeric peer dimensions; another category is as far as
the other end of a numeric one.

References
----------
.. [1] Loftsgaarden & Quesenberry (1965), "A Nonparametric Estimate of a Multivariate Density
       Function", Annals of Mathematical Statistics 36(3): the k-th distance as the width.
.. [2] Stute (1986), "On Almost Sure Convergence of Conditional Empirical Distribution Functions",
       Annals of Probability 14(3): shares of near accounts as an estimate of F.
.. [3] Kish (1965), "Survey Sampling", section 11.7: the effective number of weighted observations.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.peer_models.counting import CellCounts
from training.peer_models.interface import Sample
from training.peer_models.losses import compare_losses, log_losses

#: Candidate numbers of neighbours: this many, twice as many, and so on up to all.
FEWEST_NEIGHBOURS = 50
#: Accounts are put into about this many cells at most: 48 by 48 for two numbers. Counting costs
#: places times cells, and a neighbourhood is larger than a cell.
FITTING_CELLS = 2304
#: Held-out accounts are put into about this many cells to choose by: each costs a prediction.
SELECTION_CELLS = 400
#: Distances are told apart to this many ranks: less than a cell is wide.
_STEP = 1.0 / 128.0
#: Weights are squares of whole numbers up to this one. Sums of weights times accounts are then
#: whole numbers below 2 ** 53 (up to 2e9 accounts), hence exact: no library, number of threads
#: or batch can change a bit by adding in another order.
_WEIGHT_ROOT = 2.0**11
_KISH_ROOT = 2.0**7
#: Places weighed at a time; what they need stays in the processor's cache.
_CHUNK = 128

ToCdf = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True)
class Neighbourhood:
    """Accounts by cell, ready to be counted around any place."""

    cells: CellCounts
    categories: tuple[int, ...]

    @classmethod
    def of(cls, sample: Sample) -> Neighbourhood:
        """Gather a sample's accounts; the cost of a fit does not grow with their number."""
        return cls(_coarsen(sample.cells, sample.categories, FITTING_CELLS), sample.categories)

    @property
    def accounts(self) -> float:
        """How many accounts there are."""
        return float(self.cells.accounts.sum())

    def counts(
        self, places: NDArray[np.float64], neighbours: Sequence[float]
    ) -> NDArray[np.float64]:
        """Count the accounts around each place, weighted by nearness.

        Parameters
        ----------
        places : ndarray of shape (n, n_dimensions)
            As `Sample.dimensions`; no NaN.
        neighbours : sequence of float
            How many accounts, at least, a neighbourhood reaches out to; each in turn.

        Returns
        -------
        ndarray of shape (len(neighbours), n, n_knots)
            How many of the accounts around are at or below each knot. An account at the place
            itself counts 1, one at the rim 0; between, (1 - squared distance) squared (biweight).
        """
        counts = np.empty((len(neighbours), len(places), self.cells.at_or_below.shape[1]))
        for rows, which, roots in self._weight_roots(places, neighbours):
            np.matmul(roots * roots, self.cells.at_or_below, out=counts[which, rows])
        return counts / _WEIGHT_ROOT**2

    def effective_accounts(
        self, places: NDArray[np.float64], neighbours: float
    ) -> NDArray[np.float64]:
        """Count how many fully weighted accounts would say as much, shape (n,): Kish [3]_."""
        effective = np.empty(len(places))
        for rows, _, roots in self._weight_roots(places, [neighbours]):
            # In coarser steps, and none down to 0: fourth powers are to stay below 2 ** 53 too.
            weights = np.ceil(roots * (_KISH_ROOT / _WEIGHT_ROOT)) ** 2
            total = weights @ self.cells.accounts
            effective[rows] = total**2 / ((weights * weights) @ self.cells.accounts)
        return effective

    def _weight_roots(
        self, places: NDArray[np.float64], neighbours: Sequence[float]
    ) -> Iterator[tuple[slice, int, NDArray[np.float64]]]:
        """Give, for some places at a time, each cell's weight: its root, in whole steps."""
        for start in range(0, len(places), _CHUNK):
            rows = slice(start, start + _CHUNK)
            squares = self._squared_distances(places[rows])
            reached = self._accounts_by_distance(squares)
            for which, wanted in enumerate(neighbours):
                roots = squares * (-_WEIGHT_ROOT / _radii(reached, wanted) ** 2)[:, None]
                roots += _WEIGHT_ROOT
                np.maximum(roots, 0.0, out=roots)
                np.rint(roots, out=roots)
                yield rows, which, roots

    def _squared_distances(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        squares = np.zeros((len(places), len(self.cells.accounts)))
        for position, count in enumerate(self.categories):
            step = places[:, [position]] - self.cells.dimensions[:, position]
            squares += (step != 0) if count else step * step
        return squares

    def _accounts_by_distance(self, squares: NDArray[np.float64]) -> NDArray[np.float64]:
        """Count the accounts within each multiple of `_STEP`, from 0 on: shape (n, n_steps)."""
        steps = int(np.sqrt(len(self.categories)) / _STEP) + 2
        step = np.sqrt(squares)
        step *= 1.0 / _STEP
        # The first column stays empty: nobody is nearer than 0.
        code = step.astype(np.int64) + (np.arange(len(squares)) * (steps + 1) + 1)[:, None]
        accounts = np.broadcast_to(self.cells.accounts, squares.shape).reshape(-1)
        found = np.bincount(code.reshape(-1), accounts, minlength=len(squares) * (steps + 1))
        within: NDArray[np.float64] = found.reshape(len(squares), -1).cumsum(axis=1)
        return within


def _radii(reached: NDArray[np.float64], neighbours: float) -> NDArray[np.float64]:
    """Find where each place's weights end: a cell's width beyond its k-th neighbour."""
    wanted = min(neighbours, float(reached[0, -1]))
    # Between two multiples of the step, as if the accounts there were spread evenly: moving the
    # place a little then moves the radius a little.
    after = (reached < wanted).sum(axis=1)
    rows = np.arange(len(reached))
    before, there = reached[rows, after - 1], reached[rows, after]
    nearest = _STEP * (after - 1 + (wanted - before) / (there - before))
    # At the rim nobody counts: the k-th neighbour may be the only one, and be further by a step.
    radii: NDArray[np.float64] = nearest + 1.5 * _STEP
    return radii


def choose_neighbours(
    around: Neighbourhood, selection: Sample, to_cdf: ToCdf
) -> tuple[float, float, float]:
    """Choose how many neighbours predict held-out accounts best.

    Parameters
    ----------
    around : Neighbourhood
        Of the accounts that are fitted to.
    to_cdf : callable
        From counts of shape (n, n_knots) to F of the same shape.

    Returns
    -------
    tuple of float
        The number of neighbours; the gain in mean log-loss over ignoring peers; its standard
        error.
    """
    held_out = _coarsen(selection.cells, selection.categories, SELECTION_CELLS)
    doublings = int(np.log2(max(around.accounts / FEWEST_NEIGHBOURS, 1.0)))
    candidates = [FEWEST_NEIGHBOURS * 2.0**power for power in range(doublings + 1)]
    found = [to_cdf(counts) for counts in around.counts(held_out.dimensions, candidates)]
    losses = [float(log_losses(cdf, held_out).sum()) for cdf in found]
    best = int(np.argmin(losses))
    alone = around.cells.at_or_below.sum(axis=0) / around.accounts
    gain = compare_losses(np.tile(alone, (len(held_out.accounts), 1)), found[best], held_out)
    return candidates[best], *gain


def _coarsen(cells: CellCounts, categories: tuple[int, ...], at_most: int) -> CellCounts:
    """Put cells together until they are about that few; categories stay apart."""
    if len(cells.accounts) <= at_most:
        return cells
    numeric = np.array(categories) == 0
    groups = math.prod(count for count in categories if count)
    bins = max(2, int((at_most / groups) ** (1.0 / max(numeric.sum(), 1)) + 1e-9))
    place = cells.dimensions.copy()
    place[:, numeric] = np.minimum(np.floor(place[:, numeric] * bins), bins - 1)
    _, coarse = np.unique(place, axis=0, return_inverse=True)
    weighted = (cells.dimensions * cells.accounts[:, None], cells.accounts, cells.at_or_below)
    sums = [np.zeros((coarse.max() + 1, *part.shape[1:])) for part in weighted]
    for into, part in zip(sums, weighted, strict=True):
        np.add.at(into, coarse, part)
    # A mean of equal codes may be a last bit off, and another code is another category.
    means = np.where(numeric, sums[0] / sums[1][:, None], np.rint(sums[0] / sums[1][:, None]))
    return CellCounts(means, sums[1], sums[2])
