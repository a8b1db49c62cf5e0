"""What contradicts itself within one metric."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from serving.scoring.contradictions.any_shape import Mistake, is_name, is_number, not_a_name
from serving.scoring.contradictions.as_stored import kind_of, stored_keys, unreadable_thresholds
from serving.scoring.enough_text import exact_text

_LARGEST = sys.float_info.max


def metric_mistakes(name: str, body: Mapping[str, Any], dimensions: Sequence[Any]) -> list[Mistake]:
    """Find what is wrong with a metric's name and keys, whatever stands around it."""
    here = ("metrics", name)
    found = [] if is_name(name) else [Mistake(here, not_a_name(name))]
    if name in dimensions:
        reason = f"{name} is a peer dimension too; it can be only one"
        found.append(Mistake(here, reason))
    wrong = (*_bounds(body), *_own(body), *_age(body))
    return [
        *found,
        *(Mistake((*here, key), reason) for key, reason in wrong),
        *(
            Mistake((*here, key, threshold), "is not a number; write thresholds such as 30 or 0.5")
            for key, threshold in unreadable_thresholds(body)
        ),
    ]


def _bounds(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    given = ((key, body.get(key)) for key in ("lower", "upper"))
    bounds = {key: bound for key, bound in given if is_number(bound)}
    for key, bound in bounds.items():
        if not -_LARGEST <= bound <= _LARGEST:
            told = exact_text(bound)
            yield key, f"{told} is not a finite number; leave the bound out where there is none"
    if len(bounds) == 2 and bounds["lower"] >= bounds["upper"]:
        lower, upper = (exact_text(bounds[key]) for key in ("lower", "upper"))
        yield "lower", f"lower ({lower}) must be below upper ({upper})"


def _own(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    kind = kind_of(body)
    return iter(()) if kind is None else kind.mistakes(stored_keys(kind, body))


def _age(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    as_of, oldest = body.get("as_of"), body.get("max_age_days")
    if as_of is not None and oldest is None:
        yield "as_of", "is of no use alone; say by `max_age_days` from when on facts are stale"
    if oldest is not None and as_of is None:
        yield "max_age_days", "is of no use alone; say by `as_of` which column dates the facts"
    if is_number(oldest) and not 0 < oldest <= _LARGEST:
        yield "max_age_days", f"{exact_text(oldest)} is not a number of days above 0"
