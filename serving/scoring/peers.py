"""What the scorer asks of whatever knows an account's peers: tables on a grid, or anything else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from serving.scoring.distribution import PooledDistribution
from serving.scoring.peer_axes import Axis, Cells
from serving.scoring.peer_table import PeerTable


class Surroundings(NamedTuple):
    """What is known around each account of a batch.

    Attributes
    ----------
    cells : Cells
        Which nodes of `metrics` each account draws on, and how much: the grid's corners around
        it, or one node of its own (then ``corners = arange(n_accounts)[None]``, weights 1).
    metrics : mapping of str to PeerTable
        Metric → F at those nodes. Only `cdf` and `peers` may differ from batch to batch; where
        they do not either, this is the same object each time.
    effective_peers : ndarray of shape (n_accounts,)
        How many training accounts inform F around each account.
    """

    cells: Cells
    metrics: Mapping[str, PeerTable]
    effective_peers: NDArray[np.float64]


class FittedMetric(Protocol):
    """What is known of a metric whoever the peers are; `PeerTable` says what each is."""

    @property
    def pooled(self) -> PooledDistribution:
        """The metric over all training accounts."""

    @property
    def lower(self) -> float:
        """The learned lower bound."""

    @property
    def upper(self) -> float:
        """The learned upper bound."""


class Peers(Protocol):
    """The fitted part of an artifact: `PeerTables` is one."""

    @property
    def axes(self) -> tuple[Axis, ...]:
        """One per peer dimension, in the scorecard's order."""

    @property
    def metrics(self) -> Mapping[str, FittedMetric]:
        """Every metric, by name."""

    def around(self, dimensions: NDArray[np.float64]) -> Surroundings:
        """Find what surrounds accounts.

        Parameters
        ----------
        dimensions : ndarray of shape (n_accounts, n_axes)
            Encoded, in the order of `axes`; NaN = not known. There may be no accounts.

        Returns
        -------
        Surroundings
            What it says of an account depends on the account's own row alone, to the bit.
        """

    def only(self, metrics: Iterable[str]) -> Self:
        """Give the same with some of the metrics."""

    def to_npz(self) -> bytes:
        """Pack all arrays; the same content gives the same bytes."""
