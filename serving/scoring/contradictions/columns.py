"""Columns that two parts of a scorecard read in two ways, and names that mean two things."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from serving.scoring.absolute import AbsoluteMetric
from serving.scoring.column import Input
from serving.scoring.contradictions.any_shape import (
    Mistake,
    Path,
    dimension_names,
    is_name,
    listed,
    mapping,
    not_a_name,
    sequence,
)


class Use(NamedTuple):
    """A column, who reads it (for people), and where that is said."""

    column: Input
    reader: str
    path: Path


def column_uses(tree: Mapping[str, Any], metrics: Mapping[str, AbsoluteMetric]) -> list[Use]:
    """List who reads which column as what: peer dimensions, peer metrics, absolute metrics."""
    return [
        *_dimension_uses(tree),
        *(
            Use(Input(name), f"metric {name}", ("metrics", name))
            for name, body in mapping(tree.get("metrics")).items()
            if mapping(body).get("kind") == "peer"
        ),
        *(
            Use(column, f"metric {name}", _place(name, mapping(tree["metrics"][name]), column.name))
            for name, metric in metrics.items()
            for column in metric.inputs
        ),
    ]


def column_mistakes(
    tree: Mapping[str, Any], metrics: Mapping[str, AbsoluteMetric]
) -> Iterator[Mistake]:
    """Find columns of two types or two sets of labels, and metrics named like others' columns.

    Parameters
    ----------
    metrics : mapping of str to AbsoluteMetric
        Those that are well shaped.
    """
    first: dict[str, Use] = {}
    for use in column_uses(tree, metrics):
        earlier = first.setdefault(use.column.name, use)
        if reason := _clash(use, earlier):
            yield Mistake(use.path, reason)
    for name, metric in metrics.items():
        for column in metric.inputs:
            if not is_name(column.name):
                where = _place(name, mapping(tree["metrics"][name]), column.name)
                yield Mistake(where, not_a_name(column.name))
        other = first.get(name)
        if other and name not in _columns(metric) and other.path[0] == "metrics":
            reason = f"{name} is also a column, of {other.reader}; call the metric something else"
            yield Mistake(("metrics", name), reason)
    yield from _model_mistakes(metrics)


def _dimension_uses(tree: Mapping[str, Any]) -> Iterator[Use]:
    names = dimension_names(tree)
    for position, entry in enumerate(sequence(tree.get("peer_dimensions"))):
        type_ = mapping(entry).get("type", "number")
        if isinstance(names[position], str) and isinstance(type_, str):
            column = Input(names[position], type_)  # type: ignore[arg-type]
            yield Use(column, "the peer dimensions", ("peer_dimensions", position))


def _clash(use: Use, earlier: Use) -> str | None:
    name, here, there = use.column.name, use.column, earlier.column
    if use.path[0] == "peer_dimensions":
        return None  # A dimension that is listed twice, which is said already.
    if here.type != there.type:
        return f"{name} is a {here.type} here, and a {there.type} for {earlier.reader}"
    if here.type != "category" or use is earlier:
        return None
    if earlier.path[0] == "peer_dimensions":
        return f"{name} is a peer dimension, whose labels come from the data; use another column"
    if set(here.categories) != set(there.categories):
        return (
            f"the labels of {name} are {listed(sorted(here.categories))} here, and"
            f" {listed(sorted(there.categories))} for {earlier.reader}"
        )
    return None


def _model_mistakes(metrics: Mapping[str, AbsoluteMetric]) -> Iterator[Mistake]:
    """Find metrics that give one model two lists of inputs."""
    first: dict[str, tuple[str, tuple[str, ...]]] = {}
    for name, metric in metrics.items():
        model = getattr(metric.signal, "model", None)
        if isinstance(model, str):
            inputs = tuple(column.name for column in metric.signal.inputs)
            earlier, same = first.setdefault(model, (name, inputs))
            if inputs != same:
                reason = f"model {model} has other inputs for metric {earlier}"
                yield Mistake(("metrics", name, "inputs"), reason)


def _columns(metric: AbsoluteMetric) -> list[str]:
    return [column.name for column in metric.inputs]


def _place(name: str, body: Mapping[str, Any], column: str) -> Path:
    """Find the key of a metric that names a column; a kind may derive columns that no key names."""
    for key, value in body.items():
        if value == column or (isinstance(value, list | tuple | Mapping) and column in value):
            return ("metrics", name, key)
    return ("metrics", name)
