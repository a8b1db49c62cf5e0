"""Reads a job's YAML files: every mistake at once, with file and line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from serving.scoring.contradictions import Mistake
from training.definition.mistakes import mistake_lines
from training.definition.yaml_lines import MAX_BYTES, UnreadableYaml, read_yaml
from training.prediction_job.errors import InvalidJob

_Model = TypeVar("_Model", bound=BaseModel)


def read_document(
    path: Path,
    model: type[_Model],
    contradictions: Callable[[Mapping[str, Any]], Iterable[Mistake]],
    fields_at: Callable[[tuple[str | int, ...]], Mapping[str, Any]],
) -> _Model:
    """Read a YAML file into a model.

    Parameters
    ----------
    path : Path
    model : type
        What keys there may be, and of which types.
    contradictions : callable
        Finds what types cannot say, in the plain data.
    fields_at : callable
        Gives, by name, an example of each key that may stand in the mapping at a path.

    Raises
    ------
    OSError
        If the file cannot be read.
    InvalidJob
        Naming every mistake, one line each.
    """
    with path.open("rb") as file:
        raw = file.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise InvalidJob([f"{path}:1: larger than {MAX_BYTES} bytes: is it the right file?"])
    try:
        document = read_yaml(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InvalidJob([f"{path}:{line}: not UTF-8"]) from error
    except UnreadableYaml as error:
        raise InvalidJob([f"{path}:{error.line}: {error.reason}"]) from error
    if not isinstance(document.value, dict):
        raise InvalidJob([f"{path}:1: must be a mapping of keys"])
    errors: list[ErrorDetails] = []
    read: _Model | None = None
    try:
        read = model.model_validate(document.value)
    except ValidationError as error:
        errors = error.errors(include_url=False)
    found = contradictions(document.value)
    mistakes = mistake_lines(str(path), document, errors, found, fields_at)
    if mistakes or read is None:
        raise InvalidJob(mistakes)
    return read
