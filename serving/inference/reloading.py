"""SIGHUP replaces workers by new ones only if those will have a model."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable
from typing import Any

from gunicorn.arbiter import Arbiter

from serving.scoring import ScoringError

#: A check that takes longer has failed. Meanwhile the master does nothing else; SIGTERM waits, too.
CHECK_S = 20.0
_LOOK_S = 0.02

_log = logging.getLogger("serving.inference")


class CarefulArbiter(Arbiter):  # type: ignore[misc]
    """gunicorn's master, which tries a reload in a child first.

    A child, because what the master loads stays in its memory and in that of every worker to
    come, and because an artifact that ends the process that loads it must not end the master.

    Parameters
    ----------
    app : Server
    check : callable
        Raises ScoringError if a new worker would have no model.
    """

    def __init__(self, app: Any, check: Callable[[], None]) -> None:
        super().__init__(app)
        self._check = check

    def handle_hup(self) -> None:
        """Reload, or keep the workers; the log says which."""
        if self._passes():
            super().handle_hup()
        else:
            _log.error("not reloaded: the workers go on with what they have")

    def _passes(self) -> bool:
        child = os.fork()
        if child == 0:
            self._be_the_child()
        # Nobody else collects it: SIGCHLD is handled by this thread, after this.
        until = time.monotonic() + CHECK_S
        while time.monotonic() < until:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status) == 0
            time.sleep(_LOOK_S)
        _log.error("model not loaded", extra={"fields": {"reason": f"not within {CHECK_S:g} s"}})
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return False

    def _be_the_child(self) -> None:
        """Check, and end: with 0 if all is well."""
        code = 1
        try:
            # The master's handlers only put signals into a queue that nobody reads here.
            for number in self.SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            self._check()
            code = 0
        except Exception as error:  # noqa: BLE001 (whatever it is, the answer is no)
            expected = error if isinstance(error, ScoringError | OSError) else None
            _log.error(
                "model not loaded",
                extra={"fields": {"reason": str(error)}},
                exc_info=None if expected else error,
            )
        finally:
            logging.shutdown()
            # Not what the master registered for its end, such as removing its metrics.
            os._exit(code)
