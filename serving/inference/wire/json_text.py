"""JSON read strictly: no key twice, no NaN or Infinity, UTF-8 only."""

from __future__ import annotations

import json
from typing import Any


class NotJson(ValueError):
    """Bytes are not JSON as the wire has it; the message says why, beginning with a verb."""


def parse(text: bytes) -> Any:
    """Parse JSON.

    Raises
    ------
    NotJson
        If it is none. A number longer than Python reads counts as that; one beyond a double is
        infinite, and refused where its value is needed.
    """
    try:
        return _STRICT.decode(text.decode())
    except UnicodeDecodeError:
        raise NotJson("is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise NotJson(f"is not JSON: {error.msg} at character {error.pos}") from None
    except RecursionError:
        raise NotJson("is nested too deeply") from None
    except NotJson:
        raise
    except ValueError:
        raise NotJson("has a number with too many digits") from None


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise NotJson("is not JSON: a key stands twice in one object")
    return content


def _refuse_constant(name: str) -> None:
    raise NotJson(f"is not JSON: {name} is not a JSON value; send null for a missing one")


_STRICT = json.JSONDecoder(object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant)
