"""Accounts whose values are told apart by position."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from serving.inference.wire.columns import Columns
from serving.inference.wire.rows import BadRow


class Positional:
    """Accounts by position, each in a shape of its own: see `features`."""

    def __init__(self, instances: list[Any], columns: Columns, prefix: str) -> None:
        self._instances = instances
        self._columns = columns
        self._prefix = prefix

    def __len__(self) -> int:
        return len(self._instances)

    def values(self, row: int) -> Sequence[Any]:
        """Give the values, if they are as many as there are inputs."""
        instance, path = self._instances[row], f"{self._prefix}/{row}"
        if isinstance(instance, dict) and not has_features(instance):
            raise BadRow(
                f"instance {row} has no key features; by name send dataframe_records",
                path,
                "features is missing",
            )
        return features(instance, self._columns, f"row {row}", path)[1]

    def path(self, row: int, column: int) -> str:
        """Point into the instance."""
        place = f"{self._prefix}/{row}"
        return f"{features(self._instances[row], self._columns, '', place)[0]}/{column}"

    where = path


def has_features(instance: dict[str, Any]) -> bool:
    """Say whether an object holds its values by position."""
    return "features" in instance or "data" in instance


def features(instance: Any, columns: Columns, row: str, path: str) -> tuple[str, list[Any]]:
    """Find the values of an instance, and where they are.

    | instance | values |
    |---|---|
    | ``{"features": [...]}`` | what Einstein Studio sends |
    | ``{"data": {"features": {"values": [...]}}}``, ``{"data": {"features": [...]}}`` \
| the long forms that AWS calls dense |
    | ``[...]`` | plain |

    Raises
    ------
    BadRow
        If it is none of these, or has not as many values as there are inputs.
    """
    place, values = path, instance
    if isinstance(instance, dict):
        if "features" in instance and "data" in instance:
            reason = "has features and data; send one of them"
            raise BadRow(f"{row} {reason}", path, reason)
        if "data" in instance:
            place, values = _dense(instance["data"], path)
        else:
            place, values = f"{path}/features", instance["features"]
    if isinstance(values, list) and len(values) == columns.width:
        return place, values
    got = how_many(values)
    message = (
        f"{row} has {got}; needed are {columns.width}, in this order: {', '.join(columns.names)}"
    )
    raise BadRow(message, place, f"{got} instead of {columns.width}")


def how_many(values: Any) -> str:
    """Say in words how many values there are."""
    return f"{len(values)} values" if isinstance(values, list) else "no list of values"


def _dense(data: Any, path: str) -> tuple[str, Any]:
    inner = data.get("features") if isinstance(data, dict) else None
    if isinstance(inner, dict):
        return f"{path}/data/features/values", inner.get("values")
    return f"{path}/data/features", inner
