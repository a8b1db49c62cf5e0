"""What an answer holds: which keys, and a value for each per account."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.inference.wire.extras import Extras, Output
from serving.scoring import Scorer, Scores

_STAMP = "last_modified"


class Predictions:
    """What answers hold for one model. Built once per model; safe to share by threads.

    Attributes
    ----------
    keys : tuple of str
        In wire order: those of the model, or those chosen; then those of the extras.
    outputs : mapping of str to Output
        What each key holds, in their order.
    """

    def __init__(
        self, scorer: Scorer, *, outputs: Sequence[str] = (), extras: Collection[str] = ()
    ) -> None:
        """Choose what answers hold.

        Parameters
        ----------
        outputs : sequence of str
            Keys of the answer, in its order; all of the model's if empty. One that the model does
            not have is always null, so that whoever reads it by JSONPath finds a value per row.
        extras : collection of str
            Words of `EXTRAS`.
        """
        self._scorer = scorer
        self._extras = Extras(scorer, extras)
        known = {_STAMP: Output("string")} | self._extras.outputs
        self.keys = tuple(dict.fromkeys([*(outputs or scorer.outputs), *self._extras.outputs]))
        self.outputs: Mapping[str, Output] = {
            key: known.get(key, Output("number")) for key in self.keys
        }
        self._all_scores = self.keys == scorer.outputs

    def rows(
        self,
        accounts: NDArray[np.float64],
        scores: Scores,
        stamp: str,
        bad: Collection[int] = (),
    ) -> list[list[Any]]:
        """Give a list of values per account, in the order of `keys`.

        Parameters
        ----------
        accounts : ndarray of shape (n_accounts, n_inputs)
        scores : Scores
            Of these accounts.
        stamp : str
            When they were scored.
        bad : collection of int
            Rows that could not be read; all their values are None, the stamp too.

        Returns
        -------
        list of lists
            Numbers that are not there are NaN.
        """
        if self._all_scores:
            rows: list[list[Any]] = scores.values.tolist()
            for row in rows:
                row.append(stamp)
        else:
            rows = self._chosen(accounts, scores, stamp)
        for position in bad:
            rows[position] = [None] * len(self.keys)
        return rows

    def _chosen(self, accounts: NDArray[np.float64], scores: Scores, stamp: str) -> list[list[Any]]:
        names = self._scorer.outputs[:-1]
        columns: dict[str, Sequence[Any]] = dict(zip(names, scores.values.T.tolist(), strict=True))
        columns[_STAMP] = [stamp] * len(accounts)
        columns |= self._extras.values(accounts, scores)
        nothing = [None] * len(accounts)
        return [
            list(row) for row in zip(*(columns.get(key, nothing) for key in self.keys), strict=True)
        ]
