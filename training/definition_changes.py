"""What two stored definitions say differently, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from serving.scoring.scorecard import Scorecard
from training.number_text import plain_text

#: What a sentence calls the parts at the top of a tree.
_TOP = {
    "scale": "scale",
    "missing": "missing",
    "bands": "bands",
    "coverage": "coverage",
    "drivers": "drivers",
    "events": "events",
    "peer_dimensions": "peer dimensions",
    "peers": "peers",
}


def definition_changes(new: Scorecard, old: Scorecard) -> list[str]:
    """Say what `new` defines otherwise than `old`: a sentence each; none where all is the same.

    Names of scorecards and the order of keys are no changes.
    """
    return [*_top(new, old), *_metrics(new, old), *_weights(new, old)]


def _top(new: Scorecard, old: Scorecard) -> Iterator[str]:
    for key, name in _TOP.items():
        was, now = old.tree.get(key), new.tree.get(key)
        if was != now:
            yield f"{name}: {_short(was)} -> {_short(now)}"


def _metrics(new: Scorecard, old: Scorecard) -> Iterator[str]:
    was, now = old.tree["metrics"], new.tree["metrics"]
    yield from (f"metric {name} is gone" for name in was if name not in now)
    for name, body in now.items():
        if name not in was:
            yield f"metric {name} ({body['kind']}) is new"
            continue
        for key in sorted({*body, *was[name]}):
            before, after = was[name].get(key), body.get(key)
            if before != after:
                yield f"{name}.{key}: {_short(before)} -> {_short(after)}"


def _weights(new: Scorecard, old: Scorecard) -> Iterator[str]:
    was, now = _places(old), _places(new)
    for name in was:
        if name not in now and not name.startswith("metric "):
            yield f"{name} is gone"
    for name, place in now.items():
        before = was.get(name)
        if before is None:
            if not name.startswith("metric "):
                yield f"{name} is new, weight {_short(place['weight'])}"
            continue
        for key, value in place.items():
            if before[key] != value:
                yield f"{key} of {name}: {_short(before[key])} -> {_short(value)}"


def _places(card: Scorecard) -> dict[str, dict[str, Any]]:
    """Give every component and metric with what its place in the tree says of it."""
    found: dict[str, dict[str, Any]] = {}
    for parent, node in _nodes(card.tree["components"], "the whole"):
        name, body = node
        found[f"component {name}"] = {
            "weight": float(body["weight"]),
            "parent": parent,
            "coverage": body.get("coverage"),
        }
        for metric, weight in body.get("metrics", {}).items():
            found[f"metric {metric}"] = {"weight": float(weight), "parent": name}
    return found


def _nodes(
    branch: Mapping[str, Any], parent: str
) -> Iterator[tuple[str, tuple[str, Mapping[str, Any]]]]:
    for name, body in branch.items():
        yield parent, (name, body)
        yield from _nodes(body.get("components", {}), name)


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_short(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_short, value)) + "]"
    if value is None:
        return "none"
    return f"{value}" if isinstance(value, bool) else plain_text(value)
