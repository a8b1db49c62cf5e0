"""One training run on a cluster: the accounts stay there, the fit is one machine's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from training.artifact_place import check_place
from training.data_digest import columns_sha256
from training.definition import Definition, read_definition
from training.errors import DataError
from training.reading.csv_reader import ACCOUNT
from training.spark.accounts import spark_accounts
from training.spark.reducing import spark_store
from training.spark.session import open_session
from training.train import TrainingRun, train_on
from training.training_accounts import InStore, TrainingAccounts

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def train_on_spark(
    data: str,
    scorecard: Path,
    out: Path,
    *,
    master: str | None,
    seed: int = 0,
    jobs: int = 1,
    max_refused_share: float = 0.01,
    scoring_date: dt.date | None = None,
    done: Callable[[str, int], None] = lambda _name, _total: None,
) -> TrainingRun:
    """Fit a scorecard to the accounts in a folder that a cluster reads; see `train`.

    The artifact is the one that `train` writes of the same tables, byte for byte.

    Parameters
    ----------
    data : str
        A folder that driver and executors reach: a path or URI of any file system of Spark's.
    scorecard, out : Path
        On the driver.
    master : str or None
        As `open_session` takes it.
    jobs : int
        Metrics fitted at once, on the driver.

    Raises
    ------
    InvalidInput
        If definition or data cannot be used, there is nothing to learn, or the definition asks
        for what is derived from all accounts in memory.
    TooManyRefused
        If more rows were refused than allowed.
    ArtifactError
        If `out` cannot be written.
    SparkUnavailable, SparkFailed
        If there is no Spark, or it gave up.
    """
    definition = read_definition(scorecard)
    check_place(out)
    _check_counts_suffice(definition)
    with (
        open_session(master) as session,
        gathered_on_spark(session, definition, data, max_refused_share) as accounts,
    ):
        if scoring_date is None and accounts.newest is not None:
            scoring_date = accounts.newest.date()
        return train_on(
            accounts, definition, out, seed=seed, jobs=jobs, scoring_date=scoring_date, done=done
        )


@contextmanager
def gathered_on_spark(
    session: SparkSession, definition: Definition, data: str, max_refused_share: float
) -> Iterator[TrainingAccounts]:
    """Join a folder's accounts for the time of a block; they stay on the cluster.

    Raises
    ------
    DataError, TooManyRefused
        As `spark_accounts`.
    """
    columns = list(definition.columns())
    joining = spark_accounts(
        session,
        data,
        columns,
        peer_dimensions=[column.name for column in definition.peer_dimension_inputs],
        events=definition.model_dump(include={"events"}, exclude_none=True).get("events", {}),
        max_refused_share=max_refused_share,
    )
    with joining as joined, spark_store(joined, columns) as store:
        names = (ACCOUNT, *(column.name for column in columns))
        digest = partial(
            columns_sha256, joined.count, {name: partial(store.chunks, name) for name in names}
        )
        newest = None if joined.newest is None else pd.Timestamp(joined.newest)
        yield TrainingAccounts(InStore(store, digest), joined.refusals, joined.notes, newest)


def _check_counts_suffice(definition: Definition) -> None:
    """Refuse, before Spark starts, a card of which more is fitted than peers."""
    asked = [f"the learned_risk {risk.name}" for risk in definition.risks]
    asked += ["the comparison of `peers`"] if definition.overlay is not None else []
    if asked:
        raise DataError(
            f"a cluster gives counts, and {' and '.join(asked)} must be fitted to accounts in "
            "memory: train this scorecard on one machine, without --engine spark"
        )
    if not definition.peer_metric_names:
        raise DataError(
            "no metric of this scorecard is compared with peers: there is nothing to count on a "
            "cluster; use `scorecard build`"
        )
