"""JSON Schemas of bodies and answers, for one model."""

from __future__ import annotations

from typing import Any

from serving.inference.served_model import ServedModel
from serving.scoring import Input

Schema = dict[str, Any]

_NUMBER = r"[+-]?([0-9]{1,30}(\.[0-9]{0,30})?|\.[0-9]{1,30})([eE][+-]?[0-9]{1,2})?"
_DATE = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])"

#: What a value that is not known is, where it is text.
_MISSING = ("", "NaN")


def component_schemas(model: ServedModel) -> dict[str, Schema]:
    """Give the named schemas of the document.

    Requests are described as narrowly as a schema can; what is accepted besides (numbers as text,
    names in another case, further keys) stands in the descriptions. Answers are described exactly.
    """
    names = [column.name for column in model.columns.inputs]
    return {
        "Row": _row(model.columns.inputs),
        "Named": {
            "type": "object",
            "description": "An account by name; further names are ignored, case and a final "
            "`__c` do not matter.",
            "required": names,
            "properties": {column.name: _value(column) for column in model.columns.inputs},
        },
        "Json": _holding("instances", list_of({"anyOf": [_FEATURES, _DENSE]})),
        "NumpyInstance": _holding("instances", list_of(ref("Row"))),
        "NumpyInput": _holding("inputs", list_of(ref("Row"))),
        "Rows": {**list_of(ref("Row")), "minItems": 1},
        "DataFrameSplit": _holding(
            "dataframe_split",
            {
                "type": "object",
                "required": ["columns", "data"],
                "properties": {"columns": {"const": names}, "data": list_of(ref("Row"))},
            },
        ),
        "DataFrameRecords": _holding("dataframe_records", list_of(ref("Named"))),
        "Prediction": _prediction(model),
        "Predictions": closed({"predictions": list_of(ref("Prediction"))}),
        "Problem": _PROBLEM,
    }


def json_body() -> Schema:
    """Give the schema of a JSON body: any of the named shapes."""
    shapes = (
        "Json",
        "NumpyInstance",
        "NumpyInput",
        "Rows",
        "DataFrameSplit",
        "DataFrameRecords",
        "Named",
    )
    return {"anyOf": [ref(shape) for shape in shapes]}


def csv_body(model: ServedModel) -> Schema:
    """Give the schema of a CSV body without a header."""
    return {"type": "string", "pattern": f"^({_line(model, '', '')}\\n)+$"}


def json_lines_body(model: ServedModel) -> Schema:
    """Give the schema of a body of JSON Lines."""
    row = _line(model, '"', "null")
    return {"type": "string", "pattern": f'^(\\{{"features":\\[{row}\\]\\}}\\n)+$'}


def _line(model: ServedModel, quote: str, missing: str) -> str:
    return ",".join(f"({_plain_text(column, quote)}|{missing})" for column in model.columns.inputs)


def _plain_text(column: Input, quote: str) -> str:
    if column.type == "number":
        return r"-?(0|[1-9][0-9]{0,9})(\.[0-9]{1,20})?(e[+-]?[0-9]{1,2})?"
    return f"{quote}{_DATE if column.type == 'date' else '[a-zA-Z0-9]{1,20}'}{quote}"


def _value(column: Input) -> Schema:
    """Describe a value: null is missing; so are an empty text and NaN."""
    if column.type == "category":
        return {"type": ["string", "null"]}
    text = _DATE if column.type == "date" else _NUMBER
    either: list[Schema] = [
        {"type": "null"},
        {"enum": list(_MISSING)},
        {"type": "string", "pattern": f"^{text}$"},
    ]
    if column.type == "number":
        either.insert(0, {"type": "number"})
    return {"anyOf": either}


def _row(inputs: tuple[Input, ...]) -> Schema:
    order = ", ".join(column.name for column in inputs)
    row: Schema = {
        "type": "array",
        "description": f"An account by position: {order}.",
        "minItems": len(inputs),
        "maxItems": len(inputs),
    }
    if {column.type for column in inputs} == {"number"}:
        return row | {"items": _value(inputs[0])}
    return row | {"prefixItems": [_value(column) for column in inputs]}


def _prediction(model: ServedModel) -> Schema:
    kinds: dict[str, Schema] = {
        "number": {"type": ["number", "null"]},
        "string": {"type": ["string", "null"]},
        "array": {"type": ["array", "null"], "items": {"type": "string"}},
    }
    return closed({key: kinds[kind] for key, kind in model.predictions.kinds.items()})


def ref(name: str) -> Schema:
    """Refer to a named schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def list_of(items: Schema) -> Schema:
    """Describe a list."""
    return {"type": "array", "items": items}


def _holding(key: str, content: Schema) -> Schema:
    return {"type": "object", "required": [key], "properties": {key: content}}


def closed(properties: dict[str, Schema]) -> Schema:
    """Describe an object that has all of these keys and no others."""
    return {
        "type": "object",
        "required": list(properties),
        "properties": properties,
        "additionalProperties": False,
    }


_FEATURES = _holding("features", ref("Row"))
_DENSE = _holding("data", _holding("features", _holding("values", ref("Row"))))

_TEXT: Schema = {"type": "string"}

_PROBLEM: Schema = {
    "type": "object",
    "required": ["message", "request_id"],
    "properties": {
        "message": _TEXT,
        "errors": {
            "type": "array",
            "maxItems": 10,
            "items": closed({"path": _TEXT, "reason": _TEXT}),
        },
        "retry_after": {"type": "integer"},
        "request_id": _TEXT,
    },
    "additionalProperties": False,
}
