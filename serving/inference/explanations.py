"""Bytes to bytes: a request's accounts, and why each has its scores."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson

from serving.inference.prediction import Manner, Prediction, check_time, end, read_request
from serving.inference.served_model import ServedModel
from serving.inference.views import View
from serving.inference.wire.formats import JSON, JSON_LINES, Format
from serving.web.problems import Problem

#: Accounts of one request: explained, each takes some 8 KB and a millisecond of a worker, or
#: three where changes are tried that reach the next band.
MAX_ACCOUNTS = 200

#: Accounts explained between two looks at the clock.
_BLOCK = 64

_Rows = list[dict[str, Any] | None]


def _json(_keys: Sequence[str], rows: _Rows) -> bytes:
    return orjson.dumps(rows)[1:-1]


def _lines(_keys: Sequence[str], rows: _Rows) -> bytes:
    return b"".join([orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows])


#: An explanation is a tree: there is no CSV of it.
EXPLAINED: tuple[Format, ...] = (
    replace(JSON, opening=b'{"explanations":[', write=_json),
    replace(JSON_LINES, write=_lines),
)


def explain(
    model: ServedModel,
    body: bytes,
    asked: Format,
    given: Format,
    manner: Manner,
    now: dt.datetime,
    *,
    view: View | None = None,
) -> Prediction:
    """Decode a body, explain its accounts, encode the explanations; null for a bad row kept.

    Nothing is counted as scored: the metrics of scores are about invocations.

    Raises
    ------
    Problem
        As `predict`; and 413 for more than `MAX_ACCOUNTS`.
    """
    deadline = time.monotonic() + manner.deadline_s
    decoded, _, fields = read_request(model, body, asked, manner, now.date())
    count = len(decoded.accounts)
    if count > MAX_ACCOUNTS:
        message = f"{count} accounts are too many to explain at once; send at most {MAX_ACCOUNTS}"
        raise Problem(413, message)
    pieces = [given.begin()]
    for start in range(0, count, _BLOCK):
        check_time(deadline, manner)
        told = model.scorer.explain(decoded.accounts[start : start + _BLOCK])
        block: _Rows = [explanation.to_dict() for explanation in told]
        if view is not None:
            block = [row and view.of(row) for row in block]
        for row in decoded.bad_rows:
            if start <= row < start + _BLOCK:
                block[row - start] = None
        pieces.append(given.block((), block, first=start == 0))
    check_time(deadline, manner)
    end(pieces, given, manner)
    return Prediction(pieces, len(decoded.bad_rows), fields)
