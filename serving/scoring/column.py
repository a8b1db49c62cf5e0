"""A column of the accounts' table, as the scorer reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

InputType = Literal["number", "category", "date", "boolean"]

#: What makes accounts comparable; a truth is a category of two.
DimensionType = Literal["number", "category", "date"]


@dataclass(frozen=True, slots=True)
class Input:
    """A column the scorer reads; a category's code is its index in `categories`.

    `minimum` is the least number there can be; a smaller one is an error. None: no limit.
    """

    name: str
    type: InputType = "number"
    categories: tuple[str, ...] = ()
    minimum: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Give what the manifest stores."""
        listed = {"categories": list(self.categories)} if self.type == "category" else {}
        least = {} if self.minimum is None else {"minimum": self.minimum}
        return {"name": self.name, "type": self.type, **listed, **least}
