"""What is scored: inputs, metrics, components, weights, scale. Frozen, validated when made.

The same tree is YAML for people and JSON inside an artifact; this module reads the *resolved*
tree, in which every weight is a number and every category is listed. `training.definition`
turns the file people write into it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from serving.scoring.errors import InvalidScorecard

InputType = Literal["number", "category", "date"]
Ties = Literal["bounds", "mid", "low", "high"]
MissingPolicy = Literal["skip", "zero"]

#: The highest score of each scale.
SCALES: Mapping[str, float] = {"out_of_10": 10.0, "zero_to_100": 100.0}

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Input:
    """A column the scorer reads; a category's code is its index in `categories`."""

    name: str
    type: InputType = "number"
    categories: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Give what the manifest stores."""
        listed = {"categories": list(self.categories)} if self.type == "category" else {}
        return {"name": self.name, "type": self.type, **listed}


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerMetric:
    """A metric scored by where it stands among the account's peers.

    `lower` and `upper` are the declared bounds, in the metric's own unit; None where the data
    decide.
    """

    name: str
    lower: float | None = None
    upper: float | None = None
    ties: Ties = "bounds"
    higher_is_better: bool = True


@dataclass(frozen=True, slots=True)
class Component:
    """A weighted group of metrics and of further components; weights are bound by name."""

    name: str
    weight: float
    metrics: Mapping[str, float]
    components: tuple[Component, ...] = ()

    def walk(self) -> Iterator[Component]:
        """Yield this component's descendants and then itself: children before parents."""
        for child in self.components:
            yield from child.walk()
        yield self


