"""Bytes to bytes: where a request is decoded, scored and encoded."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from serving.inference.ranges import Seen, refuse_shifted
from serving.inference.scoring_metrics import ScoringMetrics
from serving.inference.served_model import ServedModel
from serving.inference.wire.formats import Decoded, Format
from serving.scoring import InvalidInput, MissingColumns, Scores
from serving.web.problems import Problem

#: So many rows of which none can be read are a request of another kind, not rows to pass over.
_ALL_BAD = 20

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
    asked_for = read_request(model, body, asked, manner, now.date())
    decoded, seen = asked_for.decoded, asked_for.seen
    pieces, told = [given.begin()], []
    for block, scores in _score(model, decoded, deadline, manner, now):
        # The scores themselves need not be kept once they are bytes: they are the larger part.
        told.append((scores.ranks, scores.statuses))
        pieces.append(given.block(model.predictions.keys, block, first=len(told) == 1))
    if model.metrics is not None and told:
        _observe(model.metrics, seen, told, list(decoded.bad_rows))
    end(pieces, given, manner)
    return Prediction(pieces, len(decoded.bad_rows), asked_for.fields)


def _observe(
    metrics: ScoringMetrics,
    seen: Seen,
    told: list[tuple[NDArray[np.float64], NDArray[np.uint8]]],
    bad_rows: list[int],
) -> None:
    """Count ranks and statuses, block by block as they were scored."""
    statuses = None
    if metrics.counts_statuses:
        # A bad row has no ranks, but it would have statuses.
        every = np.concatenate([block for _, block in told])
        statuses = np.delete(every, bad_rows, axis=0)
    metrics.observe(seen, np.concatenate([block for block, _ in told]), len(bad_rows), statuses)


class Request(NamedTuple):
    """What a request asks about: its accounts, how they look, what the log says of them."""

    decoded: Decoded
    seen: Seen
    fields: dict[str, Any]


def read_request(
    model: ServedModel, body: bytes, asked: Format, manner: Manner, today: dt.date
) -> Request:
    """Decode a body.

    Raises
    ------
    Problem
        400 if it cannot be read or seems to have its columns in another order.
    """
    decoded = _decode(model, body, asked, manner, today)
    fields = {"rows": len(decoded.accounts), **_bad_rows(decoded)}
    seen = model.ranges.watch(_good(decoded))
    if any(seen.outside):
        fields["outside_training_range"] = seen.shares_outside()
    refuse_shifted(
        seen, model.scorer.inputs, manner.refuse_out_of_range, rows=len(decoded.accounts)
    )
    return Request(decoded, seen, fields)


def end(pieces: list[bytes], given: Format, manner: Manner) -> None:
    """Add what stands at the end of an answer."""
    pieces.append(given.end())
    if manner.ends_with_newline and any(pieces) and not b"".join(pieces[-2:]).endswith(b"\n"):
        pieces.append(b"\n")


def _decode(
    model: ServedModel, body: bytes, asked: Format, manner: Manner, today: dt.date
) -> Decoded:
    try:
        return asked.decode(body, model.columns, today=today, keep_bad_rows=manner.keep_bad_rows)
    except MissingColumns as error:
        known_to_none = len(error.missing) == model.columns.width
        hint = '; by position send {"instances": [{"features": [...]}]}' if known_to_none else ""
        raise Problem(400, f"{error}{hint}") from None
    except InvalidInput as error:
        raise Problem(400, str(error)) from None


def _bad_rows(decoded: Decoded) -> dict[str, Any]:
    """Say for the log what could not be read; raises Problem 400 if that is everything."""
    bad = decoded.bad_rows
    if not bad:
        return {}
    first = next(iter(bad.values()))
    if len(bad) == len(decoded.accounts) >= _ALL_BAD:
        raise Problem(400, f"no row can be read; the first: {first}")
    return {"bad_rows": len(bad), "first_bad_row": first}


def _good(decoded: Decoded) -> NDArray[np.float64]:
    if not decoded.bad_rows:
        return decoded.accounts
    return np.delete(decoded.accounts, list(decoded.bad_rows), axis=0)


def _score(
    model: ServedModel, decoded: Decoded, deadline: float, manner: Manner, now: dt.datetime
) -> Iterator[tuple[list[list[Any]], Scores]]:
    """Score block by block; gives the rows of predictions with the scores they are made of."""
    stamp = now.isoformat(timespec="milliseconds")
    for start in range(0, len(decoded.accounts), _BLOCK):
        check_time(deadline, manner)
        block = slice(start, start + _BLOCK)
        scores = model.scorer.score(decoded.accounts[block])
        bad = [row - start for row in decoded.bad_rows if start <= row < block.stop]
        yield model.predictions.rows(decoded.accounts[block], scores, stamp, bad), scores
    check_time(deadline, manner)


def check_time(deadline: float, manner: Manner) -> None:
    """Raise Problem 503 if it is past the deadline, on the monotonic clock."""
    if time.monotonic() > deadline:
        message = f"scoring took longer than {manner.deadline_s:g} s; send fewer accounts at once"
        raise Problem(503, message, kind="deadline", retry_after_s=1)
