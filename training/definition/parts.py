"""The smaller parts of a definition: scale, peer dimensions, coverage, drivers, peers, events.

Field docstrings are what an editor shows, examples what a message about a missing key gives.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from serving.scoring.column import DimensionType
from serving.scoring.contradictions.peers import SMALLEST_GROUP
from training.definition.strict import STRICT, Name, Number


class ScaleDefinition(BaseModel):
    """How a peer rank, or points, are shown as a score."""

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
    type: DimensionType = Field(default="number", examples=["category"])
    """What the column holds."""


class CoverageDefinition(BaseModel):
    """How much of what applies to an account must have scores."""

    model_config = STRICT

    minimum: Annotated[
        Number, WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": 1})
    ] = Field(examples=[0.5])
    """The least share of the weight; with less, the score is withheld."""


class DriversDefinition(BaseModel):
    """What is told of the metrics that cost an account the most points."""

    model_config = STRICT

    top: Annotated[int, WithJsonSchema({"type": "integer", "minimum": 1})] = Field(examples=[3])
    """How many are told."""


class OverlayDefinition(BaseModel):
    """A comparison with anonymous accounts of similar size, beside the score."""

    model_config = STRICT

    dimensions: list[Name] = Field(
        examples=[["acct_size"]], json_schema_extra={"minItems": 1, "uniqueItems": True}
    )
    """The columns that make accounts similar: peer dimensions or metrics' columns, of numbers."""
    minimum_group: Annotated[
        int, WithJsonSchema({"type": "integer", "minimum": SMALLEST_GROUP})
    ] = Field(examples=[10])
    """With fewer accounts in the group nothing is told, so that nobody can be recognised."""


class EventDefinition(BaseModel):
    """A column derived from events.csv when a data folder is read; on the wire it comes ready."""

    model_config = STRICT | ConfigDict(
        json_schema_extra={
            "not": {
                "required": ["days", "months"],
                "properties": {"days": {"type": "integer"}, "months": {"type": "integer"}},
            }
        }
    )

    event: str = Field(examples=["credits_used"], json_schema_extra={"minLength": 1})
    """Which events: their name in the column `event`."""
    take: Literal["sum", "count", "latest"] = Field(examples=["sum"])
    """What is taken: the sum of `quantity`, how many there are, or the date of the latest."""
    days: int | None = Field(default=None, examples=[365], json_schema_extra={"minimum": 1})
    """How many days back from the scoring date events count. Left out, and no months: all do."""
    months: int | None = Field(default=None, examples=[12], json_schema_extra={"minimum": 1})
    """The same in calendar months."""
