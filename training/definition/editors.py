"""The JSON Schema by which editors complete and check a definition."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from training.definition.model import Definition

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def definition_schema() -> dict[str, Any]:
    """Give the JSON Schema by which an editor completes and checks the file."""
    return {"$schema": _DIALECT, **Definition.model_json_schema(schema_generator=_ClosedNames)}


class _ClosedNames(GenerateJsonSchema):
    """Refuses keys that are no names, which pydantic's `patternProperties` alone lets through."""

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        made = super().dict_schema(schema)
        return {**made, "additionalProperties": False} if "patternProperties" in made else made
