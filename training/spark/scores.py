"""Scores the accounts of a folder on a cluster, bit for bit as one machine does."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from serving.scoring import load_scorer
from training.bulk.score_batches import score_schema
from training.bulk.scoring import BulkScores
from training.spark.accounts import SparkAccounts, spark_accounts
from training.spark.output_folder import OutputFolder
from training.spark.row_layout import spark_schema
from training.spark.row_scoring import RowScores, pack_served
from training.spark.session import open_session

if TYPE_CHECKING:
    from serving.scoring import Scorer


def score_on_spark(
    artifact: Path,
    data: str,
    out: str,
    *,
    master: str | None,
    scoring_date: dt.date | None = None,
    max_refused_share: float = 0.01,
    with_statuses: bool = False,
) -> BulkScores:
    """Score a folder's accounts into a folder of Parquet files.

    Parameters
    ----------
    artifact : Path
        On the driver; verified before Spark starts, and sent to each executor once.
    data, out : str
        Folders that driver and executors reach: paths or URIs of any file system of Spark's.
    master : str or None
        As `open_session` takes it.
    scoring_date : date, optional
        Dates count as days before it; the newest `last_updated` if not given.

    Raises
    ------
    ArtifactError
        If the artifact must not be used.
    DataError
        If the data cannot be used, or there is something at `out`.
    TooManyRefused
        If more rows were refused than allowed; nothing is then written.
    SparkUnavailable, SparkFailed
        If there is no Spark, or it gave up.
    """
    scorer = load_scorer(artifact)
    packed = pack_served(artifact)
    # One stamp a run, as on the wire: when these scores were made.
    stamp = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    with open_session(master) as session:
        output = OutputFolder(session, out)
        with spark_accounts(
            session,
            data,
            scorer.inputs,
            peer_dimensions=[each.name for each in scorer.scorecard.peer_dimensions],
            events=scorer.scorecard.tree.get("events", {}),
            max_refused_share=max_refused_share,
        ) as accounts:
            date = scoring_date or (accounts.newest.date() if accounts.newest else None)
            sent = session.sparkContext.broadcast(packed)
            rows = RowScores(sent, scorer.artifact.version, date, stamp, with_statuses)
            output.write(lambda place: _write(accounts, rows, scorer, place))
            return BulkScores(accounts.count, accounts.refusals, accounts.notes)


def _write(accounts: SparkAccounts, rows: RowScores, scorer: Scorer, place: str) -> None:
    schema = score_schema(scorer, version=rows.version, with_statuses=rows.with_statuses)
    accounts.frame.mapInArrow(rows.score, spark_schema(schema)).write.parquet(place)
