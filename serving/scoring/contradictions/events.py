"""Columns that are derived from events when a data folder is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from serving.scoring.contradictions.any_shape import (
    Mistake,
    is_name,
    is_number,
    mapping,
    not_a_name,
)
from serving.scoring.contradictions.columns import Use
from serving.scoring.enough_text import exact_text

#: What is taken of the events, and the type of column that it gives.
TAKES: Mapping[str, str] = {"sum": "number", "count": "number", "latest": "date"}

#: Longer ago than this there are no accounts: 100 years.
_LONGEST = {"days": 36_525, "months": 1_200}


def event_mistakes(
    tree: Mapping[str, Any], uses: Sequence[Use], *, all_read: bool
) -> Iterator[Mistake]:
    """Find derived columns that nothing reads, or that cannot be derived as they are asked for.

    Parameters
    ----------
    uses : sequence of Use
        The columns that the card reads.
    all_read : bool
        Whether these are all; where a metric could not be read, nobody knows what is not used.
    """
    readers = {use.column.name: use for use in uses}
    for name, body in mapping(tree.get("events")).items():
        if not is_name(name):
            yield Mistake(("events", name), not_a_name(name))
        elif name in readers:
            yield from _type_mistakes(name, mapping(body).get("take"), readers[name])
        elif all_read:
            yield Mistake(("events", name), f"no metric reads {name}")
        if isinstance(body, Mapping):
            yield from (Mistake(("events", name, key), why) for key, why in _own(body))


def _type_mistakes(name: str, take: Any, reader: Use) -> Iterator[Mistake]:
    type_ = TAKES.get(take) if isinstance(take, str) else None
    if type_ is not None and type_ != reader.column.type:
        reason = f"{take} gives a {type_}, and {reader.reader} reads a {reader.column.type}"
        yield Mistake(("events", name, "take"), reason)


def _own(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    given = {key: body[key] for key in _LONGEST if body.get(key) is not None}
    for key, back in given.items():
        if is_number(back) and not 1 <= back <= _LONGEST[key]:
            yield key, f"{exact_text(back)} is not a number of {key} from 1 to {_LONGEST[key]}"
    if body.get("event") == "":
        yield "event", "is empty; name the event as the column `event` has it"
    if len(given) == 2:
        yield "months", "is given beside days; one of them says how far back events count"
