"""Bytes to bytes: where a request is decoded, scored and encoded."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from serving.inference.ranges import refuse_shifted
from serving.inference.served_model import ServedModel
from serving.inference.wire.formats import Decoded, Format
from serving.scoring import InvalidInput
from serving.web.problems import Problem

#: Accounts scored and encoded at a time: on its way to bytes an account takes 20 times its room.
_BLOCK = 4096


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How requests are scored.

    Attributes
    ----------
    deadline_s : float
        Seconds it may take.
    keep_bad_rows : bool
        Whether a row that cannot be read is answered by nulls instead of refusing the request.
    refuse_out_of_range : float or None
        Share of a column outside the training range beyond which a request is refused.
    ends_with_newline : bool
        Whether every answer does, as a batch transform that joins answers needs it.
    """

    deadline_s: float = 25.0
    keep_bad_rows: bool = False
    refuse_out_of_range: float | None = None
    ends_with_newline: bool = False


@dataclass(slots=True)
class Prediction:
    """The answer to a request.

    Attributes
    ----------
    pieces : list of bytes
        The body.
    bad_rows : int
        How many rows could not be read.
    fields : dict
        What the log says of it; no values.
    """

    pieces: list[bytes]
    bad_rows: int
    fields: dict[str, Any] = field(default_factory=dict)


def predict(
    model: ServedModel, body: bytes, asked: Format, given: Format, manner: Manner, now: dt.datetime
) -> Prediction:
    """Decode a body, score its accounts, encode the scores.

    Raises
    ------
    Problem
        400 if the body cannot be read or seems to have its columns in another order, 503 if it
        takes too long.
    """
    deadline = time.monotonic() + manner.deadline_s
    decoded = _decode(model, body, asked, manner, now.date())
    accounts, bad = decoded.accounts, decoded.bad_rows
    seen = model.ranges.watch(accounts if not bad else np.delete(accounts, list(bad), axis=0))
    fields: dict[str, Any] = {"rows": len(accounts), "artifact_version": model.version}
    if bad:
        fields |= {"bad_rows": len(bad), "first_bad_row": next(iter(bad.items()))}
    if any(seen.outside):
        fields["outside_training_range"] = seen.shares_outside()
    refuse_shifted(seen, model.scorer.inputs, manner.refuse_out_of_range)
    pieces, ranks = [given.begin()], []
    stamp = now.isoformat(timespec="milliseconds")
    for start in range(0, len(accounts), _BLOCK):
        if time.monotonic() > deadline:
            raise _too_slow(manner.deadline_s)
        block = accounts[start : start + _BLOCK]
        scores = model.scorer.score(block)
        ranks.append(scores.ranks)
        bad_here = [row - start for row in bad if start <= row < start + _BLOCK] if bad else ()
        rows = model.predictions.rows(block, scores, stamp, bad_here)
        pieces.append(given.block(model.predictions.keys, rows, first=start == 0))
    if time.monotonic() > deadline:
        raise _too_slow(manner.deadline_s)
    if model.metrics is not None and ranks:
        all_ranks = ranks[0] if len(ranks) == 1 else np.concatenate(ranks)
        model.metrics.observe(seen, all_ranks, len(bad))
    pieces.append(given.end())
    if manner.ends_with_newline and not b"".join(pieces[-2:]).endswith(b"\n"):
        pieces.append(b"\n")
    return Prediction(pieces, len(bad), fields)


def _decode(
    model: ServedModel, body: bytes, asked: Format, manner: Manner, today: dt.date
) -> Decoded:
    try:
        return asked.decode(body, model.columns, today=today, keep_bad_rows=manner.keep_bad_rows)
    except InvalidInput as error:
        raise Problem(400, str(error)) from None


def _too_slow(deadline_s: float) -> Problem:
    message = f"scoring took longer than {deadline_s:g} s; send fewer accounts at once"
    return Problem(503, message, kind="deadline", retry_after_s=1)
