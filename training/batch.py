"""Score accounts in bulk, from CSVs to a CSV; write other files whole or not at all."""

from __future__ import annotations

import datetime as dt
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from serving.scoring import Scorer, load_scorer
from serving.scoring.artifact import pack_artifact
from training.reading.refusals import Refusals
from training.tables import Accounts, read_accounts, stream_accounts

_STDIO = "-"


def read_for(
    artifact: Path, folder: Path, max_refused_share: float, scoring_date: dt.datetime | None
) -> tuple[Scorer, Accounts, dt.date | None]:
    """Load an artifact and the accounts it needs; the scoring date is that given, or the newest."""
    scorer = load_scorer(artifact)
    dimensions = [column.name for column in scorer.scorecard.peer_dimensions]
    accounts = read_accounts(
        folder, scorer.inputs, peer_dimensions=dimensions, max_refused_share=max_refused_share
    )
    moment = scoring_date or accounts.newest
    return scorer, accounts, moment.date() if moment is not None else None


def score_folder(
    scorer: Scorer, accounts: Accounts, out: str, *, scoring_date: dt.date | None
) -> int:
    """Score a table that is in memory; gives the number of accounts."""
    return _write_scores(scorer, [accounts.frame], out, scoring_date)


def score_stream(
    artifact: Path,
    source: str,
    out: str,
    refusals: Refusals,
    *,
    max_refused_share: float,
    scoring_date: dt.date | None,
) -> int:
    """Score one CSV batch by batch, in constant memory; gives the number of accounts.

    Raises
    ------
    TooManyRefused
        At the end, when the share is known; a file at `out` is then not written.
    """
    scorer = load_scorer(artifact)
    file: Path | BinaryIO = sys.stdin.buffer if source == _STDIO else Path(source)

    def batches() -> Iterator[pd.DataFrame]:
        yield from stream_accounts(file, scorer.inputs, refusals)
        refusals.check(max_refused_share)

    return _write_scores(scorer, batches(), out, scoring_date)


def pack_to(artifact: Path, out: Path) -> int:
    """Write an artifact's ``model.tar.gz``; gives its size in bytes."""
    data = pack_artifact(artifact)
    with _whole(str(out)) as file:
        file.write(data)
    return len(data)


def _write_scores(
    scorer: Scorer, frames: Iterable[pd.DataFrame], out: str, scoring_date: dt.date | None
) -> int:
    names = list(scorer.outputs)
    # One stamp a run, as on the wire: when these scores were made.
    stamp = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    count = 0
    with _whole(out) as file:
        file.write((",".join(["acct_id", *names]) + "\n").encode())
        for frame in frames:
            scores = scorer.score(scorer.encode(frame, scoring_date=scoring_date)).values
            ids = pa.array(frame["acct_id"], type=pa.string())
            columns = [pa.array(column, from_pandas=True) for column in scores.T]
            stamps = pa.repeat(pa.scalar(stamp), len(frame))
            table = pa.table([ids, *columns, stamps], names=["acct_id", *names])
            special = pc.any(pc.match_substring_regex(ids, '[",\r\n]')).as_py()
            options = csv.WriteOptions(
                include_header=False, quoting_style="needed" if special else "none"
            )
            csv.write_csv(table, file, options)
            count += len(frame)
    return count


@contextmanager
def _whole(out: str) -> Iterator[BinaryIO]:
    """Open for writing; a file appears only when all of it is written, stdout streams."""
    if out == _STDIO:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    target = Path(out)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        # mkstemp makes it private; a result is as readable as any file one writes.
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(target)
    finally:
        Path(name).unlink(missing_ok=True)
