"""The OpenAPI document of the container, for the model it serves."""

from __future__ import annotations

import csv
import importlib.metadata
import io
from typing import Any

import orjson

from serving.inference.explanations import EXPLAINED, MAX_ACCOUNTS
from serving.inference.openapi_explanations import explanation_schemas
from serving.inference.openapi_schemas import (
    component_schemas,
    csv_body,
    json_body,
    json_lines_body,
)
from serving.inference.served_model import ServedModel
from serving.inference.views import categories, products
from serving.inference.wire.formats import FORMATS
from serving.scoring import Input

DISTRIBUTION = "customer-success-scorecard"

_Part = dict[str, Any]


def encode_openapi(model: ServedModel) -> bytes:
    """Write the document: OpenAPI 3.1, JSON."""
    return orjson.dumps(
        {
            "openapi": "3.1.0",
            "info": {
                "title": f"Scorecard {model.scorer.scorecard.id}",
                "version": importlib.metadata.version(DISTRIBUTION),
                "description": "Scores how well customer accounts use a product"
                f"{_compared(model)}. Serves artifact {model.version}.",
            },
            "paths": {
                "/invocations": {"post": _invocations(model)},
                "/explain": {"post": _explain(model)},
                "/ping": {"get": _get("Is a model loaded?", _STATUS, 503)},
                "/readyz": {"get": _get("The same as /ping.", _STATUS, 503)},
                "/livez": {"get": _get("Is the process up?", _STATUS)},
                "/schema": {"get": _get("Inputs in order, outputs with JSONPaths.", _ANY, 503)},
                "/openapi.json": {"get": _get("This document.", _ANY, 503)},
                "/execution-parameters": {
                    "get": _get("How a batch transform should send.", _PARAMETERS)
                },
                "/metrics": {"get": _metrics()},
            },
            "components": {"schemas": component_schemas(model) | explanation_schemas(model)},
        },
        option=orjson.OPT_INDENT_2,
    )


def _compared(model: ServedModel) -> str:
    return ", compared with accounts like them" if model.scorer.scorecard.peer_metrics else ""


def _invocations(model: ServedModel) -> _Part:
    answers: _Part = {kind.media_types[0]: {"schema": {"type": "string"}} for kind in FORMATS}
    answers["application/json"] = {"schema": {"$ref": "#/components/schemas/Predictions"}}
    return _about_accounts(
        model,
        "Score accounts.",
        "A prediction per account, in order, each with every key; null where there is no score.",
        answers,
    )


def _explain(model: ServedModel) -> _Part:
    answers: _Part = {kind.media_types[0]: {"schema": {"type": "string"}} for kind in EXPLAINED}
    answers["application/json"] = {"schema": {"$ref": "#/components/schemas/Explanations"}}
    about = _about_accounts(
        model,
        "Say why accounts have their scores, and what would bring higher ones.",
        f"An explanation per account, in order; of at most {MAX_ACCOUNTS} accounts at once.",
        answers,
    )
    return {"parameters": _views(model), **about}


def _views(model: ServedModel) -> list[_Part]:
    """Describe what a URL can ask for."""
    there = {
        "category": ("in this component, at any depth", categories(model.scorer)),
        "product": ("of this product", products(model.scorer)),
    }
    return [
        {
            "name": name,
            "in": "query",
            "description": f"Tell only of metrics {which}; scores stay those of the whole.",
            "schema": {"type": "string", "enum": list(known)},
        }
        for name, (which, known) in there.items()
        if known
    ]


def _about_accounts(model: ServedModel, summary: str, answer: str, answers: _Part) -> _Part:
    bodies = {
        "application/json": {"schema": json_body(), "examples": _json_examples(model)},
        "text/csv": {"schema": csv_body(model), "examples": _csv_examples(model)},
        "application/jsonlines": {
            "schema": json_lines_body(model),
            "examples": {"features": {"value": _json_line(model)}},
        },
    }
    return {
        "summary": summary,
        "requestBody": {"required": True, "content": bodies},
        "responses": {
            "200": {
                "description": answer,
                "headers": {"X-Scorecard-Version": {"schema": {"type": "string"}}},
                "content": answers,
            },
            **_problems(400, 406, 413, 415, 500, 503),
        },
    }


def _example(model: ServedModel) -> list[Any]:
    """Give an account of which everything is known, from the rows the artifact proves itself by."""
    complete = [row for row in model.scorer.artifact.golden["inputs"] if None not in row]
    row = complete[0] if complete else [1] * len(model.columns.inputs)
    return [_told(*pair) for pair in zip(model.columns.inputs, row, strict=True)]


def _told(column: Input, value: Any) -> Any:
    """Give a value as callers send it, from one as the scorer takes it."""
    if column.type == "category":
        return column.categories[0]
    if column.type == "boolean":
        return bool(value)
    return "2026-01-31" if column.type == "date" else value


def _json_examples(model: ServedModel) -> _Part:
    row = _example(model)
    names = [column.name for column in model.columns.inputs]
    named = dict(zip(names, row, strict=True))
    bodies = {
        "Json": {"instances": [{"features": row}, {"features": row}]},
        "JsonDense": {"instances": [{"data": {"features": {"values": row}}}]},
        "NumpyInstance": {"instances": [row]},
        "NumpyInput": {"inputs": [row]},
        "DataFrameSplit": {"dataframe_split": {"columns": names, "data": [row]}},
        "DataFrameRecords": {"dataframe_records": [named]},
        "Named": named,
    }
    return {name: {"value": body} for name, body in bodies.items()}


def _csv_examples(model: ServedModel) -> _Part:
    row = _example(model)
    names = [column.name for column in model.columns.inputs]
    return {"by position": {"value": _csv(row)}, "by name": {"value": _csv(names, row)}}


def _json_line(model: ServedModel) -> str:
    return orjson.dumps({"features": _example(model)}, option=orjson.OPT_APPEND_NEWLINE).decode()


def _csv(*rows: list[Any]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _get(summary: str, schema: _Part, *problems: int) -> _Part:
    content = {"application/json": {"schema": schema}}
    answers = {"200": {"description": "Yes.", "content": content}}
    return {"summary": summary, "responses": answers | _problems(500, *problems)}


def _metrics() -> _Part:
    answer = {
        "description": "Prometheus.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
    return {
        "summary": "Metrics of all workers.",
        "responses": {"200": answer, **_problems(404, 500)},
    }


def _problems(*statuses: int) -> _Part:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    said = {
        400: "The body cannot be read; says what to change.",
        404: "There is none here.",
        406: "None of the accepted types is given here.",
        413: "The body is too large, or has too many accounts.",
        415: "Bodies of this type are not read.",
        500: "Unexpected; the log has more under the request id.",
        503: "No model is loaded, all slots are busy, or it takes too long; try again.",
    }
    return {
        str(status): {"description": said[status], "content": content}
        for status in sorted(statuses)
    }


_ANY = {"type": "object"}
_STATUS = {
    "type": "object",
    "required": ["status"],
    "properties": {"status": {"const": "ok"}},
    "additionalProperties": False,
}
_PARAMETERS = {
    "type": "object",
    "required": ["MaxConcurrentTransforms", "BatchStrategy", "MaxPayloadInMB"],
    "properties": {
        "MaxConcurrentTransforms": {"type": "integer"},
        "BatchStrategy": {"enum": ["MULTI_RECORD", "SINGLE_RECORD"]},
        "MaxPayloadInMB": {"type": "integer", "maximum": 100},
    },
    "additionalProperties": False,
}
