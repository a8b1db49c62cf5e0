"""Settings from the environment: one table that parses, documents and is tested."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field, field, fields
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


class SettingsError(Exception):
    """The environment cannot be used; the message names every variable that is wrong.

    Attributes
    ----------
    mistakes : tuple of str
        One for each of them.
    known : dict
        The fields whose text is right: whoever names all mistakes at once looks into these, too.
    """

    def __init__(self, *mistakes: str, known: Mapping[str, Any] | None = None) -> None:
        super().__init__("; ".join(mistakes))
        self.mistakes = mistakes
        self.known = dict(known or {})


def setting(
    *names: str,
    meaning: str,
    parse: Callable[[str], Any] = str,
    default: str | None = None,
) -> Any:
    """Declare a field of a settings class.

    Parameters
    ----------
    names : str
        Variables, the first that is set counts; the first is the documented one.
    meaning : str
        One sentence for the settings table.
    parse : callable
        Text to value; raises ValueError with a message that says what would be right.
    default : str, optional
        As it would stand in the environment; without one the variable is required.
    """
    return field(metadata={"names": names, "meaning": meaning, "parse": parse, "default": default})


def read_settings(kind: type[T], environ: Mapping[str, str]) -> T:
    """Build settings from an environment.

    Raises
    ------
    SettingsError
        Naming every mistake at once.
    """
    values: dict[str, Any] = {}
    mistakes = []
    for item in _declared(kind):
        # An empty variable is how a deployment forgets one: it counts as not set.
        name, raw = next(
            ((name, environ[name]) for name in item.metadata["names"] if environ.get(name)),
            (item.metadata["names"][0], item.metadata["default"]),
        )
        if raw is None:
            mistakes.append(f"{name} is not set: {item.metadata['meaning']}")
            continue
        try:
            values[item.name] = item.metadata["parse"](raw)
        except ValueError as error:
            mistakes.append(f"{name}: {error}")
    if mistakes:
        raise SettingsError(*mistakes, known=values)
    return kind(**values)


def shown(settings: Any) -> dict[str, Any]:
    """Give settings as the first log line of a process shows them; none of them is a secret."""
    return {
        item.metadata["names"][0]: _plain(getattr(settings, item.name))
        for item in _declared(type(settings))
    }


def _declared(kind: type[Any]) -> list[Field[Any]]:
    return [item for item in fields(kind) if "names" in item.metadata]


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return ",".join(value)
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def whole_number(lowest: int, highest: int) -> Callable[[str], int]:
    """Make a parser of whole numbers within limits."""

    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = lowest - 1
        if not lowest <= number <= highest:
            raise ValueError(f"must be a whole number from {lowest} to {highest}, not {text!r}")
        return number

    return parse


def seconds(lowest: float, highest: float) -> Callable[[str], float]:
    """Make a parser of seconds within limits."""

    def parse(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = float("nan")
        if not lowest <= number <= highest:
            raise ValueError(f"must be seconds from {lowest:g} to {highest:g}, not {text!r}")
        return number

    return parse


def some_of(words: Sequence[str]) -> Callable[[str], tuple[str, ...]]:
    """Make a parser of lists with commas between; the words come out in the order of `words`."""

    def parse(text: str) -> tuple[str, ...]:
        given = {word.strip() for word in text.split(",")} - {""}
        if unknown := sorted(given - set(words)):
            raise ValueError(f"may hold {', '.join(words)}, not {', '.join(map(repr, unknown))}")
        return tuple(word for word in words if word in given)

    return parse


def words(text: str) -> tuple[str, ...]:
    """Parse a list with commas between, in its order."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def one_of(choices: Sequence[str]) -> Callable[[str], str]:
    """Make a parser of one word among several."""

    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"must be {' or '.join(choices)}, not {text!r}")
        return text

    return parse


def optional(parse: Callable[[str], T]) -> Callable[[str], T | None]:
    """Make a parser for which an empty text is None."""
    return lambda text: parse(text) if text else None


def share(text: str) -> float:
    """Parse a share above 0 and up to 1."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= 1:
        raise ValueError(f"must be a share above 0 and up to 1, not {text!r}")
    return number


def yes_or_no(text: str) -> bool:
    """Parse a switch."""
    if text.lower() in ("1", "true", "yes", "on"):
        return True
    if text.lower() in ("0", "false", "no", "off"):
        return False
    raise ValueError(f"must be true or false, not {text!r}")


#: Without `_`: gunicorn drops such headers, because a `-` and a `_` look alike to an app.
_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}")


def header_name(text: str) -> str:
    """Parse the name of a header."""
    if not _HEADER.fullmatch(text):
        raise ValueError(f"must be a header's name, not {text!r}")
    return text


def existing_file(text: str) -> Path:
    """Parse the path of a file that must be there."""
    path = Path(text)
    if not path.is_file():
        raise ValueError(f"there is no file {text}")
    return path
