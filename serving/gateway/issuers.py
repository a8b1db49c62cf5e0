"""Whose tokens count: the issuers file.

    [{"issuer": "https://issuer.example/", "audience": "scorecard", "algorithms": ["RS256"],
      "jwks_uri": "https://issuer.example/jwks.json"}]

Instead of `jwks_uri` a `jwks_file`, beside this file unless its path is absolute. May have
`scope_claim` (`scope`), `max_age_s` (3600: from `iat` to `exp`), and `endpoints`, `rate` and
`quota` as keys have them, for each subject of the issuer.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serving.gateway.grants import CHECKS, check_texts
from serving.gateway.jwks import FetchedKeys, FileKeys, Keys, read_key_file
from serving.gateway.jwks_fetch import jwks_uri
from serving.gateway.signatures import ALGORITHMS
from serving.gateway.watched import FileUnusable

#: From `iat` to `exp`, unless the file says otherwise.
MAX_AGE_S = 3600
_LONGEST_AGE_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class Issuer:
    """Somebody whose tokens count.

    Attributes
    ----------
    issuer, audience : str
        What `iss` and `aud` must be.
    keys : Keys
    scope_claim : str
        The claim that holds the scopes: a text with blanks between, or a list.
    endpoints : tuple of str or None
        Names of endpoints; None stands for all.
    rate, quota : str or None
        Requests per time of each subject; None stands for the gateway's default.
    max_age_s : int
        Most seconds from `iat` to `exp`.
    """

    issuer: str
    audience: str
    keys: Keys
    scope_claim: str = "scope"
    endpoints: tuple[str, ...] | None = None
    rate: str | None = None
    quota: str | None = None
    max_age_s: int = MAX_AGE_S


def read_issuers(path: Path, clock: Callable[[], float]) -> tuple[Issuer, ...]:
    """Read the issuers file, and what its issuers' keys are, from whoever has them.

    Raises
    ------
    FileUnusable
        As `check_issuers`.
    """
    return tuple(_issuer(entry, path.parent, clock) for entry in check_issuers(path))


def check_issuers(path: Path) -> list[dict[str, Any]]:
    """Read the issuers file, and the files of keys that it names; nobody else is asked.

    Raises
    ------
    FileUnusable
        Naming every mistake.
    """
    try:
        entries = json.loads(path.read_bytes())
    except OSError as error:
        raise FileUnusable(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise FileUnusable(f"{path} is not JSON") from None
    if not isinstance(entries, list) or not entries:
        raise FileUnusable(f"{path} must hold a list of issuers that is not empty")
    mistakes: list[str] = []
    for number, entry in enumerate(entries):
        mistakes += [f"{path}: issuer {number}: {why}" for why in mistakes_in(entry)]
        mistakes += _mistakes_in_keys(entry, path.parent)
    names = [entry.get("issuer") for entry in entries if isinstance(entry, dict)]
    if len(set(map(str, names))) != len(names):
        mistakes.append(f"{path}: an issuer stands in it twice")
    if mistakes:
        raise FileUnusable(*mistakes)
    return entries


def _issuer(entry: dict[str, Any], folder: Path, clock: Callable[[], float]) -> Issuer:
    given = dict(entry)
    algorithms = given.pop("algorithms")
    keys: Keys
    if "jwks_file" in given:
        keys = FileKeys(folder / given.pop("jwks_file"), algorithms, clock)
    else:
        keys = FetchedKeys(given.pop("jwks_uri"), algorithms, given["issuer"], clock)
    if "endpoints" in given:
        given["endpoints"] = tuple(given["endpoints"])
    return Issuer(keys=keys, **given)


def mistakes_in(entry: object) -> list[str]:
    """Tell all that is wrong with an issuer as it stands in the file."""
    if not isinstance(entry, dict):
        return ["it is no object"]
    mistakes = [f"{name} is missing" for name in _REQUIRED if name not in entry]
    mistakes += [f"{name} is unknown" for name in entry if name not in _FIELDS]
    if ("jwks_uri" in entry) == ("jwks_file" in entry):
        mistakes.append("one of jwks_uri and jwks_file must be there")
    for name, check in _FIELDS.items():
        if name in entry:
            try:
                check(entry[name])
            except ValueError as error:
                mistakes.append(f"{name} {error}")
    return mistakes


def _mistakes_in_keys(entry: object, folder: Path) -> list[str]:
    """Look into an issuer's file of keys, if the entry says which, and for what algorithms."""
    try:
        given = dict(entry) if isinstance(entry, dict) else {}
        _text(given.get("jwks_file"))
        _algorithms(given.get("algorithms"))
        read_key_file(folder / given["jwks_file"], given["algorithms"])
    except FileUnusable as error:
        return list(error.mistakes)
    except ValueError:
        return []  # Told of the entry.
    return []


def _text(found: object) -> None:
    if not isinstance(found, str) or not found.isprintable() or not 0 < len(found) <= 512:
        raise ValueError("must be a text of 1 to 512 printable characters")


def _uri(found: object) -> None:
    _text(found)
    jwks_uri(str(found))


def _algorithms(found: Any) -> None:
    check_texts(found)
    if wrong := [name for name in found if name not in ALGORITHMS]:
        raise ValueError(f"may hold {', '.join(ALGORITHMS)}, not {wrong[0]!r}")


def _age(found: object) -> None:
    if type(found) is not int or not 1 <= found <= _LONGEST_AGE_S:
        raise ValueError(f"must be whole seconds from 1 to {_LONGEST_AGE_S}")


_REQUIRED = ("issuer", "audience", "algorithms")
_FIELDS: dict[str, Callable[[Any], object]] = {
    "issuer": _text,
    "audience": _text,
    "algorithms": _algorithms,
    "jwks_uri": _uri,
    "jwks_file": _text,
    "scope_claim": _text,
    "max_age_s": _age,
    **{name: CHECKS[name] for name in ("endpoints", "rate", "quota")},
}
