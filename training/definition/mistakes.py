"""How a definition's mistakes are told: one line each, in the order of the file.

Three readers find them (YAML, pydantic, `tree_mistakes`); here they become lines that say where,
what, and what would be right. Knows no scorecard grammar but the few places named below.
"""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic_core import ErrorDetails

from serving.scoring.contradictions import Mistake
from training.definition.yaml_lines import Document, Path, Place

#: Tags of the two forms of a component's metrics. pydantic puts them into an error's path, so
#: they are spelled as no key can be.
LISTED, WEIGHED = "(list)", "(mapping)"

#: From pydantic's name for an error to ours for what was expected.
_EXPECTED = {
    "float_type": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "string_type": "text",
    "model_type": "a mapping of keys",
    "model_attributes_type": "a mapping of keys",
    "dict_type": "a mapping of keys",
    "list_type": "a list",
    # Only an id has a pattern.
    "string_pattern_mismatch": "letters, digits, dots, hyphens and underscores",
    # An estimator's; a scale is all that has a limit.
    "finite_number": "a finite number",
    "greater_than": "a number above 0",
}


def mistake_lines(
    source: str,
    document: Document,
    errors: Iterable[ErrorDetails],
    contradictions: Iterable[Mistake],
    fields_at: Callable[[Path], Mapping[str, Any]],
) -> list[str]:
    """Give every mistake as "FILE:LINE: path.to.key: what is wrong", sorted by line.

    Parameters
    ----------
    source : str
        What to call the file.
    document : Document
        What the file holds.
    errors : iterable of ErrorDetails
        What pydantic found.
    contradictions : iterable of Mistake
        What contradicts itself.
    fields_at : callable
        Gives, by name, an example of each key that may stand in the mapping at a path.
    """
    no_keys = {mistake.path for mistake in document.unread_keys}
    unread = no_keys | {mistake.path for mistake in document.unread_values}
    # A stand-in for a value is passed over by `tree_mistakes`; the key before it still counts.
    told = [
        *(each for each in _shape_mistakes(errors, fields_at) if each.path not in unread),
        *(each for each in contradictions if each.path not in no_keys),
    ]
    written = (*document.unread_keys, *document.unread_values, *document.repeated)
    placed = [
        *((place, Mistake(path, reason)) for place, path, reason in written),
        *((document.place(mistake.path), mistake) for mistake in told),
    ]
    return [
        f"{source}:{place.line}: {_shown_path(path)}: {' '.join(reason.split())}"
        for place, (path, reason) in _once(sorted(placed, key=lambda mistake: mistake[0]))
    ]


def weighing_mistakes(tree: Mapping[str, Any], path: Path = ()) -> Iterator[Mistake]:
    """Find the components whose weights are given twice or not at all."""
    components = tree.get("components")
    for name, body in components.items() if isinstance(components, Mapping) else ():
        if isinstance(body, Mapping):
            where = (*path, "components", name)
            metrics, shared = body.get("metrics"), body.get("weights") is not None
            if isinstance(metrics, list) and not shared:
                reason = (
                    "a list has no weights; add `weights: nonzero_share`, or write name: weight"
                )
                yield Mistake((*where, "metrics"), reason)
            if shared and not isinstance(metrics, list):
                reason = "is for a list of metrics; leave it out where metrics have weights"
                yield Mistake((*where, "weights"), reason)
            yield from weighing_mistakes(body, where)


def _once(placed: Iterable[tuple[Place, Mistake]]) -> Iterator[tuple[Place, Mistake]]:
    # One place in the text can be read by several aliases; it is one mistake to repair.
    told = set()
    for place, mistake in placed:
        same = (place, mistake.path[-1:], mistake.reason)
        if same not in told:
            told.add(same)
            yield place, mistake


def _shown_path(path: Path) -> str:
    parts = (str(part) if str(part).isprintable() else repr(part) for part in path)
    return ".".join(parts) or "scorecard"


def _shape_mistakes(
    errors: Iterable[ErrorDetails], fields_at: Callable[[Path], Mapping[str, Any]]
) -> Iterator[Mistake]:
    for error in errors:
        path = _path_of(error)
        # An unknown kind or estimator stands in the mapping that the error is about.
        mapping = error["loc"] if error["type"].startswith("union_tag") else error["loc"][:-1]
        yield Mistake(path, _reason(error, path, fields_at(mapping) if path else {}))


def _path_of(error: ErrorDetails) -> Path:
    path = tuple(part for part in error["loc"] if part not in (LISTED, WEIGHED))
    if path[:1] == ("metrics",):
        # After a metric's name pydantic says its kind, after its estimator which one.
        tags = {2, 4} if path[3:4] == ("estimator",) else {2}
        path = tuple(part for position, part in enumerate(path) if position not in tags)
    if error["type"].startswith("union_tag"):
        path = (*path, error["ctx"]["discriminator"].strip("'"))
    return path


def _reason(error: ErrorDetails, path: Path, fields: Mapping[str, Any]) -> str:
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return f"unknown key; {_suggestion(str(path[-1]), fields)}"
    if kind == "missing" or kind == "union_tag_not_found":
        return f"missing; for example `{path[-1]}: {_shown(fields.get(str(path[-1])))}`"
    if kind == "union_tag_invalid":
        expected = " or ".join(context["expected_tags"].rsplit(", ", 1))
        return f"must be {expected}, not {_shown(context['tag'])}"
    if kind == "literal_error":
        return f"must be {context['expected']}, not {_shown(value)}"
    if kind == "too_short":
        return "is empty; at least one is needed"
    if kind in _EXPECTED:
        named = "a name, or " if path[:1] == ("peer_dimensions",) and len(path) == 2 else ""
        return f"must be {named}{_EXPECTED[kind]}, not {_shown(value)}{_hint(kind, value)}"
    return f"{error['msg']}, not {_shown(value)}"


def _suggestion(key: str, fields: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(key, fields, n=1)
    return f"did you mean {near[0]}?" if near else f"the keys here are {', '.join(fields)}"


def _hint(kind: str, value: Any) -> str:
    if kind == "float_type" and isinstance(value, bool):
        return " (YAML reads yes, no, on and off as true and false)"
    if kind == "float_type" and isinstance(value, str) and _is_number(value):
        return "; write it without quotes"
    if kind == "string_type" and isinstance(value, bool | int | float):
        return "; put it in quotes if it is meant as text"
    return ""


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _shown(value: Any) -> str:
    """Show a value as YAML has it, short."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        pairs = (f"{key}: {_shown(each)}" for key, each in list(value.items())[:3])
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(_shown(each) for each in value[:3])}]"
    return reprlib.repr(value)
