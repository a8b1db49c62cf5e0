"""Scores a stream of Arrow record batches: the one function of every engine, numpy and Arrow only.

What runs it (a process of this machine, an executor of a cluster) changes no bit of the scores.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

from serving.scoring import MissingColumns, Scorer
from training.score_columns import ScoreColumns

ACCOUNT = "acct_id"

#: The column that says which artifact made the scores.
VERSION = "artifact_version"


def score_batches(
    scorer: Scorer,
    batches: Iterable[pa.RecordBatch],
    *,
    scoring_date: dt.date | None,
    version: str | None,
    stamp: str,
    with_statuses: bool = False,
) -> Iterator[pa.RecordBatch]:
    """Score accounts batch by batch: a row per account, in their order.

    Parameters
    ----------
    scorer : Scorer
    batches : iterable of RecordBatch
        By name ``acct_id`` and the scorer's inputs, null or NaN where missing: a number or boolean
        as double, a category as string, a date as timestamp. Other columns are not looked at.
    scoring_date : date or None
        Dates count as days before it; needed only where the scorer has one.
    version : str or None
        Written in every row as ``artifact_version``; None: there is no such column.
    stamp : str
        Written in every row as ``last_modified``: when the run was.
    with_statuses : bool
        Whether every metric's status is written, too.

    Yields
    ------
    RecordBatch
        As `score_schema` says, as long as the batch it is of. The scores are bit for bit those of
        all accounts scored at once.

    Raises
    ------
    MissingColumns
        Naming every column a batch lacks.
    InvalidInput
        Naming the first column and row that cannot be read.
    """
    columns = ScoreColumns(scorer, with_statuses=with_statuses)
    schema = score_schema(scorer, version=version, with_statuses=with_statuses)
    for batch in batches:
        if ACCOUNT not in batch.schema.names:
            raise MissingColumns([ACCOUNT])
        table = _table(scorer, batch)
        scores = scorer.score(scorer.encode(table, scoring_date=scoring_date))
        arrays = [batch.column(ACCOUNT).cast(pa.string()), *columns.of(scores, stamp)]
        if version is not None:
            arrays.append(pa.repeat(pa.scalar(version), len(batch)))
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def score_schema(scorer: Scorer, *, version: str | None, with_statuses: bool = False) -> pa.Schema:
    """Give the columns and types of `score_batches`' answer: scores double, all else string."""
    columns = ScoreColumns(scorer, with_statuses=with_statuses)
    fields = [pa.field(ACCOUNT, pa.string()), *columns.fields]
    if version is not None:
        fields.append(pa.field(VERSION, pa.string()))
    return pa.schema(fields)


def _table(scorer: Scorer, batch: pa.RecordBatch) -> dict[str, Any]:
    """Give a batch's inputs as the scorer reads columns; those it lacks are absent."""
    names = set(batch.schema.names)
    return {
        entry.name: _values(batch.column(entry.name), entry.type == "category")
        for entry in scorer.inputs
        if entry.name in names
    }


def _values(array: pa.Array, is_text: bool) -> Any:
    return array.to_pylist() if is_text else array.to_numpy(zero_copy_only=False)
