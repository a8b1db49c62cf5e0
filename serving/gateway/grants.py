"""What a caller may do, and how often: the same words for keys and for issuers of tokens."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

#: Have accounts scored.
INVOKE = "score:invoke"
#: Read what is told of a model.
READ_MODEL = "model:read"
SCOPES = (INVOKE, READ_MODEL)

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
        check_texts("scopes", self.scopes)
        if unknown := set(self.scopes) - set(SCOPES):
            raise ValueError(f"scopes are {' and '.join(SCOPES)}, not {sorted(unknown)}")
        if self.endpoints is not None:
            check_endpoints(self.endpoints)
        if self.rate is not None:
            rate(self.rate)
        if self.quota is not None:
            frequency(self.quota)


def rate(text: str) -> str:
    """Parse how often in a short time, of which every single moment is kept.

    Raises
    ------
    ValueError
        Saying what would be right.
    """
    if int(frequency(text).partition("/")[0]) > MAX_RATE:
        raise ValueError(f"a rate is up to {MAX_RATE} in a time; a quota may be more")
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


def check_endpoints(names: Iterable[str]) -> None:
    """Refuse names that no endpoint can have, with a ValueError."""
    check_texts("endpoints", names)
    if wrong := [name for name in names if not _ENDPOINT.fullmatch(name)]:
        raise ValueError(f"an endpoint's name is up to 63 letters, digits and -, not {wrong[0]!r}")


def check_texts(what: str, texts: Iterable[str]) -> None:
    """Refuse, with a ValueError, what is no list of texts; an empty one would open nothing."""
    if not isinstance(texts, list | tuple) or not texts:
        raise ValueError(f"{what} must be a list that is not empty")
    if not all(isinstance(text, str) for text in texts):
        raise ValueError(f"{what} must hold texts only")
