"""A tiny issuer of tokens for one machine: a key pair, what a gateway needs of it, and tokens.

A folder holds `private-key.pem`, `jwks.json` and `issuers.json`, which is the gateway's issuers
file. Real callers get their tokens from a real issuer.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from serving.gateway.issuers import MAX_AGE_S, mistakes_in
from serving.gateway.signatures import new_key_pair, sign
from serving.gateway.tokens import MAX_SUBJECT_CHARS

PRIVATE_KEY, JWKS, ISSUERS = "private-key.pem", "jwks.json", "issuers.json"
_KEY_ID = "local"


class LocalIssuerError(Exception):
    """The token would open nothing; the message says what to do."""


def make_token(
    folder: Path,
    *,
    issuer: str,
    audience: str,
    subject: str,
    scopes: Iterable[str],
    lasts: dt.timedelta,
    now: dt.datetime,
) -> str:
    """Write a token, and make the issuer's files if there are none yet.

    Raises
    ------
    LocalIssuerError
        If the folder is not this issuer's, the gateway would refuse such an issuer or audience, or
        the token for its age or subject.
    OSError
        If a file cannot be read or written.
    """
    if lasts > dt.timedelta(seconds=MAX_AGE_S):
        raise LocalIssuerError(f"the gateway takes tokens of at most {MAX_AGE_S} seconds")
    if not subject.isprintable() or not 0 < len(subject) <= MAX_SUBJECT_CHARS:
        raise LocalIssuerError(f"a subject has 1 to {MAX_SUBJECT_CHARS} printable characters")
    described = {
        "issuer": issuer,
        "audience": audience,
        "algorithms": ["ES256"],
        "jwks_file": JWKS,
    }
    if mistakes := mistakes_in(described):
        raise LocalIssuerError("; ".join(mistakes))
    if not (folder / ISSUERS).exists():
        _make_issuer(folder, described)
    try:
        (entry,) = json.loads((folder / ISSUERS).read_bytes())
        is_ours = (entry["issuer"], entry["audience"]) == (issuer, audience)
    except (KeyError, TypeError, ValueError):
        is_ours = False
    if not is_ours:
        raise LocalIssuerError(
            f"{folder / ISSUERS} is for another issuer or audience; give these, or another folder"
        )
    claims = {
        "iss": issuer,
        "aud": audience,
        "sub": subject,
        "scope": " ".join(scopes),
        "iat": int(now.timestamp()),
        "exp": int((now + lasts).timestamp()),
        "jti": secrets.token_urlsafe(12),
    }
    return sign(claims, (folder / PRIVATE_KEY).read_text(), _KEY_ID)


def _make_issuer(folder: Path, entry: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pem, public = new_key_pair(_KEY_ID)
    number = os.open(folder / PRIVATE_KEY, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(number, "w") as file:
        os.fchmod(number, 0o600)
        file.write(pem)
    (folder / JWKS).write_text(json.dumps({"keys": [public]}, indent=1) + "\n")
    # Last: while it is missing, the others are made anew.
    (folder / ISSUERS).write_text(json.dumps([entry], indent=1) + "\n")
