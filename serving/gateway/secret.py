"""What a key looks like: `scs` + key id (8) + chance (43) + checksum (6).

Letters and digits only and 60 of them, because API Gateway takes 20 to 128 and nothing else. The
prefix lets secret scanners find a key in a place where it should not be; the checksum tells a
typing error from a key that was never issued; the key id is public and stands in logs.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import string
import zlib

PREFIX = "scs"
KEY_ID_CHARS = 8
#: 62 ** 43 is a little more than 2 ** 256.
CHANCE_BYTES = 32
CHANCE_CHARS = 43
#: 62 ** 6 is more than the 2 ** 32 values of a CRC-32, which sees every change of one character.
CHECKSUM_CHARS = 6
SECRET_CHARS = len(PREFIX) + KEY_ID_CHARS + CHANCE_CHARS + CHECKSUM_CHARS

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase


def new_key_id() -> str:
    """Make the public part of a key."""
    return "".join(secrets.choice(ALPHABET) for _ in range(KEY_ID_CHARS))


def new_secret(key_id: str) -> str:
    """Make a key."""
    chance = int.from_bytes(secrets.token_bytes(CHANCE_BYTES), "big")
    text = PREFIX + key_id + _base62(chance, CHANCE_CHARS)
    return text + _checksum(text.encode())


def key_id_in(presented: bytes) -> str:
    """Give the place of the key id in what a caller sent, whatever stands there."""
    return presented[len(PREFIX) : len(PREFIX) + KEY_ID_CHARS].decode("latin-1")


def is_well_formed(presented: bytes) -> bool:
    """Tell whether this can be a key, or is mistyped."""
    body, checksum = presented[:-CHECKSUM_CHARS], presented[-CHECKSUM_CHARS:]
    return (
        len(presented) == SECRET_CHARS
        and body.startswith(PREFIX.encode())
        and _checksum(body).encode() == checksum
    )


def digest(presented: bytes, pepper: bytes) -> bytes:
    """Give what is stored of a key: 32 bytes of HMAC-SHA-256.

    No slow password hash: nobody guesses 256 random bits, and a slow one would let anybody keep
    the gateway busy.
    """
    # One character more than a key has, so that nothing longer is a key and all cost the same.
    return hmac.digest(pepper, presented[: SECRET_CHARS + 1], hashlib.sha256)


def _checksum(text: bytes) -> str:
    return _base62(zlib.crc32(text), CHECKSUM_CHARS)


def _base62(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, digit = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))
