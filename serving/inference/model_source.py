"""Holds the model of one worker, and says why there is none."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from serving.inference.served_model import ServedModel
from serving.scoring import ScoringError
from serving.web.problems import Problem

_log = logging.getLogger(__name__)


class NoModel(Exception):
    """There is nothing to score with yet; the log says why."""


class ModelSource:
    """Loads a model in the background, and tries again while that fails.

    Parameters
    ----------
    load : callable
        Gives the model, or raises ScoringError.
    retry_s : float
        Seconds between attempts.
    """

    def __init__(self, load: Callable[[], ServedModel], *, retry_s: float) -> None:
        self._load = load
        self._retry_s = retry_s
        self._model: ServedModel | None = None
        self._reason = ""

    def start(self, *, wait_s: float = 5.0) -> None:
        """Begin to load, and give it `wait_s` seconds for a first attempt.

        A worker that takes the place of another one should have its model before it takes requests;
        one whose model takes long should rather say so.
        """
        tried = threading.Event()
        thread = threading.Thread(
            target=self._keep_trying, args=(tried,), daemon=True, name="model-loader"
        )
        thread.start()
        tried.wait(wait_s)

    def current(self) -> ServedModel:
        """Give the model.

        Raises
        ------
        NoModel
            While there is none.
        """
        if self._model is None:
            raise NoModel
        return self._model

    def _keep_trying(self, tried: threading.Event) -> None:
        pause = threading.Event()
        while not self._attempt():
            tried.set()
            pause.wait(self._retry_s)
        tried.set()

    def _attempt(self) -> bool:
        try:
            self._model = self._load()
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
        _log.info("model loaded", extra={"fields": {"artifact_version": self._model.version}})
        return True


def current_model(source: ModelSource) -> ServedModel:
    """Give the model to a request.

    Raises
    ------
    Problem
        503 while there is none. Why is for the log: it can name buckets and folders.
    """
    try:
        return source.current()
    except NoModel:
        raise Problem(503, "no model is loaded", kind="no_model", retry_after_s=5) from None
