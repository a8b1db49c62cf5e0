"""An absolute metric as an artifact stores it, made of what people write or of what is stored."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING
from types import UnionType
from typing import Any, Union, get_args, get_origin

from serving.scoring.absolute import AROUND, AbsoluteMetric, absolute_metric
from serving.scoring.signals import KINDS, Signal
from serving.scoring.signals.options import Steps
from serving.scoring.signals.stored import keys_of, misshapen_keys

#: How a threshold is written where it is a key.
THRESHOLD = r"-?(0|[1-9][0-9]*)(\.[0-9]+)?"


def stored_keys(kind: type[Signal], body: Mapping[str, Any]) -> dict[str, Any]:
    """Give the keys of a kind as an artifact stores them: each said, steps as ascending pairs.

    What cannot be understood is left as it is, for `misshapen_keys` to find.
    """
    stored = {}
    for name, key in keys_of(kind).items():
        value = body.get(name, key.default)
        if value is not MISSING:
            stored[name] = _pairs(value) if holds(key.annotation, Steps) else _plain(value)
    return stored


def stored_metric(body: Mapping[str, Any]) -> dict[str, Any]:
    """Give all that an artifact stores of an absolute metric whose kind is known."""
    around = {key: body[key] for key in AROUND if body.get(key) is not None}
    return {"kind": body["kind"], **stored_keys(KINDS[body["kind"]], body), **around}


def metric_if_well_shaped(name: str, body: Mapping[str, Any]) -> AbsoluteMetric | None:
    """Build a metric; None where its keys or their types are not those of its kind."""
    kind = kind_of(body)
    if kind is None or next(misshapen_keys(kind, stored_keys(kind, body)), None):
        return None
    columns = (body.get("cohort"), body.get("as_of"))
    if not all(column is None or isinstance(column, str) for column in columns):
        return None
    return absolute_metric(name, stored_metric(body))


def kind_of(body: Mapping[str, Any]) -> type[Signal] | None:
    """Find the kind of an absolute metric; None where it is of another or of none."""
    kind = body.get("kind")
    return KINDS.get(kind) if isinstance(kind, str) else None


def holds(annotation: Any, alias: Any) -> bool:
    """Say whether a key is of a type of `signals.options`, or may be absent besides."""
    if get_origin(annotation) in (Union, UnionType):
        return any(holds(each, alias) for each in get_args(annotation))
    return bool(annotation == alias)


def unreadable_thresholds(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Name the thresholds that are no numbers: the key, and what is written for a threshold."""
    kind = kind_of(body)
    for name, key in (keys_of(kind) if kind else {}).items():
        if holds(key.annotation, Steps) and isinstance(body.get(name), Mapping):
            yield from ((name, each) for each in body[name] if not _is_threshold(each))


def _is_threshold(text: Any) -> bool:
    return re.fullmatch(THRESHOLD, str(text)) is not None


def _pairs(value: Any) -> Any:
    if not isinstance(value, Mapping) or not all(map(_is_threshold, value)):
        return _plain(value)
    # `+ 0.0`: minus zero is zero.
    pairs = [[float(threshold) + 0.0, points] for threshold, points in value.items()]
    return sorted(pairs, key=lambda pair: pair[0])


def _plain(value: Any) -> Any:
    return [_plain(each) for each in value] if isinstance(value, tuple) else value
