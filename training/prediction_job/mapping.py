"""The mapping file: where each input of the model comes from, and where its outputs stand.

Fields of the model keep their owner and their order; only the names of columns are free, as far
as Data 360 changes them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from jsonpath_ng import Child, Fields, JSONPath, Root
from jsonpath_ng.exceptions import JsonPathLexerError, JsonPathParserError
from jsonpath_ng.parser import parse
from pydantic import BaseModel, ConfigDict, Field

from serving.scoring.contradictions import Mistake
from training.definition.strict import STRICT, examples
from training.prediction_job.documents import read_document
from training.prediction_job.objects import CUSTOM, OBJECTS, OWNERS

_FILE = "css_mini_mapping.yaml"
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")

#: Columns of tables that are the job's own; SQLite does not tell cases apart.
RESERVED = frozenset(
    {"acct_id", "last_updated", "file", "status", "reason", "artifact_version", "scored_at"}
    | {"inputs_sha256", "id", "rowid", "oid", "_rowid_"}
)


class OutputDefinition(BaseModel):
    """One output of the model."""

    model_config = STRICT

    type: Literal["Number", "Text"] = Field(examples=["Number"])
    """What it holds; both may be null."""
    path: str = Field(examples=["$.predictions[*].global_score"])
    """Its JSONPath in an answer."""


class FieldMapping(BaseModel):
    """The whole file."""

    model_config = STRICT | ConfigDict(title="Mapping of a prediction job")

    format: Literal["job-mapping/v1"] = Field(alias="schema", examples=["job-mapping/v1"])
    """The version of this grammar."""
    inputs: dict[str, str] = Field(examples=[{"acct_age": "AccountMini.acct_age"}])
    """Every field of the model, in its order: the object and the column it comes from."""
    outputs: dict[str, OutputDefinition] = Field(
        min_length=1,
        examples=[{"global_score": {"type": "Number", "path": "$.predictions[*].global_score"}}],
    )
    """Every output: a column of the result."""

    def columns(self, name: str) -> tuple[str, ...]:
        """Give the columns read from an object, in the order of the fields."""
        sources = (source.split(".") for source in self.inputs.values())
        return tuple(column for owner, column in sources if owner == name)

    def extractors(self) -> dict[str, JSONPath]:
        """Give for each output what finds it in an answer."""
        return {name: parse(output.path) for name, output in self.outputs.items()}

    @property
    def sha256(self) -> str:
        """Identify what the file says, however it is written."""
        # Lists keep the order, which is part of what it says.
        said = [
            list(self.inputs.items()),
            [(name, output.type, output.path) for name, output in self.outputs.items()],
        ]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def default_mapping() -> Path:
    """Find the mapping that comes with the program, installed or in a checkout."""
    return jobs_folder() / _FILE


def jobs_folder() -> Path:
    """Find the folder of the job files that come with the program."""
    here = Path(__file__).resolve().parent.parent
    installed = here / "jobs"
    return installed if installed.exists() else here.parent / "data" / "jobs"


def read_mapping(path: Path) -> FieldMapping:
    """Read and check a mapping file.

    Raises
    ------
    OSError, InvalidJob
        As `read_document`.
    """
    return read_document(path, FieldMapping, _contradictions, _fields_at)


def _fields_at(path: tuple[str | int, ...]) -> Mapping[str, Any]:
    return examples(OutputDefinition) if path[:1] == ("outputs",) else examples(FieldMapping)


def _contradictions(tree: Mapping[str, Any]) -> Iterator[Mistake]:
    inputs, outputs = tree.get("inputs"), tree.get("outputs")
    if isinstance(inputs, dict):
        yield from _input_mistakes(inputs)
        yield from _order_mistakes(inputs)
    if isinstance(outputs, dict):
        yield from _output_mistakes(outputs)


def _input_mistakes(inputs: Mapping[str, Any]) -> Iterator[Mistake]:
    for field in OWNERS.keys() - inputs.keys():
        yield Mistake(("inputs",), f"{field} is not mapped; all {len(OWNERS)} fields must be")
    for field, source in inputs.items():
        path = ("inputs", field)
        if field not in OWNERS:
            yield Mistake(path, f"no field of the model; its fields are {', '.join(OWNERS)}")
        elif isinstance(source, str):
            reason = _source_mistake(field, source)
            if reason:
                yield Mistake(path, reason)


def _source_mistake(field: str, source: str) -> str:
    owner, _, column = source.partition(".")
    if owner not in OBJECTS:
        return f"must be OBJECT.column, the object one of {', '.join(OBJECTS)}, not {source!r}"
    if owner != OWNERS[field]:
        return f"comes from {OWNERS[field]}, not from {owner}"
    if not _IDENTIFIER.fullmatch(column) or column.lower() in RESERVED:
        return f"{column!r} cannot be the name of a column"
    plain = column.lower().removesuffix(CUSTOM)
    if plain != field:
        return f"must be the column {field} or {field}{CUSTOM}, not {column}"
    return ""


def _order_mistakes(inputs: Mapping[str, Any]) -> Iterator[Mistake]:
    given = [field for field in inputs if field in OWNERS]
    wanted = [field for field in OWNERS if field in inputs]
    for place, (field, right) in enumerate(zip(given, wanted, strict=True), start=1):
        if field != right:
            reason = f"stands in place {place}, where the model reads {right}; the order is fixed"
            yield Mistake(("inputs", field), reason)
            return


def _output_mistakes(outputs: Mapping[str, Any]) -> Iterator[Mistake]:
    folded = [name.lower() for name in outputs]
    for name, body in outputs.items():
        path = ("outputs", name)
        if not _IDENTIFIER.fullmatch(name) or name.lower() in RESERVED:
            yield Mistake(path, "cannot be the name of a column")
        elif folded.count(name.lower()) > 1:
            yield Mistake(path, "another output has this name, but for upper and lower case")
        if isinstance(body, dict) and isinstance(body.get("path"), str):
            key = _key(body["path"])
            if key is None:
                reason = f"must be $.predictions[*].KEY, not {body['path']!r}"
                yield Mistake((*path, "path"), reason)
            elif key != name:
                yield Mistake((*path, "path"), f"ends in {key}, which is not {name}")


def _key(path: str) -> str | None:
    """Give the key at the end of ``$.predictions[*].KEY``; None if it is another path.

    Only such a path finds at most one value in each prediction, so that as many values as
    predictions means one of each.
    """
    try:
        found = parse(path)
    except (JsonPathParserError, JsonPathLexerError):
        return None
    if not isinstance(found, Child) or not isinstance(found.right, Fields):
        return None
    rows = str(found.left)
    keys = found.right.fields
    if not isinstance(found.left, Child) or rows != _ROWS or len(keys) != 1 or keys[0] == "*":
        return None
    return str(keys[0])


_ROWS = str(Child(Child(Root(), Fields("predictions")), parse("[*]")))
