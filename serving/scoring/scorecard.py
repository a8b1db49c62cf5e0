"""What is scored: inputs, metrics, components, weights, scale. Frozen, validated when made.

The same tree is YAML for people and JSON inside an artifact; this module reads the *resolved*
tree, in which every weight is a number and every category is listed. `training.definition`
turns the file people write into it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from serving.scoring.contradictions import SCALES, tree_mistakes
from serving.scoring.errors import InvalidScorecard

InputType = Literal["number", "category", "date"]
Ties = Literal["bounds", "mid", "low", "high"]
MissingPolicy = Literal["skip", "zero"]


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
