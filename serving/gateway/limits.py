"""How often a caller may ask, and how often an address may fail."""

from __future__ import annotations

import ipaddress
import logging
import time
from collections.abc import Callable
from functools import lru_cache

from serving.gateway.callers import Caller
from serving.gateway.counting import MEMORY, Counts, StorageFailed, StorageUri, Window
from serving.gateway.refusals import LIMIT_EXCEEDED, TOO_MANY_REQUESTS, Refusal, Refused, after

#: For so long a storage that failed is not asked again.
STORAGE_REST_S = 5.0

_log = logging.getLogger(__name__)


class Limiter:
    """Counts what callers ask for and what addresses fail with.

    While the storage does not answer, each process counts for itself: nobody is shut out, and no
    limit is off.

    Parameters
    ----------
    uri : StorageUri
        With `memory://` every worker process counts for itself.
    rate, quota : str or None
        For callers who have none of their own; None is no limit.
    failures : str
        How often an address may fail.
    storage_failed : callable
        Told each time the storage does not answer.
    clock : callable
        Seconds that never go back.
    """

    def __init__(
        self,
        uri: StorageUri,
        *,
        rate: str | None = None,
        quota: str | None = None,
        failures: str = "20/minute",
        storage_failed: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate, self._quota, self._failures = rate, quota, failures
        self._storage_failed = storage_failed
        self._clock = clock
        self._own = Counts(StorageUri(f"{MEMORY}://"))
        self._shared = None if uri.scheme == MEMORY else Counts(uri)
        self._asks_again_at = 0.0

    def check(self, caller: Caller) -> None:
        """Count a request.

        Raises
        ------
        Refused
            429, if it is one too many.
        """
        # What the rate refuses is not taken from the quota.
        if rate := caller.rate or self._rate:
            self._take("too many requests", "moving", rate, caller.id, TOO_MANY_REQUESTS)
        if quota := caller.quota or self._quota:
            self._take("quota used up", "fixed", quota, caller.id, LIMIT_EXCEEDED)

    def failed(self, source: str) -> None:
        """Count a request that came with a wrong key or token.

        Called after these were looked at, which takes some microseconds: so whoever shares an
        address with one who fails is let in all the same.

        Parameters
        ----------
        source : str
            The address it came from.

        Raises
        ------
        Refused
            429, if it is one too many.
        """
        self._take(
            "too many failures", "moving", self._failures, network(source), TOO_MANY_REQUESTS
        )

    def _take(self, reason: str, window: Window, limit: str, who: str, refusal: Refusal) -> None:
        wait_s = self._counted(window, limit, reason, who)
        if wait_s is not None:
            raise Refused(after(refusal, wait_s), reason)

    def _counted(self, window: Window, limit: str, *who: str) -> int | None:
        if self._shared is not None and self._clock() >= self._asks_again_at:
            try:
                return self._shared.take(window, limit, *who)
            except StorageFailed as error:
                self._asks_again_at = self._clock() + STORAGE_REST_S
                self._storage_failed()
                _log.error("limits are counted per process, the storage failed: %s", error)
        return self._own.take(window, limit, *who)


@lru_cache(maxsize=1024)
def network(source: str) -> str:
    """Give what one machine has of the internet: an IPv4 address, or a /64 of IPv6."""
    try:
        address = ipaddress.ip_address(source)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))
