"""The keys of a kind of metric: what they mean, and which types they can have.

A kind's dataclass is the one place where its keys stand. The grammar for people (with what an
editor shows) and the check of a stored scorecard are both made from it.
"""

from __future__ import annotations

import dataclasses
from typing import Any, NewType, TypeAlias

#: The name of a column of the accounts' table.
Column = NewType("Column", str)

#: Thresholds and points, the thresholds ascending. People write a mapping: ``{0: 0, 1: 50}``.
Steps: TypeAlias = tuple[tuple[float, float], ...]

#: From a label to points; None: no score, because the question does not arise yet.
Points: TypeAlias = dict[str, float | None]

#: From a column to a number.
ByColumn: TypeAlias = dict[str, float]


def option(says: str, *, example: Any, key: str | None = None, **default: Any) -> Any:
    """Make a field of a kind.

    Parameters
    ----------
    says : str
        What it means: one or two sentences, for who writes a definition.
    example : object
        A value as people write it.
    key : str, optional
        What it is called in a definition, where the field cannot have that name.
    **default
        `default=` or `default_factory=`, where it may be left out.
    """
    metadata = {"says": says, "example": example, "key": key}
    return dataclasses.field(metadata=metadata, **default)


def key_of(field: dataclasses.Field[Any]) -> str:
    """Give what a field is called in a definition."""
    return field.metadata.get("key") or field.name
