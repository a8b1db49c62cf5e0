"""Bodies of nothing but numbers and nulls, read at once, to what the strict readers would give."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from serving.inference.wire.columns import Columns
from serving.inference.wire.rows import without_negative_zeros
from serving.scoring import InvalidInput
from serving.web.problems import Problem

#: All that numbers, nulls, lists and objects are written with; not all of ``true`` and ``false``.
_HARMLESS = b"0123456789.,-+eE \t\r\n[]{}:nul"


class Plain(NamedTuple):
    """Rows of a body, and the keys and names that its text must hold for them to be there."""

    rows: list[Any]
    #: In quotes and in their order: what stands in the text once, then once per row.
    once: bytes
    each: bytes = b""
    #: Names of the columns; None where position tells.
    names: list[str] | None = None


def read_plain_json(body: bytes, columns: Columns) -> NDArray[np.float64] | None:
    """Read a JSON body if nothing in it could be read in two ways.

    Returns
    -------
    ndarray of shape (n_accounts, n_inputs), or None
        None where the strict reader has to look, for whatever reason.
    """
    if not columns.numbers_only:
        return None
    try:
        plain = _find(orjson.loads(body))
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    if plain is None or not nothing_else(body, plain):
        return None
    return to_accounts(plain.rows, columns, plain.names)


def nothing_else(body: bytes, plain: Plain) -> bool:
    """Say whether a text holds nothing beside its rows that could be read in two ways.

    orjson takes the last of two equal keys, and numpy takes texts and booleans for numbers. Neither
    can be if what is left of the text without `_HARMLESS` is what is left of the keys under which
    the rows were found. A string leaves its quotes at the least, so there are as many strings as
    keys that must be there: no object has another key or one twice, and no value is text. A
    backslash, true and false would leave something too.
    """
    keys = plain.once.translate(None, _HARMLESS)
    keys += plain.each.translate(None, _HARMLESS) * len(plain.rows)
    return body.translate(None, _HARMLESS) == keys


def to_accounts(
    rows: list[Any], columns: Columns, names: list[str] | None = None
) -> NDArray[np.float64] | None:
    """Turn rows of numbers and None into accounts.

    None where rows are not of the right width, or a number is below its column's minimum: the
    strict reader says which.
    """
    try:
        accounts = np.array(rows, dtype=np.float64)
        order = None if names is None else columns.order(names)
    except (ValueError, TypeError, InvalidInput, Problem):
        return None
    if accounts.ndim != 2 or accounts.shape[1] != (columns.width if names is None else len(names)):
        return None
    accounts = without_negative_zeros(accounts if order is None else accounts[:, order])
    if columns.least is not None and (accounts < columns.least).any():
        return None
    return accounts


def _find(content: Any) -> Plain | None:
    """Find rows. What is not as expected raises, or shows in the text's quotes."""
    if isinstance(content, list):
        return Plain(content, b"")
    for key, find in _FINDERS.items():
        if key in content:
            plain = find(content[key])
            return plain if plain and isinstance(plain.rows, list) else None
    return None


def _instances(instances: Any) -> Plain | None:
    first = instances[0]
    if isinstance(first, list):
        return Plain(instances, b'"instances"')
    if "features" in first:
        rows = [instance["features"] for instance in instances]
        return Plain(rows, b'"instances"', b'"features"')
    rows = [instance["data"]["features"]["values"] for instance in instances]
    return Plain(rows, b'"instances"', b'"data""features""values"')


def _inputs(rows: Any) -> Plain | None:
    return Plain(rows, b'"inputs"')


def _split(frame: Any) -> Plain | None:
    names = frame["columns"]
    if not isinstance(names, list):
        return None
    keys = ["dataframe_split"]
    for key in frame:
        keys += [key, *names] if key == "columns" else [key]
    return Plain(frame["data"], quoted(keys), names=names)


def _records(records: Any) -> Plain | None:
    plain = from_records(records)
    return plain and plain._replace(once=b'"dataframe_records"')


def from_records(records: Any) -> Plain | None:
    """Take objects apart that all have the same names in the same order."""
    names = list(records[0])
    if any(list(record) != names for record in records):
        return None
    return Plain([list(record.values()) for record in records], b"", quoted(names), names)


def quoted(names: list[str]) -> bytes:
    """Give names as they stand in a text, as long as none needs a backslash."""
    return b"".join(b'"%s"' % name.encode() for name in names)


#: As the strict reader's `SHAPES`, for what is plain.
_FINDERS: Mapping[str, Callable[[Any], Plain | None]] = {
    "instances": _instances,
    "inputs": _inputs,
    "dataframe_split": _split,
    "dataframe_records": _records,
}
