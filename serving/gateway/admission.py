"""Who may come in, how often, and what is noted of it: the three together, for the routes."""

from __future__ import annotations

from collections.abc import Callable

from serving.gateway import audit
from serving.gateway.callers import (
    NOTHING_SENT,
    Authenticate,
    Caller,
    CallerRefused,
    Callers,
    HasEnviron,
)
from serving.gateway.configuration import Configuration
from serving.gateway.grants import INVOKE
from serving.gateway.limits import Limiter
from serving.gateway.refusals import FORBIDDEN, UNAUTHORIZED, Refused
from serving.web.requests import record_of


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


def admission_of(configuration: Configuration, storage_failed: Callable[[], None]) -> Admission:
    """Begin to let in those of whom the configuration says so; runs in each worker.

    Parameters
    ----------
    configuration : Configuration
    storage_failed : callable
        Told each time the storage of the limits does not answer.
    """
    settings, keys, tokens = configuration.settings, configuration.keys, configuration.tokens
    if tokens is not None:
        tokens.start()
    callers = Callers(
        settings.auth_header,
        keys.find if keys else None,
        tokens.verify if tokens else None,
    )
    limiter = Limiter(
        settings.limits_storage,
        rate=settings.rate,
        quota=settings.quota,
        failures=settings.failure_rate,
        storage_failed=storage_failed,
    )
    return Admission(callers.authenticate, limiter)
