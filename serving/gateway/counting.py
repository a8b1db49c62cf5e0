"""Counting in windows of time; all that is asked of the library `limits`."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from functools import lru_cache
from typing import Literal, cast
from urllib.parse import urlsplit

from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import RedisStorage, Storage, storage_from_string
from limits.storage.base import MovingWindowSupport
from limits.strategies import FixedWindowRateLimiter, MovingWindowRateLimiter, RateLimiter

from serving.gateway.connecting import check_host

MEMORY = "memory"
#: Where counts may be kept.
_SCHEMES = (MEMORY, "redis", "rediss")

#: In any span of that time, or from the first one on and then anew.
Window = Literal["moving", "fixed"]

#: A storage that does not answer must not hold up callers.
_TIMEOUT_S = 0.25
_SWEEP_EVERY_S = 60.0


class StorageFailed(Exception):
    """The storage does not answer; names the kind of error alone, because others hold the URI."""


class StorageUri:
    """Where counts are kept; shows no password."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.scheme = urlsplit(text).scheme

    def __str__(self) -> str:
        return f"{self.scheme}://{urlsplit(self.text).netloc.rpartition('@')[2]}"

    __repr__ = __str__


def storage_uri(text: str) -> StorageUri:
    """Parse the URI of a storage, and see that what it needs is installed.

    Raises
    ------
    ValueError
        Saying what would be right, without the text: it may hold a password.
    """
    try:
        uri = StorageUri(text)
        _check_connection(_open(uri))
    except Exception:  # noqa: BLE001 (whatever the libraries find wrong, they may quote)
        raise ValueError(
            "must be memory:// or redis://HOST:PORT (rediss:// with TLS), for which the Python "
            "library redis must be installed"
        ) from None
    return uri


class Counts:
    """Counts in one storage."""

    def __init__(self, uri: StorageUri) -> None:
        storage = _open(uri)
        self._windows: dict[Window, RateLimiter] = {
            "moving": MovingWindowRateLimiter(storage),
            "fixed": FixedWindowRateLimiter(storage),
        }

    def take(self, window: Window, limit: str, *who: str) -> int | None:
        """Count one more.

        Parameters
        ----------
        window : {'moving', 'fixed'}
        limit : str
            As `10/second`.
        who : str
            Whose count it is.

        Returns
        -------
        int or None
            None if there was room for it, else the seconds, at least 1, until there is.

        Raises
        ------
        StorageFailed
        """
        item, windows = _item(limit), self._windows[window]
        try:
            if windows.hit(item, *who):
                return None
            resets_at = windows.get_window_stats(item, *who).reset_time
        except Exception as error:  # noqa: BLE001 (whatever it is, callers can be counted elsewhere)
            cause = error.storage_error if isinstance(error, StorageError) else error
            raise StorageFailed(type(cause).__name__) from None
        return max(1, math.ceil(resets_at - time.time()))


class InProcess(Storage, MovingWindowSupport):
    """Counts of this process.

    The library's own starts a thread for nearly every count, which costs more than all else here.
    """

    STORAGE_SCHEME = None

    def __init__(self) -> None:
        super().__init__(wrap_exceptions=True)
        self._lock = threading.Lock()
        #: Moments of a moving window, oldest first, and how long they count.
        self._moments: dict[str, tuple[deque[float], float]] = {}
        #: Count of a fixed window, and when it ends.
        self._counts: dict[str, tuple[int, float]] = {}
        self._next_sweep = time.time() + _SWEEP_EVERY_S

    @property
    def base_exceptions(self) -> type[Exception]:
        """Nothing fails here that could be told apart."""
        return StorageError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count in a fixed window."""
        now = time.time()
        with self._lock:
            self._sweep(now)
            count, ends_at = self._counts.get(key, (0, 0.0))
            if ends_at <= now:
                count, ends_at = 0, now + expiry
            self._counts[key] = (count + amount, ends_at)
            return count + amount

    def get(self, key: str) -> int:
        """Give the count of a fixed window."""
        count, ends_at = self._counts.get(key, (0, 0.0))
        return count if ends_at > time.time() else 0

    def get_expiry(self, key: str) -> float:
        """Give when a fixed window ends, in seconds since the epoch."""
        return self._counts.get(key, (0, time.time()))[1]

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count in a moving window, if there is room."""
        now = time.time()
        with self._lock:
            self._sweep(now)
            moments, _ = self._moments.setdefault(key, (deque(), expiry))
            _drop_until(moments, now - expiry)
            if len(moments) + amount > limit:
                return False
            moments.extend([now] * amount)
            return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:  # noqa: ARG002
        """Give the oldest moment of a moving window, and how many there are."""
        now = time.time()
        with self._lock:
            moments, _ = self._moments.get(key, (deque[float](), expiry))
            _drop_until(moments, now - expiry)
            return (moments[0] if moments else now), len(moments)

    def check(self) -> bool:
        """Tell whether it is there."""
        return True

    def reset(self) -> int | None:
        """Forget everything."""
        with self._lock:
            self._moments.clear()
            self._counts.clear()
        return None

    def clear(self, key: str) -> None:
        """Forget a count."""
        with self._lock:
            self._moments.pop(key, None)
            self._counts.pop(key, None)

    def _sweep(self, now: float) -> None:
        """Forget those who have not been here for a while, or memory would grow with them."""
        if now < self._next_sweep:
            return
        self._next_sweep = now + _SWEEP_EVERY_S
        self._counts = {key: kept for key, kept in self._counts.items() if kept[1] > now}
        self._moments = {
            key: (moments, lasts)
            for key, (moments, lasts) in self._moments.items()
            if moments and moments[-1] > now - lasts
        }


def _drop_until(moments: deque[float], end: float) -> None:
    while moments and moments[0] <= end:
        moments.popleft()


@lru_cache(maxsize=1024)
def _item(limit: str) -> RateLimitItem:
    return parse(limit)


def _open(uri: StorageUri) -> Storage:
    if uri.scheme not in _SCHEMES:
        raise ValueError(uri.scheme)
    if uri.scheme == MEMORY:
        return InProcess()
    storage = storage_from_string(
        uri.text, wrap_exceptions=True, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S
    )
    return cast("Storage", storage)


def _check_connection(storage: Storage) -> None:
    """See that the storage could be asked; nobody is. Raises whatever its library does."""
    if isinstance(storage, RedisStorage):
        # What is wrong with options is found only now, and with a name never.
        pool = storage.storage.connection_pool
        pool.make_connection()
        check_host(pool.connection_kwargs.get("host", "localhost"))
