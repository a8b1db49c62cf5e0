"""The columns of a file of scores: those of the wire, the band, and statuses on demand."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from serving.scoring import Scorer, Scores
from serving.scoring.signals.signal import Status
from training.band_moves import band_names

BAND = "global_band"


class ScoreColumns:
    """What is written of each account, beside its id.

    Parameters
    ----------
    with_statuses : bool
        Whether every metric's status is written: why it has a score, or has none.

    Attributes
    ----------
    names : tuple of str
        Scores, the global band where the card has bands, ``last_modified``; then statuses.
    texts : tuple of str
        Those whose texts are the definition's own words.
    fields : list of pyarrow.Field
        Name and type of each: scores are doubles, all else is text.
    """

    def __init__(self, scorer: Scorer, *, with_statuses: bool) -> None:
        self._bands = scorer.scorecard.bands
        *scores, stamp = scorer.outputs
        self.texts: tuple[str, ...] = (BAND,) if self._bands else ()
        keys = scorer.outputs[: len(scorer.metric_keys)] if with_statuses else ()
        self._statuses = [scorer.metric_keys.index(key) for key in keys]
        statuses = (f"{key.removesuffix('_score')}_status" for key in keys)
        self.names: tuple[str, ...] = (*scores, *self.texts, stamp, *statuses)
        self.fields: list[pa.Field] = [
            pa.field(name, pa.float64() if place < len(scores) else pa.string())
            for place, name in enumerate(self.names)
        ]

    def of(self, scores: Scores, stamp: str) -> list[Any]:
        """Give the columns of some accounts, in the order of `names`; null where there is none."""
        count = len(scores.values)
        columns = [pa.array(column, from_pandas=True) for column in scores.values.T]
        if self._bands:
            names = band_names(scores.values[:, -1], self._bands)
            columns.append(pa.array(names, type=pa.string()))
        columns.append(pa.repeat(pa.scalar(stamp), count))
        words = pa.array([status.name.lower() for status in Status])
        told = scores.statuses.T[self._statuses]
        return [*columns, *(words.take(pa.array(column)) for column in told)]
