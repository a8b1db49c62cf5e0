"""The kinds of metrics, as people write them.

`peer` is written out. Those with an absolute score are made from the dataclasses in
`serving.scoring.signals`, where their keys, words and examples stand, so that a new kind
needs no line here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING
from types import UnionType
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

from pydantic import BaseModel, Field, GetCoreSchemaHandler, WithJsonSchema, create_model
from pydantic_core import CoreSchema, core_schema

from serving.scoring.absolute import absolute_metric
from serving.scoring.contradictions.as_stored import THRESHOLD, holds, stored_metric
from serving.scoring.scorecard import Ties
from serving.scoring.signals import KINDS as SIGNALS
from serving.scoring.signals import Signal
from serving.scoring.signals.options import ByColumn, Column, Points, Steps
from serving.scoring.signals.stored import Key, keys_of
from training.definition.estimators import EstimatorDefinition
from training.definition.strict import STRICT, Name, Number
from training.definition.yaml_lines import Path

#: A threshold as a key: YAML has numbers there, JSON only text.
_Threshold = Annotated[str, WithJsonSchema({"type": "string", "pattern": f"^{THRESHOLD}$"})]

_LABEL = "What people call it. Left out: its name."
_PRODUCT = "The product that it is about."


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
    label: str | None = Field(default=None, description=_LABEL, examples=["Bots in use"])
    product: str | None = Field(default=None, description=_PRODUCT, examples=["Service Cloud"])

    def resolved(self, _name: str) -> dict[str, Any]:
        """Give what scoring needs, every key said, so that a new default changes no artifact."""
        around = {"label": self.label, "product": self.product}
        return {
            **self.model_dump(exclude={"estimator", *around}),
            **{key: value for key, value in around.items() if value is not None},
        }


class AbsoluteDefinition(BaseModel):
    """A metric with an absolute score; one class is made of it for each kind."""

    model_config = STRICT

    def resolved(self, name: str) -> dict[str, Any]:
        """Give what scoring needs, every key of the kind said."""
        stored = stored_metric(self.model_dump())
        signal = absolute_metric(name, stored).signal
        return {**stored, **signal.to_dict()}


#: What any absolute metric may say beside the keys of its kind.
_AROUND: Mapping[str, tuple[Any, str, Any]] = {
    "label": (str | None, _LABEL, "QBR overdue"),
    "product": (str | None, _PRODUCT, "Service Cloud"),
    "cohort": (
        Name | None,
        "A column of true and false: the metric applies only where it is true.",
        "insider_program",
    ),
    "as_of": (
        Name | None,
        "A column with the date that the metric's facts are of; needs max_age_days.",
        "facts_updated",
    ),
    "max_age_days": (Number | None, "Facts older than this give no score, because stale.", 90),
}


def _written(annotation: Any) -> Any:
    """Turn the type of a stored key into the type of what people write."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return Union[tuple(_written(each) for each in inner)]  # noqa: UP007
    if annotation == Steps:
        return dict[_Threshold, Number]
    if annotation == ByColumn:
        return dict[Name, Number]
    if annotation == Points:
        return dict[str, Number | None]
    if origin is tuple:
        return list[_written(inner[0])]  # type: ignore[misc]
    return {float: Number, Column: Name}.get(annotation, annotation)


def _field(key: Key) -> tuple[Any, Any]:
    told: dict[str, Any] = {"description": key.says, "examples": [key.example]}
    if key.default is MISSING:
        return _written(key.annotation), Field(**told)
    default = {} if holds(key.annotation, Steps) and key.default == () else key.default
    return _written(key.annotation), Field(default=default, **told)


def _made(kind: str, signal: type[Signal]) -> type[BaseModel]:
    says = (signal.__doc__ or "").split("\n\n")[0]
    word = Field(description="How the metric is scored.", examples=[kind])
    fields: dict[str, Any] = {
        "kind": (Literal[kind], word),
        **{name: _field(key) for name, key in keys_of(signal).items()},
        **{
            name: (type_, Field(default=None, description=words, examples=[example]))
            for name, (type_, words, example) in _AROUND.items()
        },
    }
    title = "".join(part.capitalize() for part in kind.split("_"))
    return create_model(
        f"{title}Definition", __base__=AbsoluteDefinition, __doc__=" ".join(says.split()), **fields
    )


#: By the word that stands as `kind`.
KINDS: Mapping[str, type[BaseModel]] = {
    "peer": PeerDefinition,
    **{kind: _made(kind, signal) for kind, signal in SIGNALS.items()},
}


class _ByKind:
    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        choices = {kind: handler.generate_schema(model) for kind, model in KINDS.items()}
        return core_schema.tagged_union_schema(choices, discriminator="kind")


#: Read by its `kind`, as one of `KINDS`, of which typing knows no more than this.
MetricDefinition: TypeAlias = Annotated[PeerDefinition | AbsoluteDefinition, _ByKind()]


def thresholds_and_labels(
    metrics: Mapping[str, Any],
) -> tuple[set[Path], set[Path]]:
    """Find the mappings whose keys are numbers, and those whose keys are labels: their paths."""
    numbers: set[Path] = set()
    labels: set[Path] = set()
    for name, body in metrics.items():
        kind = body.get("kind") if isinstance(body, Mapping) else None
        signal = SIGNALS.get(kind) if isinstance(kind, str) else None
        for key, said in (keys_of(signal) if signal else {}).items():
            if holds(said.annotation, Steps):
                numbers.add(("metrics", name, key))
            if holds(said.annotation, Points):
                labels.add(("metrics", name, key))
    return numbers, labels
