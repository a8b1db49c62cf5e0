"""What a run on Spark left, beside what one machine says of the same files."""

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from training.batch import read_inputs
from training.bulk.score_batches import score_batches


def local_scores(scorer, folder, *, scoring_date=None):
    """Score a folder in this process."""
    accounts, date = read_inputs(
        scorer, folder, 1.0, scoring_date and dt.datetime.combine(scoring_date, dt.time())
    )
    batch = pa.RecordBatch.from_pandas(accounts.frame, preserve_index=False)
    version = scorer.artifact.version
    scores = score_batches(scorer, [batch], scoring_date=date, version=version, stamp="now")
    return pa.Table.from_batches(list(scores)).to_pandas()


def spark_scores(folder):
    """Read what Spark wrote."""
    parts = sorted(Path(folder).glob("part-*.parquet"))
    return pa.concat_tables([pq.read_table(part) for part in parts]).to_pandas()


def assert_same_scores(ours: pd.DataFrame, theirs: pd.DataFrame) -> None:
    """Fail unless both have the same accounts, each once, and the same bits of every score."""
    assert list(ours) == list(theirs)
    assert ours["acct_id"].is_unique
    ours, theirs = (each.sort_values("acct_id", ignore_index=True) for each in (ours, theirs))
    assert ours["acct_id"].equals(theirs["acct_id"])
    for name in ours.columns.drop(["acct_id", "last_modified"]):
        if ours[name].dtype == np.float64:
            np.testing.assert_array_equal(ours[name].isna(), theirs[name].isna(), err_msg=name)
            bits = [each[name].fillna(0.0).to_numpy().view(np.int64) for each in (ours, theirs)]
            np.testing.assert_array_equal(*bits, err_msg=name)
        else:
            assert ours[name].equals(theirs[name]), name
