"""Score accounts in bulk, from CSVs to a CSV; write other files whole or not at all."""

from __future__ import annotations

import datetime as dt
import os
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TextIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv

from serving.scoring import ArtifactCorrupt, InvalidInput, Scorer, load_scorer
from serving.scoring.artifact import pack_artifact
from training.errors import DataError
from training.reading.refusals import Refusals
from training.score_columns import ScoreColumns
from training.split import Split, split_accounts
from training.tables import Accounts, read_accounts, stream_accounts

_STDIO = "-"


def read_for(
    artifact: Path, folder: Path, max_refused_share: float, scoring_date: dt.datetime | None
) -> tuple[Scorer, Accounts, dt.date | None]:
    """Load an artifact and the accounts it needs; the scoring date is that given, or the newest."""
    scorer = load_scorer(artifact)
    return scorer, *read_inputs(scorer, folder, max_refused_share, scoring_date)


def read_inputs(
    scorer: Scorer, folder: Path, max_refused_share: float, scoring_date: dt.datetime | None
) -> tuple[Accounts, dt.date | None]:
    """Read the accounts that a scorer needs, and the scoring date as `read_for`."""
    accounts = read_accounts(
        folder,
        scorer.inputs,
        peer_dimensions=[column.name for column in scorer.scorecard.peer_dimensions],
        events=scorer.scorecard.tree.get("events", {}),
        scoring_date=None if scoring_date is None else scoring_date.date(),
        max_refused_share=max_refused_share,
    )
    moment = scoring_date or accounts.newest
    return accounts, moment.date() if moment is not None else None


def split_of(scorer: Scorer, accounts: Accounts) -> NDArray[np.int8]:
    """Deal accounts to the splits as an artifact's were: `Split`, shape (n_accounts,).

    Raises
    ------
    ArtifactCorrupt
        If the artifact does not say how its accounts were split.
    DataError
        If its fit may have seen all of them.
    """
    split = dealt(scorer, accounts.frame["acct_id"])
    if not (split == Split.EVALUATE).any():
        raise DataError(
            f"none of the {len(split)} accounts was kept out of training; "
            "--all evaluates on every account"
        )
    return split


def dealt(scorer: Scorer, account_ids: Iterable[str]) -> NDArray[np.int8]:
    """Deal ids as `split_of` does, also where nobody was kept out; raises ArtifactCorrupt."""
    try:
        told = scorer.artifact.manifest["training"]["split"]
        salt, shares = str(told["salt"]), [float(share) for share in told["shares"]]
    except (KeyError, TypeError, ValueError):
        raise ArtifactCorrupt("manifest.json does not say how accounts were split") from None
    return split_accounts(account_ids, salt=salt, shares=shares)


def score_folder(
    scorer: Scorer,
    accounts: Accounts,
    out: str,
    *,
    scoring_date: dt.date | None,
    with_statuses: bool = False,
) -> int:
    """Score a table that is in memory; gives the number of accounts."""
    return _write_scores(scorer, [accounts.frame], out, scoring_date, with_statuses)


def score_stream(
    artifact: Path,
    source: str,
    out: str,
    refusals: Refusals,
    *,
    max_refused_share: float,
    scoring_date: dt.date | None,
    with_statuses: bool = False,
) -> int:
    """Score one CSV batch by batch, in constant memory; gives the number of accounts.

    Raises
    ------
    TooManyRefused
        At the end, when the share is known; a file at `out` is then not written.
    """
    scorer = load_scorer(artifact)
    dates = [column.name for column in scorer.inputs if column.type == "date"]
    if dates and scoring_date is None:
        raise InvalidInput(
            f"{', '.join(dates)} is a date, and a single CSV does not say as of when to count: "
            "give --scoring-date"
        )
    file: Path | BinaryIO = _stream(sys.stdin, "stdin") if source == _STDIO else Path(source)

    def batches() -> Iterator[pd.DataFrame]:
        yield from stream_accounts(file, scorer.inputs, refusals)
        refusals.check(max_refused_share)

    return _write_scores(scorer, batches(), out, scoring_date, with_statuses)


def pack_to(artifact: Path, out: Path) -> int:
    """Write an artifact's ``model.tar.gz``; gives its size in bytes."""
    data = pack_artifact(artifact)
    with _whole(str(out)) as file:
        file.write(data)
    return len(data)


def _write_scores(
    scorer: Scorer,
    frames: Iterable[pd.DataFrame],
    out: str,
    scoring_date: dt.date | None,
    with_statuses: bool,
) -> int:
    columns = ScoreColumns(scorer, with_statuses=with_statuses)
    # One stamp a run, as on the wire: when these scores were made.
    stamp = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    count = 0
    with _whole(out) as file:
        file.write((",".join(["acct_id", *columns.names]) + "\n").encode())
        for frame in frames:
            scores = scorer.score(scorer.encode(frame, scoring_date=scoring_date))
            ids = pa.array(frame["acct_id"], type=pa.string())
            table = pa.table([ids, *columns.of(scores, stamp)], names=["acct_id", *columns.names])
            texts = [ids, *(table[name] for name in columns.texts)]
            special = any(_is_special(column) for column in texts)
            options = csv.WriteOptions(
                include_header=False, quoting_style="needed" if special else "none"
            )
            csv.write_csv(table, file, options)
            count += len(frame)
    return count


def _is_special(texts: Any) -> bool:
    """Say whether a text needs quotes."""
    return bool(pc.any(pc.match_substring_regex(texts, '[",\r\n]')).as_py())


@contextmanager
def _whole(out: str) -> Iterator[BinaryIO]:
    """Open for writing; a file appears only when all of it is written, others stream.

    Raises
    ------
    OSError
        With the name `out`, if it cannot be written.
    """
    if out == _STDIO:
        stdout = _stream(sys.stdout, "stdout")
        yield stdout
        stdout.flush()
        return
    # What a link points to is replaced, not the link.
    target = Path(os.path.realpath(out))
    mode = _mode(Path(out))
    if mode is not None and not stat.S_ISREG(mode):
        # A pipe or a device must be written to: a file put in its place would reach nobody.
        with Path(out).open("wb") as file:
            yield file
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, scratch = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:
        # Name what was asked for, not the scratch file.
        raise OSError(error.errno, error.strerror, out) from None
    try:
        with _named(out), os.fdopen(handle, "wb") as file:
            yield file
        # mkstemp makes it private; a result is as readable as the file it replaces, or as any.
        Path(scratch).chmod(_default_mode() if mode is None else stat.S_IMODE(mode))
        Path(scratch).replace(target)
    finally:
        Path(scratch).unlink(missing_ok=True)


def _stream(text: TextIO | None, name: str) -> BinaryIO:
    if text is None:
        raise InvalidInput(f"{name} is closed")
    return text.buffer


def _mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None


def _default_mode() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


@contextmanager
def _named(out: str) -> Iterator[None]:
    """Name the file in an error of writing: the system does not say which it was."""
    try:
        yield
    except OSError as error:
        if error.filename is not None or error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, out) from None
