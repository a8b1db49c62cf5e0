"""Whether a stored scorecard has the shape of a resolved tree: its keys and their types.

What people write is checked by `training.definition`; an artifact may come from anywhere, so its
tree is checked again where it is read. What contradicts itself is `tree_mistakes`' to find.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, get_args

from serving.scoring.absolute import AROUND
from serving.scoring.column import DimensionType
from serving.scoring.contradictions import SCALES
from serving.scoring.contradictions.events import TAKES
from serving.scoring.scorecard import MissingPolicy, Ties
from serving.scoring.signals import KINDS
from serving.scoring.signals.stored import misshapen_keys

_Rules = Mapping[str, Callable[[Any], bool]]


def _is_mapping(value: Any) -> bool:
    return isinstance(value, dict)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_number_or_none(value: Any) -> bool:
    return value is None or _is_number(value)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _are_numbers_by_name(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_number, value.values()))


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _are_rules(value: Any) -> bool:
    return _are_texts(value) or (isinstance(value, dict) and all(map(_are_texts, value.values())))


def _are_categories(value: Any) -> bool:
    return _are_texts(value) and len(set(value)) == len(value)


def _one_of(names: Iterable[str]) -> Callable[[Any], bool]:
    known = frozenset(names)
    return lambda value: isinstance(value, str) and value in known


_CARD: _Rules = {
    "id": _is_text,
    "scale": _is_mapping,
    "missing": _one_of(get_args(MissingPolicy)),
    "peer_dimensions": _is_list,
    "metrics": _is_mapping,
    "components": _is_mapping,
}
_CARD_MAY: _Rules = {
    "weights_total": _is_number,
    "bands": _are_numbers_by_name,
    "coverage": _is_mapping,
    "drivers": _is_mapping,
    "peers": _is_mapping,
    "events": _is_mapping,
}
_COVERAGE: _Rules = {"minimum": _is_number}
_DRIVERS: _Rules = {"top": _is_whole}
_OVERLAY: _Rules = {"dimensions": _are_texts, "minimum_group": _is_whole}
_EVENT: _Rules = {"event": _is_text, "take": _one_of(TAKES)}
_EVENT_MAY: _Rules = {"days": _is_whole, "months": _is_whole}
_SCALE: _Rules = {"type": _one_of(SCALES)}
_SCALE_MAY: _Rules = {"step": _is_number_or_none}
_DIMENSION: _Rules = {"name": _is_text, "type": _one_of(get_args(DimensionType))}
_DIMENSION_MAY: _Rules = {"categories": _are_categories}
_METRIC: _Rules = {"kind": _one_of(["peer", *KINDS])}
_METRIC_MAY: _Rules = {"label": _is_text, "product": _is_text}
_PEER_MAY: _Rules = {
    "lower": _is_number_or_none,
    "upper": _is_number_or_none,
    "ties": _one_of(get_args(Ties)),
    "higher_is_better": _is_bool,
}
_AROUND_MAY: _Rules = {"cohort": _is_text, "as_of": _is_text, "max_age_days": _is_number}
_COMPONENT: _Rules = {"weight": _is_number}
_COMPONENT_MAY: _Rules = {
    "metrics": _are_numbers_by_name,
    "components": _is_mapping,
    "label": _is_text,
    "coverage": _is_mapping,
    "allow": _are_rules,
}


def misshapen(tree: Any) -> str | None:
    """Name the first place whose key is missing or has another type; None if there is none.

    Examples
    --------
    >>> misshapen({"id": "card", "scale": "out_of_10"})
    'scale'
    """
    return next(_misshapen(tree), None)


def _misshapen(tree: Any) -> Iterator[str]:
    yield from _wrong("", tree, _CARD, _CARD_MAY)
    yield from _wrong("scale", tree["scale"], _SCALE, _SCALE_MAY)
    for position, entry in enumerate(tree["peer_dimensions"]):
        yield from _wrong(f"peer_dimensions.{position}", entry, _DIMENSION, _DIMENSION_MAY)
    for name, metric in tree["metrics"].items():
        yield from _wrong_metric(f"metrics.{name}", metric)
    yield from _wrong_components("components", tree["components"])
    for key, rules in {"coverage": _COVERAGE, "drivers": _DRIVERS, "peers": _OVERLAY}.items():
        if key in tree:
            yield from _wrong(key, tree[key], rules, {})
    for name, event in tree.get("events", {}).items():
        yield from _wrong(f"events.{name}", event, _EVENT, _EVENT_MAY)


def _wrong_metric(where: str, body: Any) -> Iterator[str]:
    yield from _wrong(where, body, _METRIC, _METRIC_MAY)
    if body["kind"] == "peer":
        yield from _wrong(where, body, {}, _PEER_MAY)
        return
    yield from _wrong(where, body, {}, _AROUND_MAY)
    own = {key: value for key, value in body.items() if key not in AROUND and key != "kind"}
    yield from (f"{where}.{key}" for key in misshapen_keys(KINDS[body["kind"]], own))


def _wrong_components(where: str, branch: Mapping[str, Any]) -> Iterator[str]:
    for name, component in branch.items():
        here = f"{where}.{name}"
        yield from _wrong(here, component, _COMPONENT, _COMPONENT_MAY)
        if "coverage" in component:
            yield from _wrong(f"{here}.coverage", component["coverage"], _COVERAGE, {})
        yield from _wrong_components(f"{here}.components", component.get("components", {}))


def _wrong(where: str, branch: Any, must: _Rules, may: _Rules) -> Iterator[str]:
    if not isinstance(branch, dict):
        yield where or "it is no mapping"
        return
    for key, fits in {**must, **may}.items():
        if (key in must or key in branch) and not (key in branch and fits(branch[key])):
            yield f"{where}.{key}".removeprefix(".")
