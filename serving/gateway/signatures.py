"""Signatures of tokens and the keys for them; all that is asked of PyJWT."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jwt
from jwt.algorithms import ECAlgorithm
from jwt.exceptions import InvalidJTIError, InvalidSubjectError, PyJWTError
from jwt.types import Options

#: Kind and curve of keys → the algorithms they are for. Nothing symmetric: these are no secrets.
_FITTING = {
    "RSA None": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    "EC P-256": ("ES256",),
    "EC P-384": ("ES384",),
    "EC P-521": ("ES512",),
    "OKP Ed25519": ("EdDSA",),
}
ALGORITHMS = tuple(name for names in _FITTING.values() for name in names)

_PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "k"}
MIN_RSA_BITS = 2048


class SignatureRefused(Exception):
    """A token whose form, signature, times, issuer or audience are not right; says which."""


class KeyUnusable(Exception):
    """A public key that must not be used, or cannot; says why."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key to check signatures with.

    Attributes
    ----------
    key_id : str
    algorithms : tuple of str
        Those it may be used for.
    """

    key_id: str
    algorithms: tuple[str, ...]
    key: Any


def public_key(found: Mapping[str, Any], allowed: Sequence[str]) -> PublicKey:
    """Read a key of a JWKS.

    Parameters
    ----------
    found : mapping
        The JWK.
    allowed : sequence of str
        The issuer's algorithms.

    Raises
    ------
    KeyUnusable
        If it is not for signatures of these algorithms, too short, private or broken.
    """
    kid = found.get("kid")
    if not isinstance(kid, str) or not kid:
        raise KeyUnusable("a key has no kid")
    if _PRIVATE & set(found):
        raise KeyUnusable(f"key {kid!r} holds a private part: replace it, it is known now")
    if found.get("use", "sig") != "sig":
        raise KeyUnusable(f"key {kid!r} is not for signatures")
    kind, curve = found.get("kty"), found.get("crv")
    fitting = [name for name in _FITTING.get(f"{kind} {curve}", ()) if name in allowed]
    if "alg" in found:
        fitting = [name for name in fitting if name == found["alg"]]
    if not fitting:
        raise KeyUnusable(f"key {kid!r} is for none of the issuer's algorithms")
    try:
        key = jwt.PyJWK(dict(found), fitting[0]).key
    except (PyJWTError, TypeError, ValueError) as error:
        raise KeyUnusable(f"key {kid!r} is broken: {type(error).__name__}") from None
    if kind == "RSA" and key.key_size < MIN_RSA_BITS:
        raise KeyUnusable(f"key {kid!r} is shorter than {MIN_RSA_BITS} bits")
    return PublicKey(kid, tuple(fitting), key)


def read_unverified(token: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give header and claims as they stand in a token of three parts, whoever wrote them.

    Raises
    ------
    SignatureRefused
        If it has not the form of a token.
    """
    # PyJWT would check more here, all of which it checks again with the signature.
    try:
        parts = [json.loads(_decoded(part)) for part in token.split(b".")[:2]]
    except (ValueError, RecursionError):
        raise SignatureRefused("malformed token") from None
    header, claims = parts
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise SignatureRefused("malformed token")
    return header, claims


def _decoded(part: bytes) -> bytes:
    return base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))


def verified_claims(
    token: bytes, key: PublicKey, *, issuer: str, audience: str, leeway_s: float
) -> dict[str, Any]:
    """Check a token and give its claims; `exp`, `iat`, `aud`, `iss` and `sub` are among them.

    Raises
    ------
    SignatureRefused
        With one of the reasons that are counted.
    """
    options: Options = {
        "require": ["exp", "iat", "aud", "iss", "sub"],
        "enforce_minimum_key_length": True,
    }
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key.key,
            algorithms=list(key.algorithms),
            issuer=issuer,
            audience=audience,
            leeway=leeway_s,
            options=options,
        )
    except PyJWTError as error:
        raise SignatureRefused(_reason(error)) from None
    return claims


def _reason(error: PyJWTError) -> str:
    for kind, reason in _REASONS.items():
        if isinstance(error, kind):
            return reason
    return "malformed token"


_REASONS: dict[type[PyJWTError], str] = {
    jwt.ExpiredSignatureError: "expired token",
    jwt.ImmatureSignatureError: "token not yet valid",
    jwt.InvalidIssuedAtError: "bad claims",
    jwt.InvalidAudienceError: "bad claims",
    jwt.InvalidIssuerError: "bad claims",
    InvalidSubjectError: "bad claims",
    InvalidJTIError: "bad claims",
    jwt.MissingRequiredClaimError: "bad claims",
    jwt.InvalidSignatureError: "bad signature",
    jwt.InvalidAlgorithmError: "bad signature",
    jwt.InvalidKeyError: "bad signature",
}


def new_key_pair(key_id: str) -> tuple[str, dict[str, Any]]:
    """Make a private key, as PEM, and its public half, as a JWK; both for ES256."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    found = json.loads(ECAlgorithm.to_jwk(private.public_key()))
    return pem, {**found, "kid": key_id, "alg": "ES256", "use": "sig"}


def sign(claims: Mapping[str, Any], pem: str, key_id: str) -> str:
    """Write a token, signed by ES256."""
    return jwt.encode(dict(claims), pem, algorithm="ES256", headers={"kid": key_id})
