"""The scorecard people write: its shape, and how it becomes the tree inside an artifact.

Only shape is said here (keys and types). What contradicts itself is `tree_mistakes`' to find, and
how mistakes read is `definition_mistakes`'.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import ErrorDetails, core_schema

from serving.scoring.column import Input
from serving.scoring.contradictions import tree_mistakes
from serving.scoring.errors import InvalidInput, InvalidScorecard
from serving.scoring.scorecard import MissingPolicy, Scorecard, scorecard_from_dict
from training.definition.estimators import EstimatorOptions, options
from training.definition.mistakes import mistake_lines, weighing_mistakes
from training.definition.parts import (
    ComponentDefinition,
    DimensionDefinition,
    MetricDefinition,
    Name,
    ScaleDefinition,
    part_examples,
    shared_weights,
)
from training.definition.strict import STRICT, examples
from training.definition.yaml_lines import MAX_BYTES, UnreadableYaml, read_yaml

_CARD = "service_cloud_mini.yaml"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Definition(BaseModel):
    """A scorecard as people write it; made by `read_definition`, which checks all of it."""

    model_config = STRICT | ConfigDict(title="Scorecard definition")

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
    ] = Field(min_length=1, examples=[["acct_age", "acct_size"]])
    """The columns that make accounts comparable; a plain name holds numbers."""
    metrics: dict[Name, MetricDefinition] = Field(
        min_length=1, examples=[{"bots": {"kind": "peer"}}]
    )
    """Every metric, by the name of its column."""
    components: dict[Name, ComponentDefinition] = Field(
        examples=[{"auto": {"weight": 1, "metrics": {"bots": 1}}}],
        json_schema_extra={"minProperties": 1},
    )
    """The parts of the global score, in the order in which they are given out."""

    @property
    def peer_dimension_inputs(self) -> tuple[Input, ...]:
        """The peer dimensions; categories are not known before training."""
        return tuple(Input(entry.name, entry.type) for entry in self.peer_dimensions)

    @property
    def metric_names(self) -> tuple[str, ...]:
        """Every metric, as written."""
        return tuple(self.metrics)

    def columns(self) -> tuple[Input, ...]:
        """Give what the accounts' table must hold: the peer dimensions, then the metrics."""
        return (*self.peer_dimension_inputs, *(Input(name) for name in self.metrics))

    def estimator(self, metric: str) -> EstimatorOptions | None:
        """Give the estimator asked for; None where training is to choose."""
        asked = self.metrics[metric].estimator
        return None if asked is None else options(asked)

    def resolve(
        self, *, nonzero_counts: Mapping[str, int], categories: Mapping[str, Sequence[str]]
    ) -> Scorecard:
        """Build the scorecard, with what only the training data can say.

        Parameters
        ----------
        nonzero_counts : mapping of str to int
            By metric, how many training values are not 0; needed for `weights: nonzero_share`.
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
                "metrics": {name: body.resolved() for name, body in self.metrics.items()},
                "components": {
                    name: body.resolved(nonzero_counts) for name, body in self.components.items()
                },
            }
        )


def read_definition(path: Path) -> Definition:
    """Read and check the file of a scorecard.

    Raises
    ------
    InvalidInput
        If the file cannot be read.
    InvalidScorecard
        Naming every mistake at once, one line each: "FILE:LINE: path.to.key: what is wrong".
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = os.strerror(error.errno or errno.EIO)
        raise InvalidInput(f"cannot read the scorecard {path}: {reason}") from error
    try:
        text = raw.decode("utf-8", errors="ignore" if len(raw) > MAX_BYTES else "strict")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InvalidScorecard([f"{path}:{line}: scorecard: the text is not UTF-8"]) from error
    return parse_definition(text, source=str(path))


def parse_definition(text: str, *, source: str) -> Definition:
    """Check the text of a scorecard; `source` is what messages call it.

    Raises
    ------
    InvalidScorecard
        Naming every mistake at once, one line each: "SOURCE:LINE: path.to.key: what is wrong".
    """
    try:
        document = read_yaml(text)
    except UnreadableYaml as error:
        raise InvalidScorecard([f"{source}:{error.line}: scorecard: {error.reason}"]) from error
    tree = document.value if isinstance(document.value, dict) else {}
    contradictions = [*tree_mistakes(tree), *weighing_mistakes(tree)]
    errors: list[ErrorDetails] = []
    definition: Definition | None = None
    try:
        definition = Definition.model_validate(document.value)
    except ValidationError as error:
        errors = error.errors(include_url=False)
    mistakes = mistake_lines(
        source,
        document,
        errors,
        contradictions,
        lambda path: part_examples(path) if path else examples(Definition),
    )
    if mistakes or definition is None:
        raise InvalidScorecard(mistakes)
    return definition


def default_scorecard() -> Path:
    """Find the scorecard that comes with the program, installed or in a checkout."""
    here = Path(__file__).resolve().parent.parent
    installed = here / "scorecards" / _CARD
    return installed if installed.exists() else here.parent / "data" / "scorecards" / _CARD


def definition_schema() -> dict[str, Any]:
    """Give the JSON Schema by which an editor completes and checks the file."""
    return {"$schema": _DIALECT, **Definition.model_json_schema(schema_generator=_ClosedNames)}


class _ClosedNames(GenerateJsonSchema):
    """Refuses keys that are no names, which pydantic's `patternProperties` alone lets through."""

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        return {**super().dict_schema(schema), "additionalProperties": False}
