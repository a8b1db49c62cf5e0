"""What a status other than a good 200 means for a batch: later, smaller, without some, or never."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from training.prediction_job.errors import CallFailed, RowsRefused, TooLargeBatch, TryLater
from training.prediction_job.server_words import ServerWords

#: SageMaker's word for what its model answered; its gateway may pass it on with 200.
_ERROR_CODE = "ErrorCode"
_MODEL_ERROR = 424
_PASSING = {408, 425, 429}
_KEY = {401, 403}
_BAD_ROWS = {400, 422}
_TOO_LARGE = 413

#: A row of the request, as the container's errors name it.
_ROW = re.compile(r"/instances/(\d{1,9})(?:/.*)?")


def check_status(
    status: int, body: bytes, accounts: int, *, after_s: float, words: ServerWords
) -> None:
    """Return if an answer may hold predictions.

    Parameters
    ----------
    status, body : int, bytes
        The answer.
    accounts : int
        How many were sent.
    after_s : float
        Seconds the answer asked to wait.
    words : ServerWords
        Makes what the server said fit for messages.

    Raises
    ------
    TryLater
        If the next attempt may do better: the server is busy or broken, or hides an error
        behind a 200.
    RowsRefused
        If the answer names rows that cannot be scored.
    TooLargeBatch
        If a smaller batch may do better.
    CallFailed
        If somebody has to change something first.
    """
    error = _error(body) if status != 200 or _ERROR_CODE.encode() in body else {}
    if status == 200:
        if _ERROR_CODE in error:
            said = words.shown(_said(error, body))
            raise TryLater(f"status 200 with an error instead of predictions: {said}")
        return
    if status == _MODEL_ERROR and isinstance(error.get("OriginalStatusCode"), int):
        # The model's own words stand inside.
        status = error["OriginalStatusCode"]
        body = str(error.get("OriginalMessage", "")).encode("utf-8", "replace")
        error = _error(body)
    said = f"status {status}: {words.shown(_said(error, body)) or 'no reason given'}"
    if status in _PASSING or status == _MODEL_ERROR or not 300 <= status < 500:
        raise TryLater(said, after_s)
    if status == _TOO_LARGE:
        raise TooLargeBatch(said)
    if status in _KEY:
        raise CallFailed(
            f"the gateway refuses the key or the path ({said}); look at model.url, "
            "model.auth_header and the key"
        )
    # A refusal that names no row is about all of them, such as columns in another order: asking
    # for each alone would only get round it.
    if status in _BAD_ROWS and (reasons := dict(_rows(error, accounts, words))):
        raise RowsRefused(reasons)
    raise CallFailed(f"the model refuses the whole batch ({said})")


def _error(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _said(error: dict[str, Any], body: bytes) -> str | bytes:
    said = error.get("message") or error.get("Message")
    return str(said) if said else body


def _rows(error: dict[str, Any], accounts: int, words: ServerWords) -> Iterator[tuple[int, str]]:
    named = error.get("errors")
    for entry in named if isinstance(named, list) else []:
        found = _ROW.fullmatch(str(entry.get("path"))) if isinstance(entry, dict) else None
        if found and int(found[1]) < accounts:
            reason = entry.get("reason") or error.get("message") or ""
            yield int(found[1]), words.shown(str(reason)) or "refused"
