"""Holds the model of one worker, and says why there is none."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from serving.scoring import Scorer, ScoringError

_log = logging.getLogger(__name__)


class NoModel(Exception):
    """There is nothing to score with yet; the log says why."""


class ModelSource:
    """Loads a model once, and tries again in the background while that fails.

    Parameters
    ----------
    load : callable
        Gives the scorer, or raises ScoringError.
    retry_s : float
        Seconds between attempts.
    """

    def __init__(self, load: Callable[[], Scorer], *, retry_s: float) -> None:
        self._load = load
        self._retry_s = retry_s
        self._scorer: Scorer | None = None
        self._reason = ""

    def start(self) -> None:
        """Load now; where that fails, leave the rest to a background thread."""
        if not self._attempt():
            threading.Thread(target=self._retry, daemon=True, name="model-loader").start()

    def current(self) -> Scorer:
        """Give the model.

        Raises
        ------
        NoModel
            While there is none.
        """
        if self._scorer is None:
            raise NoModel
        return self._scorer

    def _attempt(self) -> bool:
        try:
            self._scorer = self._load()
        except Exception as error:  # noqa: BLE001 (whatever it is, the process stays up and tries again)
            expected = isinstance(error, ScoringError | OSError)
            if str(error) != self._reason:  # a cause is told once, not every time
                _log.error(
                    "model not loaded",
                    extra={"fields": {"reason": str(error)}},
                    exc_info=None if expected else error,
                )
            self._reason = str(error)
            return False
        version = self._scorer.artifact.version
        _log.info("model loaded", extra={"fields": {"artifact_version": version}})
        return True

    def _retry(self) -> None:
        wait = threading.Event()
        while not self._attempt():
            wait.wait(self._retry_s)
