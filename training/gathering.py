"""Reads the accounts to train on: into memory, or joined on the disk where they are too many."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from training.axes import NODES
from training.bulk.processes import Workers
from training.data_digest import columns_sha256
from training.definition import Definition, EstimatorOptions
from training.joining.size import join_memory, joins_on_disk
from training.peer_models import NEED_VALUES
from training.reading.csv_reader import ACCOUNT
from training.reading.table_files import AccountFiles, files_of
from training.reduction.parquet_store import ParquetStore
from training.tables import read_accounts
from training.training_accounts import InStore, TrainingAccounts, in_memory


@contextmanager
def gathered(
    definition: Definition,
    data: Path | AccountFiles,
    *,
    estimator: EstimatorOptions | None,
    scoring_date: dt.date | None,
    max_refused_share: float,
    workers: Workers,
    memory_bytes: int,
) -> Iterator[TrainingAccounts]:
    """Read the accounts for the time of a block.

    Parameters
    ----------
    estimator : EstimatorOptions or None
        For the metrics whose definition asks for none.
    workers : Workers
        Where accounts are joined on the disk they read them, and count them there.
    memory_bytes : int
        Tables that need more are joined on the disk, if counts are all that is fitted to: what a
        `learned_risk`, `peers`, events, more than three numbers among the peer dimensions and an
        estimator of `NEED_VALUES` need is in memory.

    Raises
    ------
    DataError, TooManyRefused
        As `read_accounts` and `joined_accounts`.
    """
    files = files_of(data) if isinstance(data, Path) else data
    columns, events = list(definition.columns()), _events(definition)
    dimensions = [column.name for column in definition.peer_dimension_inputs]
    if _needs_all(definition, estimator) or not joins_on_disk(files, columns, events, memory_bytes):
        yield in_memory(
            read_accounts(
                files,
                columns,
                peer_dimensions=dimensions,
                events=events,
                scoring_date=scoring_date,
                max_refused_share=max_refused_share,
            )
        )
        return
    # Spark's driver and small trainings do without DuckDB.
    from training.joining.joined import joined_accounts

    joining = joined_accounts(
        files,
        columns,
        peer_dimensions=dimensions,
        max_refused_share=max_refused_share,
        workers=workers,
        memory_bytes=join_memory(memory_bytes),
        order="acct_id",
    )
    with joining as joined:
        store = ParquetStore(joined.path, workers.in_order)
        names = (ACCOUNT, *(column.name for column in columns))
        digest = partial(
            columns_sha256, joined.count, {name: partial(store.chunks, name) for name in names}
        )
        yield TrainingAccounts(InStore(store, digest), joined.refusals, joined.notes, joined.newest)


def _needs_all(definition: Definition, otherwise: EstimatorOptions | None) -> bool:
    """Tell whether something is fitted to the accounts themselves, as far as a card can say."""
    asked = [definition.estimator(name) or otherwise for name in definition.peer_metric_names]
    numbers = sum(column.type != "category" for column in definition.peer_dimension_inputs)
    return (
        bool(definition.risks)
        or definition.overlay is not None
        or numbers not in NODES
        or any(options is not None and options.name in NEED_VALUES for options in asked)
    )


def _events(definition: Definition) -> Mapping[str, Mapping[str, Any]]:
    told = definition.model_dump(include={"events"}, exclude_none=True)
    events: Mapping[str, Mapping[str, Any]] = told.get("events", {})
    return events
