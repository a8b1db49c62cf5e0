"""The keys of a kind of metric, and how an artifact stores them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import UnionType
from typing import Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

from serving.scoring.signals.options import key_of
from serving.scoring.signals.signal import Signal

_Kind = TypeVar("_Kind", bound=Signal)


class Key(NamedTuple):
    """A key that may stand in the definition of a kind.

    Attributes
    ----------
    annotation : type
        What it can be, in the words of `options`.
    says : str
        What it means.
    example : object
        A value as people write it.
    default : object
        What it is where it is left out; `dataclasses.MISSING` where it must not be.
    """

    annotation: Any
    says: str
    example: Any
    default: Any


@cache
def keys_of(kind: type[Signal]) -> Mapping[str, Key]:
    """Give the keys of a kind by name, as its dataclass lists them."""
    hints = get_type_hints(kind)
    return {
        key_of(each): Key(
            hints[each.name], each.metadata["says"], each.metadata["example"], _default(each)
        )
        for each in dataclasses.fields(kind)
        if each.name != "name"
    }


def kind_from_dict(kind: type[_Kind], name: str, body: Mapping[str, Any]) -> _Kind:
    """Build a kind from its stored keys, whose shapes must have been checked."""
    fields = {key_of(each): each.name for each in dataclasses.fields(kind)}
    return kind(name=name, **{fields[key]: _thawed(value) for key, value in body.items()})


def misshapen_keys(kind: type[Signal], body: Mapping[str, Any]) -> Iterator[str]:
    """Name the keys of a stored kind that are missing, unknown, or of another type."""
    keys = keys_of(kind)
    for name, key in keys.items():
        if name not in body or not _fits(key.annotation, body[name]):
            yield name
    yield from (name for name in body if name not in keys)


def _default(field: dataclasses.Field[Any]) -> Any:
    made = field.default_factory
    return field.default if made is dataclasses.MISSING else made()


def _thawed(value: Any) -> Any:
    """Turn lists into tuples: what is shared by threads must not be changed."""
    return tuple(map(_thawed, value)) if isinstance(value, list) else value


def _fits(annotation: Any, value: Any) -> bool:
    """Say whether a JSON value can become what an annotation asks for."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return any(_fits(each, value) for each in inner)
    if origin is Literal:
        return isinstance(value, str) and value in inner
    if origin is tuple:
        return _fits_tuple(inner, value)
    if origin is dict:
        return isinstance(value, dict) and all(_fits(inner[1], each) for each in value.values())
    # A column's name is a `NewType`, which is text.
    return _PLAIN[annotation if isinstance(annotation, type) else str](value)


def _fits_tuple(inner: tuple[Any, ...], value: Any) -> bool:
    if not isinstance(value, list):
        return False
    if inner[1:] == (Ellipsis,):
        return all(_fits(inner[0], each) for each in value)
    return len(value) == len(inner) and all(map(_fits, inner, value))


_PLAIN: Mapping[type, Callable[[Any], bool]] = {
    float: lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    int: lambda value: isinstance(value, int) and not isinstance(value, bool),
    bool: lambda value: isinstance(value, bool),
    str: lambda value: isinstance(value, str),
    type(None): lambda value: value is None,
}
