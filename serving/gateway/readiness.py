"""Whether the upstream is ready, told at once even if it hangs."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

#: How long an answer to a health check waits for the upstream's; then the last one known is given.
_WAIT_S = 0.03
#: The same while there is none known.
_FIRST_WAIT_S = 1.0

_log = logging.getLogger(__name__)


class Readiness:
    """Asks the upstream in a thread of its own, one question at a time.

    Parameters
    ----------
    ask : callable
        Tells whether the upstream is ready; may take its time.
    """

    def __init__(self, ask: Callable[[], bool]) -> None:
        self._ask = ask
        self._told = threading.Condition()
        self._asked_at: float | None = None
        self._is_ready: bool | None = None

    def __call__(self) -> bool:
        """Give the upstream's answer, or its last one if this one takes too long."""
        with self._told:
            if self._asked_at is None:
                self._asked_at = time.monotonic()
                threading.Thread(target=self._find_out, daemon=True, name="readiness").start()
            # Whoever comes later does not wait anew for a question that is old already.
            wait_s = _FIRST_WAIT_S if self._is_ready is None else _WAIT_S
            left = self._asked_at + wait_s - time.monotonic()
            self._told.wait_for(lambda: self._asked_at is None, max(left, 0.0))
            return bool(self._is_ready)

    def _find_out(self) -> None:
        is_ready = False
        try:
            is_ready = self._ask()
        except Exception as error:  # noqa: BLE001 (whatever it is, health checks get an answer)
            _log.error("the upstream's readiness is unknown", exc_info=error)
        finally:
            with self._told:
                self._is_ready = is_ready
                self._asked_at = None
                self._told.notify_all()
