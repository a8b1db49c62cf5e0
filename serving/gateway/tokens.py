"""Tokens (JWT): who they are from, and whether they count now."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from serving.gateway.callers import Caller, TokenRefused
from serving.gateway.issuers import Issuer
from serving.gateway.signatures import SignatureRefused, read_unverified, verified_claims
from serving.gateway.watched import FileUnusable, Watched

#: A longer one is not even parsed.
MAX_TOKEN_BYTES = 8192
#: How far clocks may differ, either way.
LEEWAY_S = 30
MAX_SUBJECT_CHARS = 256

#: Without padding, which the standard forbids and many libraries overlook.
_FORM = re.compile(rb"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_REVOKED = re.compile(r"(jti|sub):(.+)")

#: Pairs of `jti` or `sub` and its value.
Revocations = frozenset[tuple[str, str]]


class Tokens:
    """Checks tokens.

    Parameters
    ----------
    issuers : iterable of Issuer
    revoked : callable
        Gives the revocations as they are now.
    """

    def __init__(self, issuers: Iterable[Issuer], revoked: Callable[[], Revocations]) -> None:
        self._issuers = {issuer.issuer: issuer for issuer in issuers}
        self._revoked = revoked

    def start(self) -> None:
        """Begin to keep the issuers' keys fresh; runs in each worker."""
        for issuer in self._issuers.values():
            issuer.keys.start()

    def verify(self, token: bytes) -> Caller:
        """Give a token's caller; never waits for an issuer.

        Raises
        ------
        TokenRefused
        """
        if len(token) > MAX_TOKEN_BYTES or not _FORM.fullmatch(token):
            raise TokenRefused("malformed token")
        try:
            issuer, claims = self._checked(token)
        except SignatureRefused as error:
            raise TokenRefused(str(error)) from None
        _check_age(claims, issuer.max_age_s)
        subject = claims["sub"]
        if not subject.isprintable() or not 0 < len(subject) <= MAX_SUBJECT_CHARS:
            raise TokenRefused("bad claims")
        # By what it says, never by its text: one token can be written in several ways.
        if self._revoked() & {("sub", subject), ("jti", claims.get("jti", ""))}:
            raise TokenRefused("revoked token")
        return Caller(
            f"{issuer.issuer}|{subject}",
            "jwt",
            _scopes(claims.get(issuer.scope_claim)),
            None if issuer.endpoints is None else frozenset(issuer.endpoints),
            issuer.rate,
            issuer.quota,
        )

    def _checked(self, token: bytes) -> tuple[Issuer, dict[str, Any]]:
        header, unverified = read_unverified(token)
        # No extension is understood here. What else a header says of keys (jwk, jku, x5u) is not
        # looked at: keys are the issuer's, and algorithms those of the key.
        if "crit" in header:
            raise SignatureRefused("malformed token")
        named = unverified.get("iss")
        issuer = self._issuers.get(named) if isinstance(named, str) else None
        if issuer is None:
            raise SignatureRefused("unknown issuer")
        key_id = header.get("kid")
        key = issuer.keys.find(key_id) if isinstance(key_id, str) else None
        if key is None:
            raise SignatureRefused("unknown key id")
        claims = verified_claims(
            token, key, issuer=issuer.issuer, audience=issuer.audience, leeway_s=LEEWAY_S
        )
        return issuer, claims


def _check_age(claims: dict[str, Any], max_age_s: int) -> None:
    times = [claims[name] for name in ("exp", "iat", "nbf") if name in claims]
    # PyJWT takes texts for numbers, too.
    if not all(type(moment) in (int, float) for moment in times):
        raise TokenRefused("bad claims")
    if not 0 < claims["exp"] - claims["iat"] <= max_age_s:
        raise TokenRefused("bad claims")


def _scopes(found: object) -> frozenset[str]:
    words = found.split() if isinstance(found, str) else found
    if not isinstance(words, list):
        return frozenset()
    return frozenset(word for word in words if isinstance(word, str))


def watched_revocations(path: Path | None, clock: Callable[[], float]) -> Callable[[], Revocations]:
    """Watch the file of revoked tokens: `jti:…` or `sub:…` a line, blank ones and `#` aside.

    Raises
    ------
    FileUnusable
        If it cannot be used at the start; None is no file.
    """
    if path is None:
        return frozenset

    def read() -> tuple[Revocations, bytes]:
        try:
            text = path.read_bytes()
        except OSError as error:
            raise FileUnusable(f"{path}: {error.strerror}") from None
        return parse(text), text

    def parse(text: bytes) -> Revocations:
        return _revocations(text, path)

    return Watched("revocations", [path], read, parse, clock).now


def _revocations(text: bytes, path: Path) -> Revocations:
    try:
        lines = text.decode().splitlines()
    except UnicodeError:
        raise FileUnusable(f"{path} is not UTF-8") from None
    found, wrong = set(), []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _REVOKED.fullmatch(line.strip())
        if match:
            found.add((match[1], match[2]))
        else:
            wrong.append(f"{path}: line {number} is not jti:… or sub:…")
    if wrong:
        raise FileUnusable(*wrong)
    return frozenset(found)