@dataclass(frozen=True, slots=True)
class Scale:
    """How a peer rank is shown: 0 to `maximum`, in steps of `step` (None: not rounded)."""

    type: str = "out_of_10"
    step: float | None = 1.0

    @property
    def maximum(self) -> float:
        """The best score there is."""
        return SCALES[self.type]

    def score(self, ranks: NDArray[np.float64]) -> NDArray[np.float64]:
        """Put peer ranks in [0, 1] on the scale, half to even; NaN stays NaN.

        Examples
        --------
        >>> Scale("out_of_10", 1).score(np.array([0.449, 0.45, 0.55, 0.71, 1.0]))
        array([ 4.,  4.,  6.,  7., 10.])
        """
        scores = ranks * self.maximum
        if self.step is None:
            return scores
        # The outer round turns 3 * 0.1 back into 0.3.
        return np.round(np.rint(scores / self.step) * self.step, 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """A whole definition. Make it with `scorecard_from_dict`, which checks it."""

    id: str
    scale: Scale
    missing: MissingPolicy
    peer_dimensions: tuple[Input, ...]
    metrics: tuple[PeerMetric, ...]
    components: tuple[Component, ...]
    #: The tree this was made from, as stored in an artifact.
    tree: Mapping[str, Any]

    @property
    def all_components(self) -> tuple[Component, ...]:
        """Every component, children before their parents."""
        return tuple(node for top in self.components for node in top.walk())

    @property
    def inputs(self) -> tuple[Input, ...]:
        """Every column needed, by name: the order training stores as the wire's order."""
        columns = [*self.peer_dimensions, *(Input(metric.name) for metric in self.metrics)]
        return tuple(sorted(columns, key=lambda column: column.name))

    @property
    def score_names(self) -> tuple[str, ...]:
        """Wire keys of the scores: metrics as the tree lists them, components, the global score."""
        nodes = self.all_components
        return (
            *(f"{node.name}_{metric}_metric_score" for node in nodes for metric in node.metrics),
            *(f"{node.name}_component_score" for node in nodes),
            "global_score",
        )


class Mistake(NamedTuple):
    """What is wrong in a definition, and where: the keys that lead to it."""

    path: tuple[str | int, ...]
    reason: str


def scorecard_from_dict(tree: Mapping[str, Any]) -> Scorecard:
    """Build a scorecard from its resolved tree.

    Raises
    ------
    InvalidScorecard
        Naming every mistake at once.
    """
    mistakes = tree_mistakes(tree)
    if mistakes:
        raise InvalidScorecard(
            [f"{'.'.join(map(str, where)) or 'scorecard'}: {why}" for where, why in mistakes]
        )
    return Scorecard(
        id=tree["id"],
        scale=Scale(tree["scale"]["type"], tree["scale"].get("step")),
        missing=tree["missing"],
        peer_dimensions=tuple(
            Input(entry["name"], entry["type"], tuple(entry.get("categories", ())))
            for entry in tree["peer_dimensions"]
        ),
        metrics=tuple(
            PeerMetric(name=name, **{key: value for key, value in body.items() if key != "kind"})
            for name, body in tree["metrics"].items()
        ),
        components=_components(tree["components"]),
        tree=tree,
    )


def _components(branch: Mapping[str, Any]) -> tuple[Component, ...]:
    return tuple(
        Component(
            name=name,
            weight=float(body["weight"]),
            metrics={metric: float(weight) for metric, weight in body.get("metrics", {}).items()},
            components=_components(body.get("components", {})),
        )
        for name, body in branch.items()
    )


def tree_mistakes(tree: Mapping[str, Any]) -> list[Mistake]:
    """Find what contradicts itself in a tree, resolved or as people write it.

    Tolerates wrong shapes, so that a definition with several kinds of mistakes gets them all
    reported at once; a weight that is not a number yet (`nonzero_share`) is left alone.
    """
    metrics = _mapping(tree.get("metrics"))
    dimensions = [
        entry.get("name") if isinstance(entry, Mapping) else entry
        for entry in _sequence(tree.get("peer_dimensions"))
    ]
    return [
        *_name_mistakes(metrics, dimensions),
        *(
            Mistake(("metrics", name), reason)
            for name, body in metrics.items()
            for reason in _bound_mistakes(_mapping(body))
        ),
        *_scale_mistakes(_mapping(tree.get("scale"))),
        *_tree_shape_mistakes(tree, metrics),
    ]


def _name_mistakes(metrics: Mapping[str, Any], dimensions: Sequence[Any]) -> Iterator[Mistake]:
    for name in metrics:
        if not _NAME.fullmatch(str(name)):
            yield Mistake(("metrics", name), f"{name!r} is not a name: letters, digits and _")
        if name in dimensions:
            yield Mistake(("metrics", name), f"{name} is a peer dimension too; it can be only one")
    for position, name in enumerate(dimensions):
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            yield Mistake(("peer_dimensions", position), f"{name!r} is not a name")
        elif name in dimensions[:position]:
            yield Mistake(("peer_dimensions", position), f"{name} is listed twice")


def _bound_mistakes(body: Mapping[str, Any]) -> Iterator[str]:
    bounds = [body.get("lower"), body.get("upper")]
    numbers = [bound for bound in bounds if isinstance(bound, int | float)]
    if not all(math.isfinite(number) for number in numbers):
        yield "bounds must be finite numbers; leave one out where there is none"
    if len(numbers) == 2 and not numbers[0] < numbers[1]:
        yield f"lower ({numbers[0]}) must be below upper ({numbers[1]})"


def _scale_mistakes(scale: Mapping[str, Any]) -> Iterator[Mistake]:
    maximum, step = SCALES.get(str(scale.get("type"))), scale.get("step")
    if maximum is None or not isinstance(step, int | float):
        return
    if not 0 < step <= maximum or abs(maximum / step - round(maximum / step)) > 1e-9:
        yield Mistake(("scale", "step"), f"{step} does not divide {maximum:g} into equal steps")


def _tree_shape_mistakes(tree: Mapping[str, Any], metrics: Mapping[str, Any]) -> Iterator[Mistake]:
    parent: dict[str, str] = {}
    seen: set[str] = set()
    keys: dict[str, str] = {}
    for path, name, body in _nodes(("components",), _mapping(tree.get("components"))):
        if not _NAME.fullmatch(str(name)):
            yield Mistake(path, f"{name!r} is not a name: letters, digits and _")
        if name in seen:
            yield Mistake(path, f"there is a second component called {name}")
        seen.add(name)
        yield from _weight_mistakes(path, body)
        for metric in _metric_names(body):
            if metric not in metrics:
                yield Mistake((*path, "metrics"), f"{metric} is not declared under `metrics`")
            if metric in parent:
                yield Mistake(
                    (*path, "metrics"),
                    f"{metric} is in component {parent[metric]} already; it can have one parent",
                )
            parent.setdefault(metric, name)
            key = f"{name}_{metric}"
            if keys.setdefault(key, name) != name:
                yield Mistake(path, f"{key}_metric_score would be the key of two scores")
    for name in metrics:
        if name not in parent:
            yield Mistake(("metrics", name), f"{name} is in no component")


def _weight_mistakes(path: tuple[str | int, ...], body: Mapping[str, Any]) -> Iterator[Mistake]:
    metrics = body.get("metrics")
    weights = [
        *(metrics.values() if isinstance(metrics, Mapping) else ()),
        *(_mapping(child).get("weight") for child in _mapping(body.get("components")).values()),
    ]
    if not metrics and not body.get("components"):
        yield Mistake(path, "has neither metrics nor components")
    if not all(math.isfinite(w) and w >= 0 for w in weights if isinstance(w, int | float)):
        yield Mistake(path, "weights must be finite and not negative")
    elif weights and all(isinstance(w, int | float) and w == 0 for w in weights):
        yield Mistake(path, "every weight is 0, so it could never have a score")


def _nodes(
    path: tuple[str | int, ...], branch: Mapping[str, Any]
) -> Iterator[tuple[tuple[str | int, ...], str, Mapping[str, Any]]]:
    for name, body in branch.items():
        body = _mapping(body)
        yield (*path, name), name, body
        yield from _nodes((*path, name, "components"), _mapping(body.get("components")))


def _metric_names(body: Mapping[str, Any]) -> list[str]:
    metrics = body.get("metrics")
    return [str(name) for name in metrics] if isinstance(metrics, Mapping | list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()
