"""Components: their names, and that every metric has one parent and every score one key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from serving.scoring.contradictions.any_shape import (
    Mistake,
    Node,
    Path,
    is_name,
    is_number,
    mapping,
    metric_places,
    not_a_name,
    sequence,
)
from serving.scoring.contradictions.weights import weight_mistakes
from serving.scoring.enough_text import exact_text


def component_mistakes(
    nodes: Sequence[Node], metrics: Any, missing: Any = "skip"
) -> Iterator[Mistake]:
    """Find what is wrong with each component by itself, and names given twice."""
    seen: set[str] = set()
    for path, name, body in nodes:
        if not is_name(name):
            yield Mistake(path, not_a_name(name))
        if name in seen:
            yield Mistake(path, f"there is a second component called {name}")
        seen.add(name)
        yield from weight_mistakes(path, body)
        yield from coverage_mistakes(path, mapping(body))
        if missing == "zero" and "coverage" in mapping(body):
            reason = "is for `missing: skip`: under zero, a score that is withheld counts as 0"
            yield Mistake((*path, "coverage"), reason)
        yield from _uncounted(path, mapping(body), mapping(metrics))


def coverage_mistakes(path: Path, body: Mapping[str, Any]) -> Iterator[Mistake]:
    """Find a minimum coverage that is no share."""
    minimum = mapping(body.get("coverage")).get("minimum")
    if is_number(minimum) and not 0 < minimum <= 1:
        told = exact_text(minimum)
        reason = f"{told} is not a share above 0 and up to 1; leave it out to ask for none"
        yield Mistake((*path, "coverage", "minimum"), reason)


def parent_mistakes(nodes: Sequence[Node], metrics: Any) -> Iterator[Mistake]:
    """Find metrics with no parent, with two, or that are not declared."""
    parents: dict[str, str] = {}
    keys: dict[str, str] = {}
    for where, metric, parent in metric_places(nodes):
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
    for name in mapping(metrics):
        if nodes and name not in parents:
            yield Mistake(("metrics", name), f"{name} is in no component")


def _uncounted(
    path: Path, body: Mapping[str, Any], metrics: Mapping[str, Any]
) -> Iterator[Mistake]:
    """Find metrics that are to be weighed by their values and have no column of their own."""
    for place, name in enumerate(sequence(body.get("metrics"))):
        kind = mapping(metrics.get(name)).get("kind") if isinstance(name, str) else None
        if isinstance(kind, str) and kind != "peer":
            reason = f"{name} is of kind {kind}; only peer metrics are weighed by their values"
            yield Mistake((*path, "metrics", place), reason)
