"""How a metric may ask to be learned: one class per estimator, told apart by its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Discriminator, Field

from training.definition.strict import STRICT, Number, examples


@dataclass(frozen=True)
class EstimatorOptions:
    """Which estimator a metric asks for, and how; `loc` and `scale` in the metric's unit."""

    name: str
    family: str | None = None
    loc: float | None = None
    scale: float | None = None


class DistributionRegressionDefinition(BaseModel):
    """Smooth curves over the peer dimensions, and trees where they are not enough."""

    model_config = STRICT

    name: Literal["distribution_regression"] = Field(examples=["distribution_regression"])
    """Which estimator."""


class NearestPeersDefinition(BaseModel):
    """The share of the nearest accounts at or below a value."""

    model_config = STRICT

    name: Literal["nearest_peers"] = Field(examples=["nearest_peers"])
    """Which estimator."""


class MarginalDefinition(BaseModel):
    """A comparison with all accounts, whatever their peer dimensions."""

    model_config = STRICT

    name: Literal["marginal"] = Field(examples=["marginal"])
    """Which estimator."""


class ParametricDefinition(BaseModel):
    """A named distribution whose parameters vary with the peer dimensions."""

    model_config = STRICT

    name: Literal["parametric"] = Field(examples=["parametric"])
    """Which estimator."""
    family: Literal["normal", "gamma", "exponential", "beta"] = Field(examples=["gamma"])
    """The distribution, in the words of scipy.stats."""
    loc: Annotated[Number, Field(allow_inf_nan=False)] | None = Field(default=None, examples=[0])
    """Its location, in the metric's unit: kept as given. Left out: learned."""
    scale: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = Field(
        default=None, examples=[1]
    )
    """Its scale, in the metric's unit: kept as given. Left out: learned."""


EstimatorDefinition = Annotated[
    DistributionRegressionDefinition
    | NearestPeersDefinition
    | MarginalDefinition
    | ParametricDefinition,
    Discriminator("name"),
]

#: By the name of the estimator.
ESTIMATORS: Mapping[str, type[BaseModel]] = {
    "distribution_regression": DistributionRegressionDefinition,
    "nearest_peers": NearestPeersDefinition,
    "marginal": MarginalDefinition,
    "parametric": ParametricDefinition,
}


def options(asked: EstimatorDefinition) -> EstimatorOptions:
    """Give what training needs; what an estimator does not have is None."""
    return EstimatorOptions(**asked.model_dump())


def estimator_examples(name: tuple[str | int, ...]) -> dict[str, Any]:
    """Give an example of each key of an estimator; of one that has few if the name is no name."""
    return examples(ESTIMATORS.get(str(name[0]) if name else "", NearestPeersDefinition))
