"""A mistake, and how a tree is read of which no shape is certain.

People are still writing it, or it comes from anywhere: what has another type is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias, TypeGuard

Path: TypeAlias = tuple[str | int, ...]
#: Where a component is, its name, and what stands there.
Node: TypeAlias = tuple[Path, str, Any]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


class Mistake(NamedTuple):
    """What is wrong in a definition, and where: the keys that lead to it."""

    path: Path
    reason: str


def mapping(value: Any) -> Mapping[str, Any]:
    """Give a mapping as it is, and an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: Any) -> Sequence[Any]:
    """Give a list as it is, and an empty one for anything else."""
    return value if isinstance(value, list | tuple) else ()


def is_number(value: Any) -> TypeGuard[int | float]:
    """Say whether it is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_name(text: Any) -> bool:
    """Say whether it can name a metric, a component or a column."""
    return isinstance(text, str) and _NAME.fullmatch(text) is not None


def not_a_name(name: str) -> str:
    """Word what is wrong with a name."""
    return f"{name!r} is not a name: a letter, then letters, digits and _"


def listed(names: Sequence[str]) -> str:
    """Write names for people: `a, b and c`."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def component_nodes(tree: Mapping[str, Any]) -> list[Node]:
    """Give every component of a tree, parents before their children."""
    return list(_nodes(("components",), mapping(tree.get("components"))))


def _nodes(path: Path, branch: Mapping[str, Any]) -> Iterator[Node]:
    for name, body in branch.items():
        yield (*path, name), name, body
        yield from _nodes((*path, name, "components"), mapping(mapping(body).get("components")))


def metric_places(nodes: Sequence[Node]) -> Iterator[tuple[Path, str, str]]:
    """Give every place where a component names a metric: where, the metric, the component."""
    for path, parent, body in nodes:
        metrics = mapping(body).get("metrics")
        places = metrics.items() if isinstance(metrics, Mapping) else enumerate(sequence(metrics))
        for place, value in places:
            name = place if isinstance(metrics, Mapping) else value
            if isinstance(name, str):
                yield (*path, "metrics", place), name, parent


def dimension_names(tree: Mapping[str, Any]) -> list[Any]:
    """Give the names of the peer dimensions, each written alone or with its type."""
    return [
        entry.get("name") if isinstance(entry, Mapping) else entry
        for entry in sequence(tree.get("peer_dimensions"))
    ]
