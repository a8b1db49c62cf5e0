"""`Scorer`: the one door for serving, training and notebooks."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import IntFlag
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from serving.scoring.artifact import Artifact, read_artifact
from serving.scoring.encoding import encode_column
from serving.scoring.errors import InvalidInput, MissingColumns
from serving.scoring.golden import check_golden
from serving.scoring.peer_axes import Cells, locate
from serving.scoring.rollup import roll_up
from serving.scoring.scorecard import Input, Scorecard

#: Fewer effective peers than this, and the account is flagged.
FEW_PEERS = 100.0

#: Corner weights sum to 1 only almost; exactly `FEW_PEERS` peers around an account are enough.
_ROUNDING = 1e-9

#: Accounts scored at once: small enough for the processor's cache, large enough for numpy.
_BATCH = 8192


class Flag(IntFlag):
    """What to know about an account's scores; a sum of these."""

    OUT_OF_RANGE = 1  #: a peer dimension is outside the training range; its edge was used
    PEER_DIMENSION_MISSING = 2  #: not given or an unknown category; the average over it was used
    FEW_PEERS = 4  #: fewer than `FEW_PEERS` effective peers
    VALUE_CLAMPED = 8  #: a metric is beyond its bound and was counted as at the bound


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """What the scorer says of a batch of accounts.

    Attributes
    ----------
    values : ndarray of shape (n_accounts, n_scores)
        Scores in the order of `Scorer.outputs` without ``last_modified``; NaN means no score.
    ranks : ndarray of shape (n_accounts, n_metrics)
        Peer ranks before they are put on the scale, in the order of the scorecard's metrics.
    flags : ndarray of uint8, shape (n_accounts,)
        Sums of `Flag`.
    """

    values: NDArray[np.float64]
    ranks: NDArray[np.float64]
    flags: NDArray[np.uint8]


class Table(Protocol):
    """Columns by name: a dict of sequences, a DataFrame."""

    def __contains__(self, name: object, /) -> bool: ...

    def __getitem__(self, name: str, /) -> Any: ...


class Scorer:
    """Scores accounts with the tables of one artifact. Immutable; safe to share by threads."""

    def __init__(self, artifact: Artifact) -> None:
        self.artifact = artifact
        self.scorecard: Scorecard = artifact.scorecard
        #: The columns to give, in wire order.
        self.inputs: tuple[Input, ...] = artifact.inputs
        #: The keys of the answer, in wire order.
        self.outputs: tuple[str, ...] = (*self.scorecard.score_names, "last_modified")
        column = {entry.name: position for position, entry in enumerate(self.inputs)}
        self._dimension_columns = [column[axis.input.name] for axis in artifact.tables.axes]
        self._metric_columns = [column[metric.name] for metric in self.scorecard.metrics]

    def encode(self, table: Table, *, scoring_date: dt.date | None = None) -> NDArray[np.float64]:
        """Turn columns into the array `score` takes.

        Parameters
        ----------
        table : Table
            Columns of one length. Further columns are ignored. None and NaN mean "not known".
        scoring_date : date, optional
            Dates are encoded as days before it; needed only where the scorecard has a date.

        Returns
        -------
        ndarray of shape (n_accounts, n_inputs)
            A category as its index in the manifest, unknown ones as NaN.

        Raises
        ------
        MissingColumns
            Naming every input the table lacks.
        InvalidInput
            Naming the first column and row that cannot be read.
        """
        missing = [entry.name for entry in self.inputs if entry.name not in table]
        if missing:
            raise MissingColumns(missing)
        columns = [encode_column(entry, table[entry.name], scoring_date) for entry in self.inputs]
        lengths = {len(column) for column in columns}
        if len(lengths) > 1:
            raise InvalidInput(f"columns have different lengths: {sorted(lengths)}")
        return np.column_stack(columns)

    def score(self, accounts: NDArray[np.float64]) -> Scores:
        """Score accounts.

        Parameters
        ----------
        accounts : ndarray of shape (n_accounts, n_inputs)
            As `encode` gives: columns in the order of `inputs`, NaN means "not known".

        Returns
        -------
        Scores
            Each account's scores depend on its own row alone.

        Raises
        ------
        InvalidInput
            If the array has another width, or is not one of numbers.
        """
        try:
            accounts = np.asarray(accounts, dtype=np.float64)
        except (TypeError, ValueError):
            raise self._another_shape("are not an array of numbers") from None
        if accounts.ndim != 2 or accounts.shape[1] != len(self.inputs):
            raise self._another_shape(f"have shape {accounts.shape}")
        scores = Scores(
            values=np.empty((len(accounts), len(self.scorecard.score_names))),
            ranks=np.empty((len(accounts), len(self.scorecard.metrics))),
            flags=np.zeros(len(accounts), dtype=np.uint8),
        )
        for start in range(0, len(accounts), _BATCH):
            rows = slice(start, start + _BATCH)
            self._score_batch(
                accounts[rows], scores.values[rows], scores.ranks[rows], scores.flags[rows]
            )
        return scores

    def _another_shape(self, what: str) -> InvalidInput:
        names = ", ".join(entry.name for entry in self.inputs)
        return InvalidInput(
            f"accounts {what}; needed are {len(self.inputs)} columns in this order: {names}"
        )

    def cells(self, accounts: NDArray[np.float64]) -> Cells:
        """Find the accounts in the grid of peer dimensions, as `artifact.tables` takes them."""
        return locate(self.artifact.tables.axes, accounts[:, self._dimension_columns])

    def _score_batch(
        self,
        accounts: NDArray[np.float64],
        values: NDArray[np.float64],
        ranks: NDArray[np.float64],
        flags: NDArray[np.uint8],
    ) -> None:
        """Fill `values`, `ranks` and `flags` for one batch."""
        tables = self.artifact.tables
        cells = self.cells(accounts)
        peers = cells.mix(tables.effective_peers)
        flags |= np.where(cells.outside, np.uint8(Flag.OUT_OF_RANGE), np.uint8(0))
        flags |= np.where(cells.unknown, np.uint8(Flag.PEER_DIMENSION_MISSING), np.uint8(0))
        flags |= np.where(peers < FEW_PEERS - _ROUNDING, np.uint8(Flag.FEW_PEERS), np.uint8(0))
        metric_scores = {}
        for position, metric in enumerate(self.scorecard.metrics):
            table = tables.metrics[metric.name]
            column = accounts[:, self._metric_columns[position]]
            lower, upper = table.bounds(metric)
            clamped = (column < lower) | (column > upper)
            flags |= np.where(clamped, np.uint8(Flag.VALUE_CLAMPED), np.uint8(0))
            ranks[:, position] = table.rank(metric, cells, column)
            metric_scores[metric.name] = self.scorecard.scale.score(ranks[:, position])
        components, overall = roll_up(self.scorecard, metric_scores)
        # In the order of `Scorecard.score_names`.
        nodes = self.scorecard.all_components
        in_order = [metric_scores[name] for node in nodes for name in node.metrics]
        values[:] = np.column_stack([*in_order, *components.values(), overall])


def load_scorer(path: str | Path) -> Scorer:
    """Read an artifact, verify it, replay its golden rows, and give its scorer.

    Parameters
    ----------
    path : str or Path
        An artifact directory or a ``model.tar.gz``.

    Raises
    ------
    ArtifactError
        If it is missing, altered, of another format version, or scores its own golden rows
        differently on this machine.
    """
    artifact = read_artifact(Path(path))
    scorer = Scorer(artifact)
    check_golden(artifact.golden, scorer)
    return scorer
