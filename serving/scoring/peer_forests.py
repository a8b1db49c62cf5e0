"""Every metric's model over many peer dimensions, where a grid would have too many nodes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.scoring.peer_axes import Axis, Cells
from serving.scoring.peer_forest import PeerForest, tree_features
from serving.scoring.peer_table import CDF_ONE, PeerTable
from serving.scoring.peers import Surroundings
from serving.scoring.smooth_terms import SmoothTerms, row_blocks
from serving.scoring.stored_arrays import pack_arrays
from serving.scoring.stored_trees import tree_arrays

#: Places evaluated at once: small enough for the processor's cache, large enough for numpy.
_BLOCK = 1024
#: No place has more peers than the inverse of this: leverage 0 has no inverse.
_LEAST_LEVERAGE = 1e-12


@dataclass(frozen=True, eq=False)
class PeerForests:
    """The fitted part of an artifact, as models.

    Attributes
    ----------
    axes : tuple of Axis
        One per peer dimension; their nodes are not used.
    metrics : mapping of str to PeerForest
    background : ndarray of shape (n_background, n_dimensions)
        Places that stand for all accounts: numbers as ranks, categories as codes. Where an
        account's dimension is not known, F is the average over theirs; so such an account costs
        as much as `n_background` others.
    leverage : ndarray of shape (n_terms, n_terms)
        Symmetric. At a place whose smooth terms are b, 1 / (b' leverage b) accounts inform F.
    """

    axes: tuple[Axis, ...]
    metrics: Mapping[str, PeerForest]
    background: NDArray[np.float64]
    leverage: NDArray[np.float64]

    @cached_property
    def terms(self) -> SmoothTerms:
        """The smooth terms that `leverage` is about."""
        return SmoothTerms(categories_of(self.axes))

    def around(self, dimensions: NDArray[np.float64]) -> Surroundings:
        """Evaluate the models at accounts: tables with a node for each account.

        Parameters
        ----------
        dimensions : ndarray of shape (n_accounts, n_dimensions)
            In the columns' own units, a category as its code. NaN, and a code that is none, mean
            "not known". Beyond the training range the edge is used.

        Returns
        -------
        Surroundings
            What is said of an account depends on its own row alone, to the bit.
        """
        places, unknown, outside = self._places(dimensions)
        peers = np.empty(len(places))
        cdf = {
            name: np.empty((len(places), len(forest.knots)), np.uint16)
            for name, forest in self.metrics.items()
        }
        for rows, copies in self._blocks(places, unknown):
            self._evaluate(copies, rows, peers, cdf)
        # Of whom nothing is known, everybody is a peer.
        nobody = np.isnan(places).all(axis=1)
        for name, forest in self.metrics.items():
            cdf[name][nobody] = _in_steps(forest.knots[None])
        cells = Cells(
            corners=np.arange(len(places))[None],
            weights=np.ones((1, len(places))),
            unknown=unknown,
            outside=outside,
        )
        metrics = {
            name: PeerTable(
                forest.pooled,
                forest.knots,
                cdf[name],
                forest.lower,
                forest.upper,
                peers * forest.observed,
            )
            for name, forest in self.metrics.items()
        }
        return Surroundings(cells, metrics, peers)

    def only(self, metrics: Iterable[str]) -> PeerForests:
        """Give the same with some of the metrics."""
        return replace(self, metrics={name: self.metrics[name] for name in metrics})

    def _places(
        self, dimensions: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
        """Turn numbers into ranks and what is not known into NaN; say in which rows it is so.

        Returns the places, and which rows have something unknown and something outside.
        """
        places = np.empty(dimensions.shape)
        unknown = np.zeros(len(dimensions), dtype=bool)
        outside = np.zeros(len(dimensions), dtype=bool)
        for position, axis in enumerate(self.axes):
            values = dimensions[:, position]
            if axis.pooled is None:
                # A fraction is no code: it means neither of the two categories beside it.
                known = (values >= 0) & (values < len(axis.input.categories))
                known &= values == np.floor(values)
                places[:, position] = np.where(known, values, np.nan)
            else:
                lowest, highest = axis.pooled.values[0], axis.pooled.values[-1]
                outside |= (values < lowest) | (values > highest)
                places[:, position] = axis.pooled.at_or_below(np.clip(values, lowest, highest))
            unknown |= np.isnan(places[:, position])
        return places, unknown, outside

    def _blocks(
        self, places: NDArray[np.float64], unknown: NDArray[np.bool_]
    ) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float64]]]:
        """Yield numbers of rows and their places, shape (n_rows, n_copies, n_dimensions).

        A row that is known has one copy; of one that is not, each copy has another background's
        dimensions put in where its own are not known.
        """
        known_rows, open_rows = np.flatnonzero(~unknown), np.flatnonzero(unknown)
        for block in row_blocks(len(known_rows), _BLOCK):
            yield known_rows[block], places[known_rows[block]][:, None]
        for block in row_blocks(len(open_rows), max(1, _BLOCK // len(self.background))):
            rows = open_rows[block]
            own = places[rows][:, None]
            yield rows, np.where(np.isnan(own), self.background, own)

    def _evaluate(
        self,
        places: NDArray[np.float64],
        rows: NDArray[np.intp],
        peers: NDArray[np.float64],
        cdf: Mapping[str, NDArray[np.uint16]],
    ) -> None:
        """Fill `rows` of `peers` and `cdf` with averages over each row's places.

        `places` has shape (n_rows, n_copies, n_dimensions); no NaN.
        """
        count, copies, width = places.shape
        flat = places.reshape(count * copies, width)
        features = tree_features(flat, self.terms.categories)
        needed = {self.terms, *(forest.terms for forest in self.metrics.values())}
        columns = {terms: terms.evaluate(flat) for terms in needed}
        peers[rows] = self._effective_peers(_average(columns[self.terms], copies))
        for name, forest in self.metrics.items():
            at_places = forest.cdf_of(columns[forest.terms], features)
            cdf[name][rows] = _in_steps(_average(at_places, copies))

    def _effective_peers(self, columns: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give 1 / (b' leverage b) for every row b of `columns`; shape (n,)."""
        terms = np.ascontiguousarray(columns.T)
        # Each pair once: the matrix is symmetric.
        pairs = np.triu(self.leverage, 1) * 2.0 + np.diag(np.diag(self.leverage))
        weighted = np.zeros_like(terms)
        for position, term in enumerate(terms):
            weighted[: position + 1] += pairs[: position + 1, [position]] * term
        total = np.zeros(len(columns))
        for term, weight in zip(terms, weighted, strict=True):
            total += term * weight
        return 1.0 / np.maximum(total, _LEAST_LEVERAGE)

    def to_npz(self) -> bytes:
        """Pack all arrays; the same forests give the same bytes. `read_forests` unpacks them."""
        arrays: dict[str, NDArray[Any]] = {
            "background": self.background,
            "leverage": self.leverage,
        }
        for axis in self.axes:
            if axis.pooled is not None:
                arrays[f"axes/{axis.input.name}/values"] = axis.pooled.values
                arrays[f"axes/{axis.input.name}/ranks"] = axis.pooled.ranks
        for name, forest in self.metrics.items():
            for part, array in _forest_arrays(forest).items():
                arrays[f"forests/{name}/{part}"] = array
        return pack_arrays(arrays)


def categories_of(axes: tuple[Axis, ...]) -> tuple[int, ...]:
    """Count the categories of each dimension; 0 for a number."""
    return tuple(len(axis.input.categories) for axis in axes)


def _average(per_place: NDArray[np.float64], copies: int) -> NDArray[np.float64]:
    """Average every `copies` rows to one, copy by copy: numpy's `sum` takes no fixed order.

    In one order adding is monotone even in floating point: what never falls along the columns
    never falls on average.
    """
    each = per_place.reshape(-1, copies, per_place.shape[1])
    total = np.zeros((len(each), per_place.shape[1]))
    for copy in range(copies):
        total += each[:, copy]
    return total / copies


def _in_steps(cdf: NDArray[np.float64]) -> NDArray[np.uint16]:
    """Round F to whole steps of 1/`CDF_ONE`, as tables store it."""
    steps: NDArray[np.uint16] = np.rint(cdf * CDF_ONE).astype(np.uint16)
    return steps


def _forest_arrays(forest: PeerForest) -> dict[str, NDArray[Any]]:
    steps = forest.terms.steps
    return {
        "values": forest.pooled.values,
        "ranks": forest.pooled.ranks,
        "knots": forest.knots,
        "bounds": np.array([forest.lower, forest.upper], np.float64),
        "observed": np.array([forest.observed], np.float64),
        "offset": forest.offset,
        "coefficients": forest.coefficients,
        "step_dimensions": np.array([dimension for dimension, _ in steps], np.int16),
        "step_ranks": np.array([rank for _, rank in steps], np.float64),
        **tree_arrays(forest.trees),
    }
