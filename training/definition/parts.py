"""The parts of a definition: scale, peer dimensions, kinds of metrics, components.

Field docstrings are what an editor shows, examples what a message about a missing key gives.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    Tag,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, core_schema

from serving.scoring.column import InputType
from serving.scoring.contradictions import MAX_WEIGHT
from serving.scoring.scorecard import Ties
from training.definition.estimators import EstimatorDefinition, estimator_examples
from training.definition.mistakes import LISTED, WEIGHED
from training.definition.strict import STRICT, Number, examples

# The limits in these schemas are for editors; the reader leaves them to `tree_mistakes`, which
# checks resolved trees by the same lines.
_NAME = "^[A-Za-z][A-Za-z0-9_]*$"
Name = Annotated[str, WithJsonSchema({"type": "string", "pattern": _NAME})]
Weight = Annotated[Number, WithJsonSchema({"type": "number", "minimum": 0, "maximum": MAX_WEIGHT})]


class ScaleDefinition(BaseModel):
    """How a peer rank is shown as a score."""

    model_config = STRICT

    type: Literal["out_of_10", "zero_to_100"] = Field(examples=["out_of_10"])
    """The highest score: 10 or 100."""
    step: Number | None = Field(
        default=None, examples=[1], json_schema_extra={"exclusiveMinimum": 0}
    )
    """Metric scores are rounded to multiples of this, half to even. Left out: not rounded."""


class DimensionDefinition(BaseModel):
    """A column that says which accounts are comparable."""

    model_config = STRICT

    name: Name = Field(examples=["region"])
    """The column's name."""
    type: InputType = Field(default="number", examples=["category"])
    """What the column holds."""


class PeerDefinition(BaseModel):
    """A metric scored by where it stands among the account's peers."""

    model_config = STRICT

    kind: Literal["peer"] = Field(examples=["peer"])
    """How the metric is scored."""
    lower: Number | None = Field(default=None, examples=[0])
    """The lowest value there can be, in the metric's unit. Left out: the data decide."""
    upper: Number | None = Field(default=None, examples=[1])
    """The highest value there can be, in the metric's unit. Left out: the data decide."""
    ties: Ties = Field(default="bounds", examples=["mid"])
    """The rank of many equal values: low, mid, high, or low and high at the bounds, else mid."""
    higher_is_better: bool = Field(default=True, examples=[False])
    """False where a lower value is a better one."""
    estimator: EstimatorDefinition | None = Field(default=None, examples=[{"name": "marginal"}])
    """How the distribution is learned. Left out: as held-out accounts are predicted best."""

    def resolved(self) -> dict[str, Any]:
        """Give what scoring needs, every key said, so that a new default changes no artifact."""
        return self.model_dump(exclude={"estimator"})


#: A new kind of metric is one class and one entry.
KINDS: Mapping[str, type[BaseModel]] = {"peer": PeerDefinition}


class _ByKind:
    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        choices = {kind: handler.generate_schema(model) for kind, model in KINDS.items()}
        return core_schema.tagged_union_schema(choices, discriminator="kind")


#: Read by its `kind`; a union of one is no union to typing, hence the annotation.
MetricDefinition = Annotated[PeerDefinition, _ByKind()]


def _listed_or_weighed(metrics: Any) -> str:
    return LISTED if isinstance(metrics, list | tuple) else WEIGHED


class ComponentDefinition(BaseModel):
    """A weighted group of metrics, of further components, or of both."""

    model_config = STRICT | ConfigDict(
        json_schema_extra={
            "if": {"properties": {"metrics": {"type": "array"}}, "required": ["metrics"]},
            "then": {"required": ["weights"], "properties": {"weights": {"type": "string"}}},
            "else": {"properties": {"weights": {"type": "null"}}},
            "anyOf": [{"required": ["metrics"]}, {"required": ["components"]}],
        }
    )

    weight: Weight = Field(examples=[1])
    """How much this counts among its siblings; 0 shows it and counts it nowhere."""
    metrics: Annotated[
        Annotated[dict[Name, Weight], Tag(WEIGHED)] | Annotated[list[Name], Tag(LISTED)],
        Discriminator(_listed_or_weighed),
    ] = Field(default_factory=dict, examples=[{"bots": 1}])
    """Metrics and their weights, or names alone together with `weights: nonzero_share`."""
    weights: Literal["nonzero_share"] | None = Field(default=None, examples=["nonzero_share"])
    """nonzero_share: each metric's weight is its share of the component's non-zero values."""
    components: dict[Name, ComponentDefinition] = Field(default_factory=dict)
    """Components within this one."""

    def resolved(self, nonzero_counts: Mapping[str, int]) -> dict[str, Any]:
        """Give what scoring needs, every weight a number."""
        parts = {
            "metrics": self._metric_weights(nonzero_counts),
            "components": {
                name: child.resolved(nonzero_counts) for name, child in self.components.items()
            },
        }
        return {"weight": self.weight, **{key: part for key, part in parts.items() if part}}

    def _metric_weights(self, nonzero_counts: Mapping[str, int]) -> dict[str, float]:
        if isinstance(self.metrics, dict):
            return dict(self.metrics)
        total = sum(nonzero_counts[name] for name in self.metrics)
        return {name: nonzero_counts[name] / total for name in self.metrics}


def shared_weights(
    components: Mapping[str, ComponentDefinition], path: str
) -> Iterator[tuple[str, list[str]]]:
    """Find the components that take their weights from the data: where, and which metrics."""
    for name, body in components.items():
        if isinstance(body.metrics, list):
            yield f"{path}.{name}", body.metrics
        yield from shared_weights(body.components, f"{path}.{name}.components")


def part_examples(path: tuple[str | int, ...]) -> dict[str, Any]:
    """Give an example of each key that may stand in a mapping of a definition.

    `path` leads to the mapping as pydantic writes it: with the kind after a metric's name.
    """
    if path[0] == "scale":
        return examples(ScaleDefinition)
    if path[0] == "peer_dimensions":
        return examples(DimensionDefinition)
    if path[0] == "components":
        return examples(ComponentDefinition)
    if path[3:4] == ("estimator",):
        return estimator_examples(path[4:])
    return {key: value for kind in KINDS.values() for key, value in examples(kind).items()}
