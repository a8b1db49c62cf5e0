"""Who may come in, how often, and what is noted of it: the three together, for the routes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from serving.gateway import audit
from serving.gateway.callers import (
    NOTHING_SENT,
    Authenticate,
    Caller,
    CallerRefused,
    Callers,
    HasEnviron,
)
from serving.gateway.grants import INVOKE
from serving.gateway.issuers import read_issuers
from serving.gateway.keyring import WatchedKeys
from serving.gateway.keys_file import pepper_beside
from serving.gateway.limits import Limiter
from serving.gateway.refusals import FORBIDDEN, UNAUTHORIZED, Refused
from serving.gateway.settings import GatewaySettings
from serving.gateway.tokens import Tokens, watched_revocations
from serving.gateway.watched import FileUnusable
from serving.web.requests import record_of

T = TypeVar("T")


class Admission:
    """Lets requests in, counts them and notes who made them.

    Parameters
    ----------
    authenticate : callable
        See `Callers.authenticate`.
    limiter : Limiter
    """

    def __init__(self, authenticate: Authenticate, limiter: Limiter) -> None:
        self._authenticate = authenticate
        self._limiter = limiter

    def admit(
        self, request: HasEnviron, *, scope: str = INVOKE, endpoint: str | None = None
    ) -> Caller:
        """Tell who is calling, if they may do this now; see `Callers.authenticate`.

        Raises
        ------
        Refused
        """
        record = record_of(request.environ)
        try:
            caller = self._authenticate(request, scope=scope, endpoint=endpoint)
        except CallerRefused as error:
            audit.note_caller(record, error.caller, endpoint)
            self._count_failure(request, error)
            raise Refused(error.refusal, error.reason) from None
        audit.note_caller(record, caller, endpoint)
        self._limiter.check(caller)
        return caller

    def _count_failure(self, request: HasEnviron, error: CallerRefused) -> None:
        # Who sends nothing guesses nothing.
        if error.refusal not in (FORBIDDEN, UNAUTHORIZED) or error.reason in NOTHING_SENT:
            return
        try:
            self._limiter.failed(request.environ.get("REMOTE_ADDR", ""))
        except Refused:
            record_of(request.environ).fields["cause"] = error.reason
            raise


class Doorkeepers:
    """What the gateway's settings say of callers: read once before the workers are made.

    Parameters
    ----------
    settings : GatewaySettings
    clock : callable
        Seconds that never go back.

    Raises
    ------
    FileUnusable
        Naming every file that cannot be used, and what is wrong in it.
    """

    def __init__(
        self, settings: GatewaySettings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        mistakes: list[str] = []
        self._keys = _unless_unusable(mistakes, lambda: _keys(settings, clock))
        self._tokens = _unless_unusable(mistakes, lambda: _tokens(settings, clock))
        if not mistakes and self._keys is None and self._tokens is None:
            mistakes.append("set SCORECARD_KEYS_FILE, SCORECARD_JWT_ISSUERS_FILE or both")
        if mistakes:
            raise FileUnusable("; ".join(mistakes))

    def start(self) -> Admission:
        """Begin to let callers in; runs in each worker."""
        settings = self._settings
        if self._tokens is not None:
            self._tokens.start()
        callers = Callers(
            settings.auth_header,
            self._keys.find if self._keys else None,
            self._tokens.verify if self._tokens else None,
        )
        limiter = Limiter(
            settings.limits_storage,
            rate=settings.rate,
            quota=settings.quota,
            failures=settings.failure_rate,
        )
        return Admission(callers.authenticate, limiter)


def _keys(settings: GatewaySettings, clock: Callable[[], float]) -> WatchedKeys | None:
    path = settings.keys_file
    if path is None:
        return None
    return WatchedKeys(path, settings.pepper_file or pepper_beside(path), clock)


def _tokens(settings: GatewaySettings, clock: Callable[[], float]) -> Tokens | None:
    path = settings.jwt_issuers_file
    mistakes: list[str] = []
    revoked = _unless_unusable(
        mistakes, lambda: watched_revocations(settings.jwt_revoked_file, clock)
    )
    issuers = _unless_unusable(mistakes, lambda: path and read_issuers(path, clock))
    if mistakes:
        raise FileUnusable("; ".join(mistakes))
    return Tokens(issuers, revoked) if issuers and revoked else None


def _unless_unusable(mistakes: list[str], read: Callable[[], T]) -> T | None:
    try:
        return read()
    except FileUnusable as error:
        mistakes.append(str(error))
        return None
