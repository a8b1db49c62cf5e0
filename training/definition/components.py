"""Components as people write them: weights, metrics, rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, WithJsonSchema

from serving.scoring.contradictions import MAX_WEIGHT
from serving.scoring.contradictions.allow import known_kinds
from training.definition.mistakes import LISTED, WEIGHED
from training.definition.parts import CoverageDefinition
from training.definition.strict import STRICT, Name, Number

Weight = Annotated[Number, WithJsonSchema({"type": "number", "minimum": 0, "maximum": MAX_WEIGHT})]
_Kind = Annotated[str, WithJsonSchema({"type": "string", "enum": list(known_kinds())})]


def _listed_or_by_name(value: Any) -> str:
    return LISTED if isinstance(value, list | tuple) else WEIGHED


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
        Discriminator(_listed_or_by_name),
    ] = Field(default_factory=dict, examples=[{"bots": 1}])
    """Metrics and their weights, or names alone together with `weights: nonzero_share`."""
    weights: Literal["nonzero_share"] | None = Field(default=None, examples=["nonzero_share"])
    """nonzero_share: each metric's weight is its share of the component's non-zero values."""
    components: dict[Name, ComponentDefinition] = Field(default_factory=dict)
    """Components within this one."""
    label: str | None = Field(default=None, examples=["Technical Health"])
    """What people call it. Left out: its name."""
    coverage: CoverageDefinition | None = Field(default=None, examples=[{"minimum": 0.5}])
    """How much of it must have scores for it to have one. Left out: any part is enough."""
    allow: (
        Annotated[
            Annotated[dict[Name, list[_Kind]], Tag(WEIGHED)] | Annotated[list[_Kind], Tag(LISTED)],
            Discriminator(_listed_or_by_name),
        ]
        | None
    ) = Field(default=None, examples=[["ratio", "indicator.binary"]])
    """The kinds of metrics that may stand here and below, such as ratio or indicator.binary.
    Or, by name, the components that must stand here, and the kinds that each allows."""

    def resolved(self, nonzero_counts: Mapping[str, int]) -> dict[str, Any]:
        """Give what scoring needs, every weight a number."""
        parts = {
            "metrics": self._metric_weights(nonzero_counts),
            "components": {
                name: child.resolved(nonzero_counts) for name, child in self.components.items()
            },
        }
        said = self.model_dump(include={"label", "coverage", "allow"}, exclude_none=True)
        return {"weight": self.weight, **{key: part for key, part in parts.items() if part}, **said}

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
