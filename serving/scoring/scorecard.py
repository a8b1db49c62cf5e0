"""What is scored: inputs, metrics, components, weights, scale. Frozen, validated when made.

The same tree is YAML for people and JSON inside an artifact; this module reads the *resolved*
tree, in which every weight is a number and every category is listed. `training.definition`
turns the file people write into it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from serving.scoring.absolute import AbsoluteMetric, absolute_metric
from serving.scoring.bands import Band, bands_from_dict
from serving.scoring.column import Input
from serving.scoring.contradictions import SCALES, tree_mistakes
from serving.scoring.errors import InvalidScorecard
from serving.scoring.signals.learned_risk import LearnedRisk

Ties = Literal["bounds", "mid", "low", "high"]
MissingPolicy = Literal["skip", "zero"]

#: How many drivers are told where the definition does not say.
USUAL_DRIVERS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerMetric:
    """A metric scored by where it stands among the account's peers.

    `lower` and `upper` are the declared bounds, in the metric's own unit; None where the data
    decide.
    """

    kind: ClassVar[str] = "peer"

    name: str
    lower: float | None = None
    upper: float | None = None
    ties: Ties = "bounds"
    higher_is_better: bool = True
    label: str | None = None
    product: str | None = None

    @property
    def inputs(self) -> tuple[Input, ...]:
        """Its own column."""
        return (Input(self.name),)


Metric: TypeAlias = PeerMetric | AbsoluteMetric


@dataclass(frozen=True, slots=True)
class Component:
    """A weighted group of metrics and of further components; weights are bound by name.

    `minimum_coverage` is the share of its applicable weight that must have scores for it to have
    one; None: any.
    """

    name: str
    weight: float
    metrics: Mapping[str, float]
    components: tuple[Component, ...] = ()
    label: str | None = None
    minimum_coverage: float | None = None

    def walk(self) -> Iterator[Component]:
        """Yield this component's descendants and then itself: children before parents."""
        for child in self.components:
            yield from child.walk()
        yield self


@dataclass(frozen=True, slots=True)
class Scale:
    """How scores are shown: 0 to `maximum`, metrics' in steps of `step` (None: not rounded)."""

    type: str = "out_of_10"
    step: float | None = 1.0

    @property
    def maximum(self) -> float:
        """The best score there is."""
        return SCALES[self.type]

    def score(self, shares: NDArray[np.float64], *, of: float = 1.0) -> NDArray[np.float64]:
        """Put peer ranks in [0, 1], or points up to `of`, on the scale; NaN stays NaN.

        Rounded half to even, where there is a step.

        Examples
        --------
        >>> Scale("out_of_10", 1).score(np.array([0.449, 0.45, 0.55, 0.71, 1.0]))
        array([ 4.,  4.,  6.,  7., 10.])
        """
        scores = shares * (self.maximum / of)
        if self.step is None:
            return scores
        # The outer round turns 3 * 0.1 back into 0.3.
        return np.round(np.rint(scores / self.step) * self.step, 10)


@dataclass(frozen=True, slots=True)
class PeerOverlay:
    """A comparison of whole scores with anonymous accounts of similar size, beside the score."""

    dimensions: tuple[str, ...]
    minimum_group: int


@dataclass(frozen=True, kw_only=True)
class Scorecard:
    """A whole definition. Make it with `scorecard_from_dict`, which checks it.

    Attributes
    ----------
    metrics : tuple of PeerMetric or AbsoluteMetric
        In the order of the definition.
    bands : tuple of Band
        Ascending; empty where there are none.
    minimum_coverage : float or None
        The share of the applicable weight that must have scores for the global score.
    drivers : int
        How many metrics that lost points are told.
    """

    id: str
    scale: Scale
    missing: MissingPolicy
    peer_dimensions: tuple[Input, ...]
    metrics: tuple[Metric, ...]
    components: tuple[Component, ...]
    bands: tuple[Band, ...] = ()
    minimum_coverage: float | None = None
    drivers: int = USUAL_DRIVERS
    overlay: PeerOverlay | None = None
    #: The tree this was made from, as stored in an artifact.
    tree: Mapping[str, Any]

    @cached_property
    def peer_metrics(self) -> tuple[PeerMetric, ...]:
        """The metrics that are compared with peers, in the order of `metrics`."""
        return tuple(metric for metric in self.metrics if isinstance(metric, PeerMetric))

    @cached_property
    def absolute_metrics(self) -> tuple[AbsoluteMetric, ...]:
        """The others."""
        return tuple(metric for metric in self.metrics if isinstance(metric, AbsoluteMetric))

    @cached_property
    def risks(self) -> tuple[LearnedRisk, ...]:
        """What scores by a model that may be absent, in the order of `metrics`."""
        signals = (metric.signal for metric in self.absolute_metrics)
        return tuple(signal for signal in signals if isinstance(signal, LearnedRisk))

    @property
    def all_components(self) -> tuple[Component, ...]:
        """Every component, children before their parents."""
        return tuple(node for top in self.components for node in top.walk())

    @property
    def inputs(self) -> tuple[Input, ...]:
        """Every column needed, by name: the order training stores as the wire's order."""
        read = [column for metric in self.metrics for column in metric.inputs]
        # Those with a limit last: what one metric cannot read is refused, whoever else reads it.
        limited = sorted(read, key=lambda column: column.minimum is not None)
        columns = {column.name: column for column in (*self.peer_dimensions, *limited)}
        return tuple(sorted(columns.values(), key=lambda column: column.name))

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
    overlay = tree.get("peers")
    return Scorecard(
        id=tree["id"],
        scale=Scale(tree["scale"]["type"], tree["scale"].get("step")),
        missing=tree["missing"],
        peer_dimensions=tuple(
            Input(entry["name"], entry["type"], tuple(entry.get("categories", ())))
            for entry in tree["peer_dimensions"]
        ),
        metrics=tuple(_metric(name, body) for name, body in tree["metrics"].items()),
        components=_components(tree["components"]),
        bands=bands_from_dict(tree.get("bands", {})),
        minimum_coverage=tree.get("coverage", {}).get("minimum"),
        drivers=tree.get("drivers", {}).get("top", USUAL_DRIVERS),
        overlay=overlay and PeerOverlay(tuple(overlay["dimensions"]), overlay["minimum_group"]),
        tree=tree,
    )


def _metric(name: str, body: Mapping[str, Any]) -> Metric:
    if body["kind"] == PeerMetric.kind:
        return PeerMetric(name=name, **{key: body[key] for key in body if key != "kind"})
    return absolute_metric(name, body)


def _components(branch: Mapping[str, Any]) -> tuple[Component, ...]:
    return tuple(
        Component(
            name=name,
            weight=float(body["weight"]),
            metrics={metric: float(weight) for metric, weight in body.get("metrics", {}).items()},
            components=_components(body.get("components", {})),
            label=body.get("label"),
            minimum_coverage=body.get("coverage", {}).get("minimum"),
        )
        for name, body in branch.items()
    )
