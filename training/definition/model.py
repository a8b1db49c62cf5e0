"""The scorecard people write: what it may hold, and how it becomes the tree inside an artifact.

Only shape is said here (keys and types). What contradicts itself is `tree_mistakes`' to find, and
how mistakes read is `mistakes`'.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from serving.scoring.absolute import AbsoluteMetric, absolute_metric
from serving.scoring.column import Input
from serving.scoring.errors import InvalidScorecard
from serving.scoring.scorecard import (
    MissingPolicy,
    PeerOverlay,
    Scorecard,
    scorecard_from_dict,
)
from serving.scoring.signals.learned_risk import LearnedRisk
from training.definition.components import ComponentDefinition, shared_weights
from training.definition.estimators import EstimatorOptions, options
from training.definition.kinds import AbsoluteDefinition, MetricDefinition, PeerDefinition
from training.definition.parts import (
    CoverageDefinition,
    DimensionDefinition,
    DriversDefinition,
    EventDefinition,
    OverlayDefinition,
    ScaleDefinition,
)
from training.definition.strict import STRICT, Name, Number

_NOTHING: Mapping[str, Any] = MappingProxyType({})

#: Peer metrics are compared along peer dimensions; an editor says so by this.
_PEERS_NEED_DIMENSIONS: dict[str, Any] = {
    "if": {
        "properties": {
            "metrics": {
                "additionalProperties": {"not": {"properties": {"kind": {"const": "peer"}}}}
            }
        }
    },
    "else": {"required": ["peer_dimensions"], "properties": {"peer_dimensions": {"minItems": 1}}},
}


class Definition(BaseModel):
    """A scorecard as people write it; made by `read_definition`, which checks all of it."""

    model_config = STRICT | ConfigDict(
        title="Scorecard definition", json_schema_extra=_PEERS_NEED_DIMENSIONS
    )

    format: Literal["scorecard/v1"] = Field(alias="schema", examples=["scorecard/v1"])
    """The version of this grammar."""
    id: str = Field(pattern="^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=64, examples=["my-card"])
    """What this scorecard is called: letters, digits, dots, hyphens and underscores."""
    scale: ScaleDefinition = Field(examples=[{"type": "out_of_10", "step": 1}])
    """What scores look like: from 0 to 10 or to 100, and in which steps."""
    missing: MissingPolicy = Field(default="skip", examples=["skip"])
    """A metric without a value: skip leaves it out of the mean, zero counts it as 0."""
    peer_dimensions: list[
        Annotated[
            DimensionDefinition,
            BeforeValidator(
                lambda entry: {"name": entry} if isinstance(entry, str) else entry,
                json_schema_input_type=Name | DimensionDefinition,
            ),
        ]
    ] = Field(default_factory=list, examples=[["acct_age", "acct_size"]])
    """The columns that make accounts comparable; a plain name holds numbers. Metrics of kind peer
    and `peers` need them."""
    metrics: dict[Name, MetricDefinition] = Field(
        min_length=1, examples=[{"bots": {"kind": "peer"}}]
    )
    """Every metric: one of kind peer by the name of its column, another by any name."""
    components: dict[Name, ComponentDefinition] = Field(
        examples=[{"auto": {"weight": 1, "metrics": {"bots": 1}}}],
        json_schema_extra={"minProperties": 1},
    )
    """The parts of the global score, in the order in which they are given out."""
    weights_total: Number | None = Field(
        default=None, examples=[100], json_schema_extra={"exclusiveMinimum": 0}
    )
    """What the weights of `components` must sum to. Left out: anything."""
    bands: dict[str, Number] | None = Field(
        default=None, examples=[{"Healthy": 75, "Watch": 50, "At Risk": 0}]
    )
    """Names for parts of the scale, and the score each begins with; the lowest begins with 0."""
    coverage: CoverageDefinition | None = Field(default=None, examples=[{"minimum": 0.5}])
    """How much must have scores for a global score. Left out: any part is enough."""
    drivers: DriversDefinition | None = Field(default=None, examples=[{"top": 3}])
    """What is told of the metrics that cost the most points. Left out: the top 3."""
    peers: OverlayDefinition | None = Field(
        default=None, examples=[{"dimensions": ["acct_size"], "minimum_group": 10}]
    )
    """A comparison with anonymous accounts of similar size beside the score, never in it."""
    events: dict[Name, EventDefinition] | None = Field(
        default=None, examples=[{"reviews": {"event": "review", "take": "count", "days": 365}}]
    )
    """Columns derived from the events in events.csv, by name."""

    @property
    def peer_dimension_inputs(self) -> tuple[Input, ...]:
        """The peer dimensions; categories are not known before training."""
        return tuple(Input(entry.name, entry.type) for entry in self.peer_dimensions)

    @property
    def metric_names(self) -> tuple[str, ...]:
        """Every metric, as written."""
        return tuple(self.metrics)

    @property
    def peer_metric_names(self) -> tuple[str, ...]:
        """The metrics compared with peers: each needs a fit. The name is that of the column."""
        return tuple(
            name for name, body in self.metrics.items() if isinstance(body, PeerDefinition)
        )

    @property
    def absolute_metrics(self) -> tuple[AbsoluteMetric, ...]:
        """The others, as they score."""
        return tuple(
            absolute_metric(name, body.resolved(name))
            for name, body in self.metrics.items()
            if isinstance(body, AbsoluteDefinition)
        )

    @property
    def risks(self) -> tuple[LearnedRisk, ...]:
        """What scores by a model, which can be fitted to outcomes."""
        signals = (metric.signal for metric in self.absolute_metrics)
        return tuple(signal for signal in signals if isinstance(signal, LearnedRisk))

    @property
    def overlay(self) -> PeerOverlay | None:
        """The comparison beside the score, which needs accounts; None where none is asked for."""
        asked = self.peers
        return None if asked is None else PeerOverlay(tuple(asked.dimensions), asked.minimum_group)

    @property
    def weighed_by_data(self) -> tuple[str, ...]:
        """The metrics whose weights are shares of non-zero values."""
        shared = shared_weights(self.components, "components")
        return tuple(name for _, names in shared for name in names)

    def columns(self) -> tuple[Input, ...]:
        """Give what the accounts' table must hold: the peer dimensions, then the metrics' columns.

        Each once. Those that `events` derives are among them.
        """
        absolute = {metric.name: metric.inputs for metric in self.absolute_metrics}
        read = [column for name in self.metrics for column in absolute.get(name, (Input(name),))]
        # Where several metrics read a column, a limit of one of them holds, as in a `Scorecard`.
        limited = {column.name: column for column in read if column.minimum is not None}
        columns = {column.name: column for column in self.peer_dimension_inputs}
        for column in read:
            columns.setdefault(column.name, column)
        return tuple({**columns, **limited}.values())

    def estimator(self, metric: str) -> EstimatorOptions | None:
        """Give the estimator a peer metric asks for; None where training is to choose."""
        body = self.metrics[metric]
        asked = body.estimator if isinstance(body, PeerDefinition) else None
        return None if asked is None else options(asked)

    def resolve(
        self,
        *,
        nonzero_counts: Mapping[str, int] = _NOTHING,
        categories: Mapping[str, Sequence[str]] = _NOTHING,
    ) -> Scorecard:
        """Build the scorecard, with what only the training data can say.

        Parameters
        ----------
        nonzero_counts : mapping of str to int
            By metric, how many training values are not 0; needed for `weighed_by_data`.
        categories : mapping of str to sequence of str
            By peer dimension of type category, its categories in the order of their codes.

        Raises
        ------
        InvalidScorecard
            If weights are to come from the data and a component's values are all 0.
        """
        unknowable = [
            f"{name}.metrics: every training value of {', '.join(metrics)} is 0 or missing, so"
            " `weights: nonzero_share` has nothing to share; give each a weight"
            for name, metrics in shared_weights(self.components, "components")
            if not any(nonzero_counts[metric] for metric in metrics)
        ]
        if unknowable:
            raise InvalidScorecard(unknowable)
        return scorecard_from_dict(
            {
                "schema": self.format,
                "id": self.id,
                "scale": self.scale.model_dump(),
                "missing": self.missing,
                "peer_dimensions": [
                    Input(name, type_, tuple(categories[name])).to_dict()
                    if type_ == "category"
                    else Input(name, type_).to_dict()
                    for name, type_ in ((each.name, each.type) for each in self.peer_dimensions)
                ],
                "metrics": {name: body.resolved(name) for name, body in self.metrics.items()},
                "components": {
                    name: body.resolved(nonzero_counts) for name, body in self.components.items()
                },
                **self.model_dump(include=_WHERE_GIVEN, exclude_none=True),
            }
        )


#: What a tree holds only where the definition does.
_WHERE_GIVEN = {"weights_total", "bands", "coverage", "drivers", "peers", "events"}
