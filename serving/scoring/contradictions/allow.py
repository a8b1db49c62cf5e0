"""Rules of pillars: which kinds of metrics a component may hold, and which components."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple, get_args, get_origin

from serving.scoring.contradictions.any_shape import Mistake, Path, listed, mapping, sequence
from serving.scoring.signals import KINDS
from serving.scoring.signals.stored import keys_of


class _Rule(NamedTuple):
    component: str
    allowed: tuple[str, ...]


def known_kinds() -> tuple[str, ...]:
    """Give what may stand in `allow`: every kind, and `kind.type` where a kind has types."""
    types = (
        f"{kind}.{type_}"
        for kind, made in KINDS.items()
        for type_ in get_args(_type_of(keys_of(made)))
    )
    return ("peer", *KINDS, *types)


def allow_mistakes(tree: Mapping[str, Any]) -> Iterator[Mistake]:
    """Find unknown kinds and components in rules, and metrics that a rule does not allow."""
    metrics = mapping(tree.get("metrics"))
    for name, body in mapping(tree.get("components")).items():
        yield from _below(("components", name), name, mapping(body), metrics, ())


def _below(
    path: Path,
    name: str,
    body: Mapping[str, Any],
    metrics: Mapping[str, Any],
    rules: tuple[_Rule, ...],
) -> Iterator[Mistake]:
    allow, children = body.get("allow"), mapping(body.get("components"))
    yield from _unknown_kinds((*path, "allow"), allow)
    if isinstance(allow, Mapping):
        yield from _unknown_children(path, name, allow, children)
    if isinstance(allow, list | tuple):
        rules = (*rules, _Rule(name, _texts(allow)))
    for place, metric in _named(body.get("metrics")):
        for rule in rules:
            yield from _refused((*path, "metrics", place), metric, metrics.get(metric), rule)
    for child, inner in children.items():
        own = mapping(allow).get(child)
        with_own = rules if own is None else (*rules, _Rule(child, _texts(sequence(own))))
        here = (*path, "components", child)
        yield from _below(here, child, mapping(inner), metrics, with_own)


def _refused(path: Path, metric: str, body: Any, rule: _Rule) -> Iterator[Mistake]:
    kind, type_ = mapping(body).get("kind"), mapping(body).get("type")
    told = f"{kind}.{type_}" if isinstance(type_, str) else str(kind)
    if isinstance(kind, str) and not {kind, told} & set(rule.allowed):
        allowed = listed(rule.allowed) if rule.allowed else "nothing"
        yield Mistake(path, f"{metric} is of kind {told}; {rule.component} allows {allowed}")


def _unknown_kinds(path: Path, allow: Any) -> Iterator[Mistake]:
    known = known_kinds()
    lists = allow.items() if isinstance(allow, Mapping) else [(None, allow)]
    for child, entries in lists:
        here = path if child is None else (*path, child)
        for position, kind in enumerate(sequence(entries)):
            if isinstance(kind, str) and kind not in known:
                near = difflib.get_close_matches(kind, known, n=1)
                hint = f"did you mean {near[0]}?" if near else f"the kinds are {', '.join(known)}"
                yield Mistake((*here, position), f"{kind!r} is no kind of metric; {hint}")


def _unknown_children(
    path: Path, name: str, allow: Mapping[str, Any], children: Mapping[str, Any]
) -> Iterator[Mistake]:
    """Hold the components within one to those that its `allow` lists by name."""
    for child in children:
        if child not in allow:
            near = difflib.get_close_matches(child, allow, n=1)
            hint = f"did you mean {near[0]}?" if near else f"they are {listed(tuple(allow))}"
            reason = f"{name} allows no component {child}; {hint}"
            yield Mistake((*path, "components", child), reason)
    for child in allow:
        if child not in children:
            yield Mistake((*path, "allow", child), f"{name} has no component {child}")


def _named(metrics: Any) -> Iterator[tuple[str | int, str]]:
    if isinstance(metrics, Mapping):
        yield from ((name, name) for name in metrics)
        return
    yield from (each for each in enumerate(sequence(metrics)) if isinstance(each[1], str))


def _texts(entries: Any) -> tuple[str, ...]:
    return tuple(entry for entry in entries if isinstance(entry, str))


def _type_of(keys: Mapping[str, Any]) -> Any:
    annotation = keys["type"].annotation if "type" in keys else None
    return annotation if get_origin(annotation) is Literal else None
