"""JSON bodies: Einstein Studio's instances, plain rows, and a flat object of columns."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.inference.wire.values import decode_columns
from serving.scoring import Input, MissingColumns
from serving.web.problems import Detail, Problem

_SHAPES = '{"instances": [{"features": [...]}]} or {"name": value, ...}'


def decode_json(body: bytes, inputs: Sequence[Input], today: dt.date) -> NDArray[np.float64]:
    """Decode a body by its shape.

    | body | meaning |
    |---|---|
    | ``{"instances": [{"features": [...]}, ...]}`` | by position: what Einstein Studio sends |
    | ``{"instances": [[...], ...]}``, ``[[...], ...]`` | by position |
    | ``{"name": value, ...}`` | by name, one account, or one per entry of equally long lists |

    Raises
    ------
    Problem
        400; by position also for a row of another length: nothing is scored then.
    """
    content = _parse(body)
    if isinstance(content, dict) and "instances" in content:
        rows = content["instances"]
        if not isinstance(rows, list):
            raise Problem(400, "instances must be a list of accounts")
        return _by_position(_features(rows), inputs, today)
    if isinstance(content, dict):
        return _by_name(content, inputs, today)
    if isinstance(content, list) and content:
        return _by_position(
            [(f"/{row}", value) for row, value in enumerate(content)], inputs, today
        )
    raise Problem(400, f"the body must be {_SHAPES}")


def _parse(body: bytes) -> Any:
    if not body.strip():
        raise Problem(400, f"the body is empty; send {_SHAPES}")
    try:
        return json.loads(
            body.decode("utf-8-sig"),
            object_pairs_hook=_without_duplicates,
            parse_constant=_refuse_constant,
        )
    except UnicodeDecodeError:
        raise Problem(400, "the body is not UTF-8") from None
    except json.JSONDecodeError as error:
        reason = f"the body is not JSON: {error.msg} at character {error.pos}"
        raise Problem(400, reason) from None
    except RecursionError:
        raise Problem(400, "the body is nested too deeply") from None
    except ValueError as error:
        raise Problem(400, f"the body is not JSON: {str(error)[:80]}") from None


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return content


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value; send null for a missing one")


def _features(instances: list[Any]) -> list[tuple[str, Any]]:
    """Give each instance's list of values, with its JSON pointer."""
    rows = []
    for index, instance in enumerate(instances):
        if isinstance(instance, dict):
            if "features" not in instance:
                reason = f"instance {index} has no key features"
                raise Problem(400, reason, [Detail(f"/instances/{index}", "features is missing")])
            rows.append((f"/instances/{index}/features", instance["features"]))
        else:
            rows.append((f"/instances/{index}", instance))
    return rows


def _by_position(
    rows: list[tuple[str, Any]], inputs: Sequence[Input], today: dt.date
) -> NDArray[np.float64]:
    for index, (path, values) in enumerate(rows):
        got = f"{len(values)} values" if isinstance(values, list) else "no list"
        if got != f"{len(inputs)} values":
            names = ", ".join(column.name for column in inputs)
            reason = f"row {index} has {got}; needed are {len(inputs)}, in this order: {names}"
            raise Problem(400, reason, [Detail(path, f"{got} instead of {len(inputs)}")])
    if not rows:
        return np.empty((0, len(inputs)))
    columns = list(zip(*(values for _, values in rows), strict=True))
    return decode_columns(columns, inputs, today, lambda row, column: f"{rows[row][0]}/{column}")


def _by_name(
    content: dict[str, Any], inputs: Sequence[Input], today: dt.date
) -> NDArray[np.float64]:
    missing = [column.name for column in inputs if column.name not in content]
    if missing:
        raise MissingColumns(missing)
    values = [content[column.name] for column in inputs]
    lengths = {len(value) if isinstance(value, list) else None for value in values}
    if len(lengths) > 1:
        raise Problem(400, "give a value for every name, or lists of one length for every name")
    if lengths == {None}:
        return decode_columns(
            [[value] for value in values],
            inputs,
            today,
            lambda _, column: f"/{inputs[column].name}",
        )
    return decode_columns(
        values, inputs, today, lambda row, column: f"/{inputs[column].name}/{row}"
    )
