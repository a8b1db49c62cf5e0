"""Holds the model of one worker, puts newer ones in its place, and says why there is none."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable

from serving.inference.model_origins import Offer, Origin
from serving.inference.served_model import ServedModel
from serving.inference.worker_metrics import FAILED, LOADED, REFUSED, WorkerMetrics
from serving.registry.errors import BadVersion, RegistryError
from serving.scoring import ScoringError
from serving.web.problems import Problem

#: A worker waits so long for its registry before it starts with what it had last.
_PATIENCE_S = 2.0

#: Shares of the interval between two looks: workers do not all look at the same moment, and what
#: is left of the interval is for loading what was found.
_SHORTEST, _LONGEST = 0.7, 0.95

_log = logging.getLogger(__name__)


class NoModel(Exception):
    """There is nothing to score with yet; the log says why."""


class ModelSource:
    """Loads a model in the background, then follows its origin; while that fails, tries again.

    A model is swapped by replacing one reference. Whoever has taken the old one with `current`
    goes on with it.

    Parameters
    ----------
    origin : Origin
    poll_s : float
        Seconds within which a newer model is found, and a failed attempt repeated.
    metrics : WorkerMetrics, optional
        Is told which model is served and how attempts end.
    sleep : callable
        Waits for so many seconds.
    """

    def __init__(
        self,
        origin: Origin,
        *,
        poll_s: float,
        metrics: WorkerMetrics | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._origin = origin
        self._poll_s = poll_s
        self._metrics = metrics
        self._sleep = sleep
        self._lock = threading.Lock()
        self._model: ServedModel | None = None
        #: How attempts of each kind fail at the moment; a cause is told once, not every time.
        self._told: dict[str, str] = {}

    def start(self, *, wait_s: float = 5.0) -> None:
        """Begin to load, and give it `wait_s` seconds for a first attempt.

        A worker that takes the place of another one should have its model before it takes requests;
        one whose model takes long should rather say so.
        """
        tried = threading.Event()
        thread = threading.Thread(
            target=self._keep_looking, args=(tried,), daemon=True, name="model-loader"
        )
        thread.start()
        patience_s = min(wait_s, _PATIENCE_S)
        if not tried.wait(patience_s):
            self._fall_back("no answer yet")
        if self._model is None:
            tried.wait(wait_s - patience_s)

    def current(self) -> ServedModel:
        """Give the model.

        Raises
        ------
        NoModel
            While there is none.
        """
        model = self._model
        if model is None:
            raise NoModel
        return model

    def _keep_looking(self, tried: threading.Event) -> None:
        while True:
            self._look()
            tried.set()
            if self._model is not None and not self._origin.changes:
                return
            share = random.uniform(_SHORTEST, _LONGEST)  # noqa: S311 - no secret hangs on it
            self._sleep(self._poll_s * share)

    def _look(self) -> None:
        try:
            offer = self._origin.newer()
        except Exception as error:  # noqa: BLE001 (whatever it is, the process stays up and tries again)
            self._tell(error)
            self._fall_back(str(error))
            return
        self._told.pop(FAILED, None)
        if offer:
            self._take(offer)
            self._told.clear()
            _log.info("model loaded", extra={"fields": {"artifact_version": offer.model.version}})

    def _fall_back(self, reason: str) -> None:
        if self._model is not None:
            return
        try:
            offer = self._origin.last_accepted()
        except Exception as error:  # noqa: BLE001 (as above; it only was an attempt to do better)
            self._tell(error, of="cache")
            return
        if offer and self._take(offer, only_first=True):
            fields = {"artifact_version": offer.model.version, "reason": reason}
            _log.warning("serving the version accepted last", extra={"fields": fields})

    def _take(self, offer: Offer, *, only_first: bool = False) -> bool:
        """Serve the model offered from now on, unless it is `only_first` and there is one."""
        with self._lock:
            if only_first and self._model is not None:
                return False
            self._model = model = offer.model
            if self._metrics:
                self._metrics.serve(model.version, model.scorer.scorecard.id)
                self._metrics.count(LOADED)
            try:
                offer.accept()
            except RegistryError as error:
                fields = {"reason": str(error)}
                _log.warning("the model in use cannot be remembered", extra={"fields": fields})
        return True

    def _tell(self, error: Exception, *, of: str = "registry") -> None:
        expected = isinstance(error, ScoringError | OSError)
        reason = str(error) if expected else f"{type(error).__name__}: {error}"
        failed = isinstance(error, RegistryError) and not isinstance(error, BadVersion)
        kind = of if of == "cache" else FAILED if failed else REFUSED
        is_new = reason != self._told.get(kind)
        self._told[kind] = reason
        if self._metrics and (failed or is_new):
            self._metrics.count(FAILED if failed else REFUSED)
        if not is_new:
            return
        fields = {"reason": reason}
        if self._model is None:
            event = "model not loaded"
        else:
            event = "registry not read" if failed else "model refused"
            fields["artifact_version"] = self._model.version
        _log.error(event, extra={"fields": fields}, exc_info=None if expected else error)


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
