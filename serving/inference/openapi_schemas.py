"""JSON Schemas of bodies and answers, for one model."""

from __future__ import annotations

from typing import Any

from serving.inference.served_model import ServedModel
from serving.inference.wire.extras import Output
from serving.inference.wire.json_shapes import SHAPES
from serving.scoring import Input
from serving.scoring.encoding import BOOLEAN_TEXTS

Schema = dict[str, Any]

_UNSIGNED = r"([0-9]{1,30}(\.[0-9]{0,30})?|\.[0-9]{1,30})([eE][+-]?[0-9]{1,2})?"
_JSON_UNSIGNED = r"(0|[1-9][0-9]{0,9})(\.[0-9]{1,20})?(e[+-]?[0-9]{1,2})?"
_BOOLEANS = (True, False, 1, 0, *BOOLEAN_TEXTS)
_DATE = r"[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])"

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
            "properties": dict.fromkeys(SHAPES, False)
            | {column.name: _value(column) for column in model.columns.inputs},
        },
        "Json": _shape("instances", list_of({"anyOf": [_FEATURES, _DENSE]})),
        "NumpyInstance": _shape("instances", list_of(ref("Row"))),
        "NumpyInput": _shape("inputs", list_of(ref("Row"))),
        "Rows": {**list_of(ref("Row")), "minItems": 1},
        "DataFrameSplit": _shape(
            "dataframe_split",
            {
                "type": "object",
                "required": ["columns", "data"],
                "properties": {"columns": {"const": names}, "data": list_of(ref("Row"))},
            },
        ),
        "DataFrameRecords": _shape("dataframe_records", list_of(ref("Named"))),
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
        return _JSON_UNSIGNED if _has_no_sign(column) else f"-?{_JSON_UNSIGNED}"
    if column.type == "boolean":
        return "true|false|1|0"
    return f"{quote}{_DATE if column.type == 'date' else '[a-zA-Z0-9]{1,20}'}{quote}"


def _has_no_sign(column: Input) -> bool:
    return column.minimum is not None and column.minimum >= 0.0


def _value(column: Input) -> Schema:
    """Describe a value: null is missing; so are an empty text and NaN."""
    if column.type == "category":
        return {"type": ["string", "null"]}
    if column.type == "boolean":
        return {"enum": [*_BOOLEANS, None, *_MISSING]}
    missing: list[Schema] = [{"type": "null"}, {"enum": list(_MISSING)}]
    if column.type == "date":
        return {"anyOf": [*missing, _text(_DATE)]}
    number: Schema = {"type": "number"}
    if column.minimum is not None:
        number |= {"minimum": column.minimum}
    sign = "[+]?" if _has_no_sign(column) else "[+-]?"
    return {"anyOf": [number, *missing, _text(sign + _UNSIGNED)]}


def _text(pattern: str) -> Schema:
    return {"type": "string", "pattern": f"^{pattern}$"}


def _row(inputs: tuple[Input, ...]) -> Schema:
    order = ", ".join(column.name for column in inputs)
    row: Schema = {
        "type": "array",
        "description": f"An account by position: {order}.",
        "minItems": len(inputs),
        "maxItems": len(inputs),
    }
    values = [_value(column) for column in inputs]
    if all(value == values[0] for value in values):
        return row | {"items": values[0]}
    return row | {"prefixItems": values}


def _prediction(model: ServedModel) -> Schema:
    return closed({key: _output(output) for key, output in model.predictions.outputs.items()})


def _output(output: Output) -> Schema:
    """Describe what a key holds; null is no score, and a row that could not be read."""
    if output.kind == "number":
        return {"type": ["number", "null"]}
    text: Schema = {"type": "string"} if output.words is None else {"enum": list(output.words)}
    if output.kind == "array":
        return {"type": ["array", "null"], "items": text}
    if output.words is None:
        return {"type": ["string", "null"]}
    return {"enum": [*output.words, None]}


def ref(name: str) -> Schema:
    """Refer to a named schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def list_of(items: Schema) -> Schema:
    """Describe a list."""
    return {"type": "array", "items": items}


def _shape(key: str, content: Schema) -> Schema:
    """Describe a body of one shape: other keys do not matter, but those of the other shapes."""
    return {
        "type": "object",
        "required": [key],
        "properties": dict.fromkeys(SHAPES, False) | {key: content},
    }


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
