"""Asks the model's door for the scores of a batch, again and again while that may help."""

from __future__ import annotations

import logging
import math
import random
import threading
import time
from collections.abc import Sequence

import urllib3
from urllib3.exceptions import HTTPError, InvalidHeader

from training.prediction_job.answers import Answer, AnswerReader
from training.prediction_job.changes import Change, body_of
from training.prediction_job.deadline import until_deadline
from training.prediction_job.definition import Job, RetryDefinition
from training.prediction_job.errors import CallFailed, TryLater
from training.prediction_job.failures import check_status
from training.prediction_job.server_words import ServerWords

_log = logging.getLogger(__name__)

VERSION = "X-Scorecard-Version"
#: SageMaker lets no other header of a model through.
_BEHIND_SAGEMAKER = "X-Amzn-SageMaker-Custom-Attributes"

_CONNECT_S = 5
#: No prediction of a mapping is this long; what is longer is no answer.
_MAX_PREDICTION_BYTES = 16 * 1024


class Door:
    """The gateway, as one job calls it. Safe to share by threads.

    Parameters
    ----------
    job : Job
    key : str
        Goes into the header and nowhere else.
    """

    def __init__(self, job: Job, key: str) -> None:
        model, self._retry = job.definition.model, job.definition.retry
        self._url = model.url
        self._headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            model.auth_header: key,
        }
        self._words = ServerWords(key)
        self._reader = AnswerReader(job.mapping, self._words)
        self._stopping = threading.Event()

    def ask(self, changes: Sequence[Change]) -> Answer:
        """Have a batch scored; try until the budget is spent.

        Raises
        ------
        TryLater
            If the budget is spent, with the last reason.
        CallFailed
            If trying again is of no use.
        """
        body = body_of(changes)
        give_up = time.monotonic() + self._retry.budget_s
        attempt = 0
        while True:
            try:
                return self._ask_once(body, len(changes))
            except TryLater as error:
                pause = max(error.after_s, _pause_s(attempt, self._retry))
                if self._stopping.is_set() or time.monotonic() + pause > give_up:
                    raise
                _log.warning(
                    "%d accounts not scored: %s; trying again in %.1f s", len(changes), error, pause
                )
            attempt += 1
            if self._stopping.wait(pause):
                raise CallFailed("the job is stopping")

    def stop(self) -> None:
        """Wait for nothing any more; calls that are tried again give up."""
        self._stopping.set()

    def _ask_once(self, body: bytes, accounts: int) -> Answer:
        limit = _MAX_PREDICTION_BYTES * (accounts + 1)
        response, content = self._answer(body, limit)
        if len(content) > limit:
            raise TryLater(f"the answer has more than {limit} bytes for {accounts} accounts")
        check_status(
            response.status, content, accounts, after_s=_after_s(response), words=self._words
        )
        headers = response.headers
        version = headers.get(VERSION) or headers.get(_BEHIND_SAGEMAKER)
        rows = self._reader.read(content, accounts)
        return Answer(rows, self._words.shown(version) if version else None)

    def _answer(self, body: bytes, limit: int) -> tuple[urllib3.BaseHTTPResponse, bytes]:
        seconds = self._retry.timeout_s
        late = TryLater(f"the gateway gives no whole answer within {seconds:g} s")
        # The deadline comes first; a piece for which nobody waits is only its second keeper.
        timeout = urllib3.Timeout(connect=min(_CONNECT_S, seconds), read=seconds + 1)
        deadline = None
        try:
            with until_deadline(self._url, seconds) as (connections, deadline):
                response = connections.request(
                    "POST", self._url, body=body, headers=self._headers, timeout=timeout,
                    # The key goes where the job file says, not where an answer says.
                    redirect=False, preload_content=False,
                )  # fmt: skip
                content = response.read(limit + 1)
                response.close()
        except HTTPError as error:
            if deadline and deadline.passed:
                raise late from None
            raise TryLater(f"the gateway does not answer ({type(error).__name__})") from None
        if deadline.passed:
            raise late
        return response, content


def _pause_s(attempt: int, retry: RetryDefinition) -> float:
    # Jobs that failed together must not come back together.
    jitter = random.uniform(0.5, 1.0)  # noqa: S311 - no secret hangs on it
    return float(min(retry.first_pause_s * 2 ** min(attempt, 30), retry.longest_pause_s) * jitter)


def _after_s(response: urllib3.BaseHTTPResponse) -> float:
    asked = response.headers.get("Retry-After")
    if not asked:
        return 0.0
    try:
        return max(0.0, float(urllib3.Retry().parse_retry_after(asked)))
    except InvalidHeader:
        return 0.0
    except (OverflowError, ValueError):
        # A number of thousands of digits, a year that no calendar has.
        return math.inf
