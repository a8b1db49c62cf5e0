"""Content-Type and Accept as RFC 9110 has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from werkzeug.http import parse_list_header, parse_options_header

_UTF_8 = ("utf-8", "utf8", "us-ascii", "ascii")


class MediaType(NamedTuple):
    """A media type in lower case, and its parameters by their names in lower case."""

    name: str
    parameters: Mapping[str, str]


class Wish(NamedTuple):
    """A range of media types of an Accept header, and how welcome it is, from 0 to 1."""

    name: str
    quality: float


def parse_media_type(header: str) -> MediaType:
    """Parse a Content-Type."""
    name, parameters = parse_options_header(header)
    return MediaType(name.strip().lower(), parameters)


def is_utf_8(media_type: MediaType) -> bool:
    """Say whether the charset, if one is named, is UTF-8 or part of it."""
    return media_type.parameters.get("charset", "utf-8").lower() in _UTF_8


def parse_accept(header: str) -> list[Wish]:
    """Parse an Accept. Parameters other than q ask for nothing; a q that is no number is 1."""
    return [_wish(item) for item in parse_list_header(header) if item.strip()]


def welcome(names: Sequence[str], wishes: Sequence[Wish]) -> tuple[float, int]:
    """Say how welcome a type is under the best of its names, and how exactly it was meant.

    For each name the most exact range counts: ``text/csv`` before ``text/*`` before ``*/*``.

    Returns
    -------
    tuple of float and int
        0 if it is not wanted; and 2 for a type, 1 for a family, 0 for anything.
    """
    return max(_welcome(name, wishes) for name in names)


def _welcome(name: str, wishes: Sequence[Wish]) -> tuple[float, int]:
    family = name.partition("/")[0] + "/*"
    for exactness, ranges in ((2, (name,)), (1, (family,)), (0, ("*/*", "*"))):
        qualities = [wish.quality for wish in wishes if wish.name in ranges]
        if qualities:
            return max(qualities), exactness
    return 0.0, 0


def _wish(item: str) -> Wish:
    name, parameters = parse_options_header(item)
    try:
        quality = float(parameters.get("q", "1"))
    except ValueError:
        quality = 1.0
    return Wish(name.strip().lower(), min(max(quality, 0.0), 1.0) if quality == quality else 1.0)
