"""Smooth functions of the peer dimensions, as columns that a linear predictor weighs.

Training fits the weights. Serving evaluates the same columns where there are too many peer
dimensions for a table, so both share this module.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

#: Polynomial pieces of a spline over the ranks 0 to 1, unless a fit chooses otherwise; it has
#: three more columns than pieces.
PIECES = 6
#: More columns than this make a fit slow: interactions are left out first.
MAX_TERMS = 160
#: Each number needs a spline of its own.
MAX_DIMENSIONS = 16
_DEGREE = 3


class Factor(NamedTuple):
    """Columns made of one dimension; a block of terms is a product of such."""

    kind: Literal["spline", "cubic", "line", "category", "step"]
    dimension: int
    #: The rank at which a step is.
    at: float = 0.0


@dataclass(frozen=True)
class SmoothTerms:
    """The columns of a linear predictor over ranks and categories.

    A column per category; for one or two numbers a tensor product of cubic B-splines, for more a
    spline each; as far as `MAX_TERMS` allows, products of any two numbers, a slope per category and
    number, and a column per pair of categories. A step is an indicator that multiplies a cubic in
    the other number.

    Attributes
    ----------
    categories : tuple of int
        Number of categories of each dimension; 0 for a number.
    steps : tuple of (int, float)
        Dimension and rank of every step; at that rank the upper side holds.
    pieces : int
        Polynomial pieces of every spline.

    References
    ----------
    .. [1] de Boor (1978), "A Practical Guide to Splines", Springer: the recurrence.
    """

    categories: tuple[int, ...]
    steps: tuple[tuple[int, float], ...] = ()
    pieces: int = PIECES

    @cached_property
    def blocks(self) -> tuple[tuple[Factor, ...], ...]:
        """Every block of columns as the factors it is a product of; the order of the columns."""
        numbers = [d for d, count in enumerate(self.categories) if count == 0]
        chosen = [d for d, count in enumerate(self.categories) if count > 0]
        blocks: list[tuple[Factor, ...]] = [(Factor("category", c),) for c in chosen]
        tensor = tuple(Factor("spline", d) for d in numbers)
        # Interactions only as far as they fit; what a dimension does by itself, always.
        extra: list[tuple[Factor, ...]] = []
        if len(numbers) <= 2 and sum(map(self._width, [*blocks, tensor])) <= MAX_TERMS:
            blocks.insert(0, tensor)
        else:
            blocks = [(), *((Factor("spline", d),) for d in numbers), *blocks]
            extra += [(Factor("line", a), Factor("line", b)) for a, b in combinations(numbers, 2)]
        extra += [(Factor("category", c), Factor("line", d)) for c in chosen for d in numbers]
        pairs = combinations(chosen, 2)
        extra += [(Factor("category", a), Factor("category", b)) for a, b in pairs]
        terms = sum(map(self._width, blocks))
        for block in extra:
            if terms + self._width(block) <= MAX_TERMS:
                blocks.append(block)
                terms += self._width(block)
        for dimension, at in self.steps:
            others = [Factor("cubic", d) for d in numbers if d != dimension]
            blocks.append((Factor("step", dimension, at), *(others if len(numbers) == 2 else [])))
        return tuple(blocks)

    @property
    def count(self) -> int:
        """How many columns there are."""
        return sum(map(self._width, self.blocks))

    def columns(self, factor: Factor) -> int:
        """Count the columns of one factor."""
        if factor.kind == "category":
            return self.categories[factor.dimension]
        return {"spline": self.pieces + _DEGREE, "cubic": 1 + _DEGREE}.get(factor.kind, 1)

    def evaluate(self, dimensions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Evaluate all columns, each row by itself alone.

        Parameters
        ----------
        dimensions : ndarray of shape (n, n_dimensions)
            Ranks in [0, 1] and codes of categories; no NaN.

        Returns
        -------
        ndarray of shape (n, count)
        """
        return np.concatenate([self._block(block, dimensions) for block in self.blocks], axis=1)

    def _width(self, block: tuple[Factor, ...]) -> int:
        return math.prod(self.columns(factor) for factor in block)

    def _block(
        self, block: tuple[Factor, ...], dimensions: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        product = np.ones((len(dimensions), 1))
        for factor in block:
            columns = self._factor(factor, dimensions[:, factor.dimension])
            product = (product[:, :, None] * columns[:, None, :]).reshape(
                len(dimensions), product.shape[1] * columns.shape[1]
            )
        return product

    def _factor(self, factor: Factor, column: NDArray[np.float64]) -> NDArray[np.float64]:
        if factor.kind == "category":
            codes = np.arange(self.categories[factor.dimension])
            return np.asarray(column[:, None] == codes, dtype=np.float64)
        if factor.kind == "step":
            return np.asarray(column[:, None] >= factor.at, dtype=np.float64)
        if factor.kind == "line":
            return np.asarray(column[:, None] - 0.5)
        return b_splines(column, self.pieces if factor.kind == "spline" else 1)


def b_splines(positions: NDArray[np.float64], pieces: int) -> NDArray[np.float64]:
    """Evaluate the cubic B-splines of equal pieces over [0, 1].

    Parameters
    ----------
    positions : ndarray of shape (n,)
        In [0, 1].

    Returns
    -------
    ndarray of shape (n, pieces + 3)
        Not negative, of sum 1; four of them are not 0.
    """
    knots = spline_knots(pieces)
    piece = np.minimum((positions * pieces).astype(np.intp), pieces - 1)
    values = [np.ones(len(positions))]
    for degree in range(1, _DEGREE + 1):
        raised = [np.zeros(len(positions)) for _ in range(degree + 1)]
        for index, value in enumerate(values):
            low = knots[piece + _DEGREE + 1 + index - degree]
            high = knots[piece + _DEGREE + 1 + index]
            share = value / (high - low)
            raised[index] = raised[index] + (high - positions) * share
            raised[index + 1] = raised[index + 1] + (positions - low) * share
        values = raised
    columns = np.zeros((len(positions), pieces + _DEGREE))
    rows = np.arange(len(positions))
    for index, value in enumerate(values):
        columns[rows, piece + index] = value
    return columns


def spline_knots(pieces: int) -> NDArray[np.float64]:
    """Give the knots of `b_splines`, the ends repeated; shape (pieces + 7,)."""
    inner = np.linspace(0.0, 1.0, pieces + 1)
    return np.concatenate([np.zeros(_DEGREE), inner, np.ones(_DEGREE)])


def row_blocks(rows: int, size: int = 8192) -> Iterator[slice]:
    """Cut many rows into slices that fit the processor's cache."""
    for start in range(0, rows, size):
        yield slice(start, min(start + size, rows))
