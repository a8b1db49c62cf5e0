"""Predictions as bytes, block by block so that memory stays small; the schema as bytes."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from itertools import repeat
from typing import Any

import orjson

from serving.inference.views import listed_metrics
from serving.inference.wire.predictions import Predictions
from serving.scoring import Scorer


def json_objects(keys: Sequence[str], rows: list[list[Any]]) -> bytes:
    """Write objects with commas between them.

    NaN becomes null: JSON has no NaN, and an omitted key would shift the rows a JSONPath reads.
    """
    return orjson.dumps(_objects(keys, rows))[1:-1]


def json_lines(keys: Sequence[str], rows: list[list[Any]]) -> bytes:
    """Write an object per line."""
    line = orjson.OPT_APPEND_NEWLINE
    return b"".join([orjson.dumps(content, option=line) for content in _objects(keys, rows)])


def csv_lines(_keys: Sequence[str], rows: list[list[Any]]) -> bytes:
    """Write a line per row, without a header: null is an empty cell, a list has ``|`` between."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(map(_cells, rows))
    return text.getvalue().encode()


def _objects(keys: Sequence[str], rows: list[list[Any]]) -> list[dict[str, Any]]:
    return list(map(dict, map(zip, repeat(keys), rows)))


def _cells(row: list[Any]) -> list[Any]:
    # What is not equal to itself is NaN.
    return ["|".join(v) if type(v) is list else v if v == v else None for v in row]


def encode_schema(scorer: Scorer, predictions: Predictions) -> bytes:
    """Write what to type into a form: inputs in order with types, outputs with JSONPaths.

    And what the scores are of: each metric with its kind and the components it is in.
    """
    return orjson.dumps(
        {
            "scorecard": scorer.scorecard.id,
            "artifact_version": scorer.artifact.version,
            "inputs": [
                {"position": position, **column.to_dict()}
                for position, column in enumerate(scorer.inputs)
            ],
            "outputs": [
                {"name": name, "type": output.kind, "json_path": f"$.predictions[*].{name}"}
                for name, output in predictions.outputs.items()
            ],
            "metrics": [metric._asdict() for metric in listed_metrics(scorer)],
        },
        option=orjson.OPT_INDENT_2,
    )
