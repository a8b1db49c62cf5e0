"""What every part of a definition has in common."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, WithJsonSchema

STRICT = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)

#: Minus zero is zero: two spellings of one definition must give one tree.
Number = Annotated[float, AfterValidator(lambda number: number + 0.0)]

# The limits in such schemas are for editors; the reader leaves them to `tree_mistakes`, which
# checks resolved trees by the same lines.
_NAME = "^[A-Za-z][A-Za-z0-9_]*$"
Name = Annotated[str, WithJsonSchema({"type": "string", "pattern": _NAME})]


def examples(model: type[BaseModel]) -> dict[str, Any]:
    """Give an example of each key, by the key as people write it."""
    fields = model.model_fields.items()
    return {field.alias or name: (field.examples or [None])[0] for name, field in fields}
