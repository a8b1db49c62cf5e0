"""From a request's headers to who is calling."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from serving.gateway.grants import INVOKE
from serving.gateway.key_records import KeyRecord
from serving.gateway.keyring import KeyRefused
from serving.gateway.refusals import (
    FORBIDDEN,
    NOT_ALLOWED,
    TWO_CREDENTIALS,
    UNAUTHORIZED,
    Refusal,
)

_BEARER = b"Bearer "

_NO_KEY, _NO_TOKEN = "no key", "no token"
#: Reasons of refusals where there is no credential.
NOTHING_SENT = frozenset({_NO_KEY, _NO_TOKEN})


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling, and what they may do.

    Attributes
    ----------
    id : str
        The key's id, or ``issuer|subject`` of a token; may be logged.
    kind : str
        What they came with.
    scopes : frozenset of str
    endpoints : frozenset of str or None
        Names of endpoints; None stands for all.
    rate, quota : str or None
        Requests per time, as `10/second`; None stands for the gateway's default.
    """

    id: str
    kind: Literal["key", "jwt"]
    scopes: frozenset[str]
    endpoints: frozenset[str] | None
    rate: str | None
    quota: str | None


class CallerRefused(Exception):
    """A request that comes from nobody, or from somebody who may not make it.

    Attributes
    ----------
    refusal : Refusal
    reason : str
        For the log alone.
    caller : Caller or None
        Who it is, where that is known.
    """

    def __init__(self, refusal: Refusal, reason: str, caller: Caller | None = None) -> None:
        super().__init__(reason)
        self.refusal = refusal
        self.reason = reason
        self.caller = caller


class TokenRefused(Exception):
    """A token that opens nothing. The reason is for the log; callers all hear the same."""


class HasEnviron(Protocol):
    """A request: Flask's own, or anything else that knows its WSGI environment."""

    @property
    def environ(self) -> Mapping[str, Any]:
        """The WSGI environment."""


class Authenticate(Protocol):
    """Tells who is calling, without a look at the body."""

    def __call__(
        self, request: HasEnviron, *, scope: str = INVOKE, endpoint: str | None = None
    ) -> Caller:
        """Give the caller, if they may do this; raises CallerRefused."""


class Callers:
    """Lets callers in by a key in a header or a token in `Authorization`, and by nothing else.

    Parameters
    ----------
    header : str
        The header of keys. A key in it may follow `Bearer `, written exactly so, because Einstein
        Studio sends what its administrator typed, word for word.
    find_key : callable or None
        Gives a key's record or raises KeyRefused; None if there are no keys.
    verify_token : callable or None
        Gives a token's caller or raises TokenRefused; None if there are no tokens.
    """

    def __init__(
        self,
        header: str,
        find_key: Callable[[bytes], KeyRecord] | None,
        verify_token: Callable[[bytes], Caller] | None,
    ) -> None:
        self._variable = "HTTP_" + header.upper().replace("-", "_")
        self._find_key = find_key
        self._verify_token = verify_token

    def authenticate(
        self, request: HasEnviron, *, scope: str = INVOKE, endpoint: str | None = None
    ) -> Caller:
        """Tell who is calling, without a look at the body.

        Parameters
        ----------
        request : HasEnviron
        scope : str
            What the caller must be granted.
        endpoint : str or None
            The endpoint it is about. None is one without a name, open to those only who are
            granted all endpoints.

        Raises
        ------
        CallerRefused
        """
        caller = self._caller(request.environ)
        if scope not in caller.scopes:
            raise CallerRefused(NOT_ALLOWED, "scope not granted", caller)
        if caller.endpoints is not None and endpoint not in caller.endpoints:
            raise CallerRefused(NOT_ALLOWED, "endpoint not granted", caller)
        return caller

    def _caller(self, environ: Mapping[str, Any]) -> Caller:
        key, token = self._credentials(environ)
        # Several headers of one name arrive as one with commas, which neither holds.
        if (key and token) or b"," in key + token:
            raise CallerRefused(TWO_CREDENTIALS, "two credentials")
        if token and self._verify_token is not None:
            return _bearer(self._verify_token, token)
        if self._find_key is None:
            raise CallerRefused(UNAUTHORIZED, _NO_TOKEN)
        if not key:
            raise CallerRefused(FORBIDDEN, _NO_KEY)
        try:
            return _holder(self._find_key(key))
        except KeyRefused as error:
            raise CallerRefused(FORBIDDEN, str(error)) from None

    def _credentials(self, environ: Mapping[str, Any]) -> tuple[bytes, bytes]:
        """Give what was presented as key and as token, each empty if there is none."""
        in_header = _sent(environ, self._variable)
        in_authorization = _sent(environ, "HTTP_AUTHORIZATION")
        if self._variable == "HTTP_AUTHORIZATION":
            # A key is letters and digits, a token has dots.
            is_token = self._verify_token is not None and b"." in in_header
            key = b"" if is_token else in_header
        else:
            # Whoever signs for AWS has a header `Authorization` that is no credential here.
            is_token = self._verify_token is not None and in_authorization.startswith(_BEARER)
            key = in_header
        token = in_authorization.removeprefix(_BEARER) if is_token else b""
        return key.removeprefix(_BEARER), token


def _sent(environ: Mapping[str, Any], variable: str) -> bytes:
    # Latin-1 gives back the bytes that were sent, whatever they mean.
    text: str = environ.get(variable, "")
    return text.encode("latin-1", "replace")


def _bearer(verify: Callable[[bytes], Caller], token: bytes) -> Caller:
    try:
        return verify(token)
    except TokenRefused as error:
        raise CallerRefused(UNAUTHORIZED, str(error)) from None


def _holder(record: KeyRecord) -> Caller:
    grants = record.grants
    return Caller(
        record.key_id,
        "key",
        frozenset(grants.scopes),
        None if grants.endpoints is None else frozenset(grants.endpoints),
        grants.rate,
        grants.quota,
    )
