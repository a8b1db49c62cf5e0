"""What contradicts itself in a scorecard's tree, found all at once.

Knows the tree as plain mappings and lists only, so that it can read a resolved tree and one that
a person is still writing alike.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeGuard

#: The highest score of each scale.
SCALES: Mapping[str, float] = {"out_of_10": 10.0, "zero_to_100": 100.0}

#: Above this, sums of weighted scores could overflow.
MAX_WEIGHT = 1e9

#: Scores are rounded to ten decimals, so a step needs fewer.
_SMALLEST_STEP = 1e-6
_LARGEST = sys.float_info.max
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


_Path = tuple[str | int, ...]
#: Where a component is, its name, and what stands there.
_Node = tuple[_Path, str, Any]


class Mistake(NamedTuple):
    """What is wrong in a definition, and where: the keys that lead to it."""

    path: _Path
    reason: str


def tree_mistakes(tree: Mapping[str, Any]) -> list[Mistake]:
    """Find what contradicts itself in a tree, resolved or as people write it.

    Passes over what has the wrong type, which is the reader's to say, so that a definition with
    several kinds of mistakes gets each reported once; a weight that is not a number yet
    (`nonzero_share`) is left alone.
    """
    metrics = _mapping(tree.get("metrics"))
    dimensions = [
        entry.get("name") if isinstance(entry, Mapping) else entry
        for entry in _sequence(tree.get("peer_dimensions"))
    ]
    nodes = list(_nodes(("components",), _mapping(tree.get("components"))))
    return [
        *_name_mistakes(metrics, dimensions),
        *(
            Mistake(("metrics", name, key), reason)
            for name, body in metrics.items()
            for key, reason in _bound_mistakes(_mapping(body))
        ),
        *_scale_mistakes(_mapping(tree.get("scale"))),
        *_weight_mistakes((), {"components": tree.get("components")}),
        *_component_mistakes(nodes),
        *_parent_mistakes(nodes, tree.get("metrics")),
    ]


def _name_mistakes(metrics: Mapping[str, Any], dimensions: Sequence[Any]) -> Iterator[Mistake]:
    for name in metrics:
        if not _NAME.fullmatch(name):
            yield Mistake(("metrics", name), _not_a_name(name))
        if name in dimensions:
            yield Mistake(("metrics", name), f"{name} is a peer dimension too; it can be only one")
    for position, name in enumerate(dimensions):
        if isinstance(name, str) and not _NAME.fullmatch(name):
            yield Mistake(("peer_dimensions", position), _not_a_name(name))
        elif isinstance(name, str) and name in dimensions[:position]:
            yield Mistake(("peer_dimensions", position), f"{name} is listed twice")


def _bound_mistakes(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    given = ((key, body.get(key)) for key in ("lower", "upper"))
    bounds = {key: bound for key, bound in given if _is_number(bound)}
    for key, bound in bounds.items():
        if not -_LARGEST <= bound <= _LARGEST:
            yield key, f"{bound} is not a finite number; leave the bound out where there is none"
    if len(bounds) == 2 and bounds["lower"] >= bounds["upper"]:
        yield "lower", f"lower ({bounds['lower']}) must be below upper ({bounds['upper']})"


def _scale_mistakes(scale: Mapping[str, Any]) -> Iterator[Mistake]:
    maximum, step = SCALES.get(str(scale.get("type"))), scale.get("step")
    if maximum is None or not _is_number(step):
        return
    if not _SMALLEST_STEP <= step <= maximum:
        reason = f"{step} is not a step: give one from {_SMALLEST_STEP} to {maximum:g}, or none"
        yield Mistake(("scale", "step"), reason)
    elif abs(maximum / step - round(maximum / step)) > 1e-9:
        yield Mistake(("scale", "step"), f"{step} does not divide {maximum:g} into equal steps")


def _component_mistakes(nodes: Sequence[_Node]) -> Iterator[Mistake]:
    seen: set[str] = set()
    for path, name, body in nodes:
        if not _NAME.fullmatch(name):
            yield Mistake(path, _not_a_name(name))
        if name in seen:
            yield Mistake(path, f"there is a second component called {name}")
        seen.add(name)
        yield from _weight_mistakes(path, body)


def _parent_mistakes(nodes: Sequence[_Node], metrics: Any) -> Iterator[Mistake]:
    parents: dict[str, str] = {}
    keys: dict[str, str] = {}
    for where, metric, parent in _metric_places(nodes):
        # Without a `metrics` mapping that one mistake is said instead, not one per name.
        if isinstance(metrics, Mapping) and metric not in metrics:
            yield Mistake(where, f"{metric} is not declared under `metrics`")
        if metric in parents:
            reason = f"{metric} is in component {parents[metric]} already; it has one parent"
            yield Mistake(where, reason)
        parents.setdefault(metric, parent)
        key = f"{parent}_{metric}"
        if keys.setdefault(key, parent) != parent:
            yield Mistake(where, f"{key}_metric_score would be the key of two scores")
    for name in _mapping(metrics):
        if nodes and name not in parents:
            yield Mistake(("metrics", name), f"{name} is in no component")


def _weight_mistakes(path: _Path, body: Any) -> Iterator[Mistake]:
    if not isinstance(body, Mapping):
        return
    metrics, children = body.get("metrics", {}), body.get("components", {})
    if metrics in ({}, []) and children == {}:
        yield Mistake(path or ("components",), "has neither metrics nor components")
    weights: dict[_Path, Any] = {
        **{(*path, "metrics", name): weight for name, weight in _mapping(metrics).items()},
        **{
            (*path, "components", name, "weight"): _mapping(child).get("weight")
            for name, child in _mapping(children).items()
        },
    }
    for where, weight in weights.items():
        if _is_number(weight) and not 0 <= weight <= MAX_WEIGHT:
            yield Mistake(where, f"a weight is a number from 0 to {MAX_WEIGHT:g}, not {weight}")
    if weights and all(_is_number(weight) and weight == 0 for weight in weights.values()):
        yield Mistake(path or ("components",), "every weight is 0, so it could never have a score")


def _nodes(path: _Path, branch: Mapping[str, Any]) -> Iterator[_Node]:
    for name, body in branch.items():
        yield (*path, name), name, body
        yield from _nodes((*path, name, "components"), _mapping(_mapping(body).get("components")))


def _metric_places(nodes: Sequence[_Node]) -> Iterator[tuple[_Path, str, str]]:
    for path, parent, body in nodes:
        metrics = _mapping(body).get("metrics")
        listed = enumerate(_sequence(metrics))
        for place, name in (
            zip(metrics, metrics, strict=True) if isinstance(metrics, Mapping) else listed
        ):
            if isinstance(name, str):
                yield (*path, "metrics", place), name, parent


def _not_a_name(name: str) -> str:
    return f"{name!r} is not a name: a letter, then letters, digits and _"


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()
