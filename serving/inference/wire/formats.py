"""Which format a body is in, and an answer is given in: one table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import Any, Protocol

from serving.inference.wire.answers import csv_lines, json_lines, json_objects
from serving.inference.wire.columns import Columns
from serving.inference.wire.csv_bodies import decode_csv
from serving.inference.wire.json_bodies import BYTE_ORDER_MARK, decode_json
from serving.inference.wire.json_lines import decode_json_lines
from serving.inference.wire.media_types import (
    MediaType,
    is_utf_8,
    parse_accept,
    parse_media_type,
    welcome,
)
from serving.inference.wire.rows import Decoded
from serving.web.problems import Problem

__all__ = [
    "CSV",
    "FORMATS",
    "JSON",
    "JSON_LINES",
    "Decoded",
    "Format",
    "answer_format",
    "request_format",
]


class Decode(Protocol):
    """Reads a body."""

    def __call__(
        self, body: bytes, columns: Columns, *, today: dt.date, keep_bad_rows: bool
    ) -> Decoded:
        """Decode; raises Problem 400 or MissingColumns that say what to change."""


@dataclass(frozen=True, slots=True, eq=False)
class Format:
    """How bodies of a media type are read, and answers of it are written.

    Attributes
    ----------
    media_types : tuple of str
        The first is the one to use, the others are taken as well.
    answer_type : str
        Content-Type of answers.
    decode : Decode
    write : callable
        ``write(keys, rows)`` writes some rows of an answer.
    opening, between, closing : bytes
        What stands before, between and after them.
    variants : mapping
        Parameter of the media type → value → what decodes a body that is sent with it.
    """

    media_types: tuple[str, ...]
    answer_type: str
    decode: Decode
    write: Callable[[Sequence[str], list[Any]], bytes]
    opening: bytes = b""
    between: bytes = b""
    closing: bytes = b""
    variants: Mapping[str, Mapping[str, Decode]] = field(default_factory=dict)

    def begin(self) -> bytes:
        """Give what stands before the first block."""
        return self.opening

    def block(self, keys: Sequence[str], rows: list[Any], first: bool) -> bytes:
        """Write a block of rows.

        What `begin`, the blocks in turn and `end` give, put together, is the answer, however its
        rows are dealt to blocks.
        """
        if not rows:
            return b""
        return self.write(keys, rows) if first else self.between + self.write(keys, rows)

    def end(self) -> bytes:
        """Give what stands after the last block."""
        return self.closing


JSON = Format(
    ("application/json",),
    "application/json",
    decode_json,
    json_objects,
    opening=b'{"predictions":[',
    between=b",",
    closing=b"]}",
)
CSV = Format(
    ("text/csv",),
    "text/csv; charset=utf-8",
    decode_csv,
    csv_lines,
    variants={
        "header": {
            "present": partial(decode_csv, header=True),
            "absent": partial(decode_csv, header=False),
        }
    },
)
# SageMaker says jsonlines; the others are what everybody else says.
JSON_LINES = Format(
    (
        "application/jsonlines",
        "application/x-jsonlines",
        "application/jsonl",
        "application/x-ndjson",
        "application/ndjson",
    ),
    "application/jsonlines",
    decode_json_lines,
    json_lines,
)

#: To read and write another format, add an entry.
FORMATS = (JSON, CSV, JSON_LINES)


@lru_cache(maxsize=256)
def request_format(content_type: str) -> Format:
    """Choose by Content-Type; a body without one that looks like a JSON object is JSON.

    Raises
    ------
    Problem
        415 that lists what is supported.
    """
    if not content_type.strip():
        return _UNTYPED
    media_type = parse_media_type(content_type)
    if not is_utf_8(media_type):
        raise Problem(415, "this charset is not supported; send UTF-8")
    for known in FORMATS:
        if media_type.name in known.media_types:
            return _variant(known, media_type)
    raise _unsupported(f"Content-Type {media_type.name[:60]!r} is not supported")


@lru_cache(maxsize=256)
def answer_format(accept: str, otherwise: Format, among: tuple[Format, ...] = FORMATS) -> Format:
    """Choose by Accept: the most welcome; of equally welcome ones `otherwise`, then the table's.

    A type that is named comes before one that a wildcard of the same quality lets in. Without an
    Accept, or with one that takes anything, it is `otherwise`; the first of `among`, if that is
    none of them.

    Raises
    ------
    Problem
        406 that lists what is given.
    """
    usual = next((known for known in among if known.media_types == otherwise.media_types), among[0])
    wishes = parse_accept(accept)
    if not wishes:
        return usual
    candidates = sorted(among, key=lambda known: known is not usual)
    best = max(candidates, key=lambda known: welcome(known.media_types, wishes))
    if welcome(best.media_types, wishes)[0] <= 0:
        given = ", ".join(known.media_types[0] for known in among)
        raise Problem(406, f"nothing in Accept is given here; given are {given}")
    return best


def _variant(known: Format, media_type: MediaType) -> Format:
    for name, decoders in known.variants.items():
        if name in media_type.parameters:
            decode = decoders.get(media_type.parameters[name].lower())
            if decode is None:
                values = " or ".join(decoders)
                raise Problem(415, f"{name} of {known.media_types[0]} must be {values}")
            return replace(known, decode=decode)
    return known


def _decode_untyped(
    body: bytes, columns: Columns, *, today: dt.date, keep_bad_rows: bool
) -> Decoded:
    if not body.removeprefix(BYTE_ORDER_MARK).lstrip().startswith(b"{"):
        raise _unsupported("there is no Content-Type, and the body is not a JSON object")
    return decode_json(body, columns, today=today, keep_bad_rows=keep_bad_rows)


_UNTYPED = replace(JSON, decode=_decode_untyped)


def _unsupported(what: str) -> Problem:
    supported = ", ".join(known.media_types[0] for known in FORMATS)
    return Problem(415, f"{what}; supported are {supported}")
