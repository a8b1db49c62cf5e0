"""`Scorer`: the one door for serving, training and notebooks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from serving.scoring.artifact import Artifact, read_artifact
from serving.scoring.column import Input
from serving.scoring.encoding import encode_column
from serving.scoring.errors import InvalidInput, MissingColumns
from serving.scoring.explain import Explainer
from serving.scoring.explanation import Explanation
from serving.scoring.flags import FEW_PEERS, Flag
from serving.scoring.golden import check_golden
from serving.scoring.intervals import Intervals, normal_quantile
from serving.scoring.many_accounts import ManyAccounts
from serving.scoring.one_account import OneAccount
from serving.scoring.peer_ranks import PeerRanking
from serving.scoring.peers import Peers, Surroundings
from serving.scoring.scorecard import Scorecard
from serving.scoring.scores import Scores
from serving.scoring.training_ranges import training_ranges
from serving.scoring.what_if import changed

__all__ = ["FEW_PEERS", "Flag", "Scorer", "Scores", "Table", "load_scorer"]

#: Accounts scored at once: small enough for the processor's cache, large enough for numpy.
_BATCH = 4096

#: Up to so many accounts are faster one by one.
_FEW_ACCOUNTS = 6


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
        self._many = ManyAccounts(artifact)
        shown = zip(self._many.shown, self.outputs, strict=False)
        #: The key of each metric's score, in the order of the scorecard's metrics.
        self.metric_keys: tuple[str, ...] = tuple(key for _, key in sorted(shown))
        self._one = OneAccount(self._many) if OneAccount.can_score(self._many) else None
        #: Lowest and highest value of each input in training, shape (n_inputs, 2), in the order of
        #: `inputs`; NaN for a category. See `training_ranges`.
        self.training_ranges: NDArray[np.float64] = training_ranges(artifact.tables, self.inputs)
        self.training_ranges.flags.writeable = False

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
        # Column by column in memory, as they come and as they are scored.
        return np.array(columns).T

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
        accounts = self._checked(accounts)
        # Column by column in memory, as they are computed.
        scores = Scores(
            values=np.empty((len(self.outputs) - 1, len(accounts))).T,
            ranks=np.empty((len(self.scorecard.peer_metrics), len(accounts))).T,
            flags=np.zeros(len(accounts), dtype=np.uint8),
            statuses=np.zeros((len(self.scorecard.metrics), len(accounts)), dtype=np.uint8).T,
        )
        if self._one is not None and len(accounts) <= _FEW_ACCOUNTS:
            for row, account in enumerate(accounts.tolist()):
                one = self._one.score(account)
                scores.values[row], scores.ranks[row], scores.flags[row] = one[:3]
                scores.statuses[row] = one.statuses
            return scores
        for start in range(0, len(accounts), _BATCH):
            rows = slice(start, start + _BATCH)
            self._many.score(
                accounts[rows],
                scores.values[rows],
                scores.ranks[rows],
                scores.flags[rows],
                scores.statuses[rows],
            )
        return scores

    def intervals(self, accounts: NDArray[np.float64], *, level: float = 0.9) -> Intervals:
        """Say how far the peer ranks may be off because there are only so many peers.

        Eight of ten peers below is not 0.80 give or take 0.01. The interval (Wilson's) is that of
        a share counted among the effective peers that inform the metric around the account; what
        the tables may have wrong otherwise is not in it. At a bound that ranks 0 or 1 by rule it
        has no width.

        Parameters
        ----------
        accounts : ndarray of shape (n_accounts, n_inputs)
            As `score` takes them.
        level : float
            How often such an interval holds the rank among endlessly many peers; in (0, 1).

        Returns
        -------
        Intervals
            On the scale of `Scores.ranks`.

        Raises
        ------
        InvalidInput
            As `score`; or if the level is none.
        """
        quantile = normal_quantile(level)
        accounts = self._checked(accounts)
        parts = [
            self._ranking.intervals(accounts[start : start + _BATCH], quantile)
            for start in range(0, max(len(accounts), 1), _BATCH)
        ]
        return Intervals(*(np.concatenate(ends) for ends in zip(*parts, strict=True)))

    def explain(
        self,
        accounts: NDArray[np.float64],
        *,
        bands: Sequence[float] = (),
        target: float | None = None,
    ) -> list[Explanation]:
        """Say why accounts have their scores, and what would bring higher ones.

        Takes some ten times as long as `score` does for one account. An explanation takes some
        18 KB: 100,000 accounts at once peak at 1.8 GB, so explain many in blocks.

        Parameters
        ----------
        accounts : ndarray of shape (n_accounts, n_inputs)
            As `score` takes them.
        bands : sequence of float
            Thresholds on the scale, ascending. Where there are any, each metric says which value
            brings the next one.
        target : float, optional
            A global score to reach, instead of the next of the scorecard's own bands.

        Returns
        -------
        list of Explanation
            One per account; it depends on the account's own row alone.

        Raises
        ------
        InvalidInput
            As `score`; or if the bands do not ascend within the scale, or the target is not on it.
        """
        accounts = self._checked(accounts)
        return self._explainer.explain(accounts, self.score(accounts), bands, target)

    def what_if(
        self,
        accounts: NDArray[np.float64],
        changes: Mapping[str, Any],
        *,
        scoring_date: dt.date | None = None,
    ) -> Scores:
        """Score accounts as if inputs had other values: bit for bit what such accounts score.

        Parameters
        ----------
        accounts : ndarray of shape (n_accounts, n_inputs)
            As `score` takes them; they are not altered.
        changes : mapping of str to a value
            Input → what all accounts have instead: a number, a category's name, a date; None
            means "not known".
        scoring_date : date, optional
            Needed only to change a date.

        Raises
        ------
        InvalidInput
            As `score`; or if there is no such input, or it takes no such value.
        """
        return self.score(changed(self._checked(accounts), self.inputs, changes, scoring_date))

    def around(self, accounts: NDArray[np.float64]) -> Surroundings:
        """Find what surrounds accounts, shape (n_accounts, n_inputs), among their peers."""
        return self._ranking.around(accounts)

    @property
    def peers(self) -> Peers:
        """What is known of peers; raises InvalidInput where no metric is compared with any."""
        return self._ranking.peers

    @property
    def _ranking(self) -> PeerRanking:
        if self._many.peers is None:
            raise InvalidInput(f"{self.scorecard.id} compares no metric with peers")
        return self._many.peers

    @cached_property
    def _explainer(self) -> Explainer:
        return Explainer(
            self._many,
            [entry.name for entry in self.inputs],
            self.metric_keys,
            self.artifact.overlay,
            lambda accounts: self.score(accounts).values,
        )

    def _checked(self, accounts: Any) -> NDArray[np.float64]:
        try:
            checked: NDArray[np.float64] = np.asarray(accounts, dtype=np.float64)
        except (TypeError, ValueError):
            raise self._another_shape("are not an array of numbers") from None
        if checked.ndim != 2 or checked.shape[1] != len(self.inputs):
            raise self._another_shape(f"have shape {checked.shape}")
        return checked

    def _another_shape(self, what: str) -> InvalidInput:
        names = ", ".join(entry.name for entry in self.inputs)
        return InvalidInput(
            f"accounts {what}; needed are {len(self.inputs)} columns in this order: {names}"
        )


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
