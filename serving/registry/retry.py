"""Try again, a few times, later and later."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from typing import TypeVar

from serving.registry.errors import RegistryError

ATTEMPTS = 5
#: Doubled each time: at most 0.1 + 0.2 + 0.4 + 0.8 = 1.5 s in all, with five attempts.
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 1.0

_log = logging.getLogger(__name__)

_T = TypeVar("_T")


def retry(
    action: Callable[[], _T], transient: type[RegistryError], *, attempts: int = ATTEMPTS
) -> _T:
    """Do `action`; after a `transient` error do it again, at most `attempts` times in all."""
    for attempt in range(attempts - 1):
        try:
            return action()
        except transient as error:
            _log.warning("%s; trying again", error)
        # Writers that met once must not meet again: they wait for different times.
        jitter = random.uniform(0.5, 1.0)  # noqa: S311 - no secret hangs on it
        time.sleep(min(_FIRST_PAUSE_S * 2**attempt, _LONGEST_PAUSE_S) * jitter)
    return action()
