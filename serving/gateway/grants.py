"""What a caller may do, and how often: the same words for keys and for issuers of tokens."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

#: Have accounts scored.
INVOKE = "score:invoke"
#: Have scores explained: who may, can learn what the peers of an account do.
EXPLAIN = "explain:invoke"
#: Read what the model is asked and answers: `/schema`.
READ_MODEL = "model:read"
#: What keys and tokens may be granted; a route of its own gets a line here, and one in `routes`.
SCOPES = (
    INVOKE,
    EXPLAIN,
    READ_MODEL,
)

#: As the `limits` library writes a rate, without its further spellings.
_RATE = re.compile(r"[1-9][0-9]{0,8}/([1-9][0-9]{0,3})?(second|minute|hour|day|month)")
MAX_RATE = 10_000
#: SageMaker's own rule for names.
_ENDPOINT = re.compile(r"[A-Za-z0-9](-*[A-Za-z0-9]){0,62}")


@dataclass(frozen=True, slots=True)
class Grants:
    """What a key opens.

    Attributes
    ----------
    scopes : tuple of str
        Some of `SCOPES`.
    endpoints : tuple of str or None
        Names of endpoints; None stands for all.
    rate, quota : str or None
        Requests per time, as `10/second`; None stands for the gateway's default.
    """

    scopes: tuple[str, ...] = (INVOKE,)
    endpoints: tuple[str, ...] | None = None
    rate: str | None = None
    quota: str | None = None

    def __post_init__(self) -> None:
        """Refuse what could not be kept.

        Raises
        ------
        ValueError
            Saying what would be right.
        """
        for name, check in CHECKS.items():
            found = getattr(self, name)
            if found is not None or name == "scopes":
                try:
                    check(found)
                except ValueError as error:
                    raise ValueError(f"{name} {error}") from None


def rate(text: str) -> str:
    """Parse how often in a short time, of which every single moment is kept.

    Raises
    ------
    ValueError
        Saying what would be right.
    """
    if int(frequency(text).partition("/")[0]) > MAX_RATE:
        raise ValueError(f"may be up to {MAX_RATE} in a time; a quota may be more")
    return text


def frequency(text: str) -> str:
    """Parse how often something may happen.

    Raises
    ------
    ValueError
        Saying what would be right.
    """
    if not isinstance(text, str) or not _RATE.fullmatch(text):
        raise ValueError(f"must be like 10/second, 600/minute or 1000/day, not {text!r}")
    return text


def check_scopes(found: Any) -> None:
    """Refuse, with a ValueError, what is no list of scopes."""
    check_texts(found)
    if unknown := sorted(set(found) - set(SCOPES)):
        raise ValueError(f"may hold {', '.join(SCOPES)}, not {', '.join(map(repr, unknown))}")


def check_endpoints(found: Any) -> None:
    """Refuse, with a ValueError, what is no list of names that endpoints can have."""
    check_texts(found)
    for name in found:
        endpoint(name)


def endpoint(text: str) -> str:
    """Parse the name of an endpoint; raises ValueError."""
    if not _ENDPOINT.fullmatch(text):
        raise ValueError(
            f"must be an endpoint's name, up to 63 letters, digits and -, not {text!r}"
        )
    return text


def check_texts(found: Any) -> None:
    """Refuse, with a ValueError, what is no list of texts; an empty one would open nothing."""
    if not isinstance(found, list | tuple) or not found:
        raise ValueError("must be a list that is not empty")
    if not all(isinstance(text, str) for text in found):
        raise ValueError("must hold texts only")


#: What a grant may be, by its name; a check raises ValueError.
CHECKS: Mapping[str, Callable[[Any], object]] = {
    "scopes": check_scopes,
    "endpoints": check_endpoints,
    "rate": rate,
    "quota": frequency,
}
