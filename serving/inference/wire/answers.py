"""Scores and the schema as JSON."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from serving.inference.wire.extras import extra_outputs
from serving.scoring import Scorer

JSON = "application/json"

_STAMP = "last_modified"


def encode_predictions(
    outputs: Sequence[str],
    scores: NDArray[np.float64],
    moment: dt.datetime,
    extras: Mapping[str, Sequence[Any]],
) -> bytes:
    """Write ``{"predictions": [...]}``: an object per account, in order, each with every key.

    Parameters
    ----------
    outputs : sequence of str
        Keys in wire order; ``last_modified`` is the last.
    scores : ndarray of shape (n_accounts, n_outputs - 1)
        NaN becomes null: JSON has no NaN, and an omitted key would shift the rows that a JSONPath
        reads.
    moment : datetime
        When the accounts were scored, in UTC.
    extras : mapping of str to sequence
        Keys that follow, each with a value per account.
    """
    stamp = moment.isoformat(timespec="milliseconds")
    keys = list(outputs)
    predictions = [dict(zip(keys, [*row, stamp], strict=True)) for row in scores.tolist()]
    for key, values in extras.items():
        for prediction, value in zip(predictions, values, strict=True):
            prediction[key] = value
    return orjson.dumps({"predictions": predictions})


def encode_schema(scorer: Scorer, extras: Collection[str]) -> bytes:
    """Write what to type into a form: inputs in order with types, outputs with JSONPaths.

    `extras` are words of `EXTRAS`; what they add to an answer is listed too.
    """
    scores = {name: "string" if name == _STAMP else "number" for name in scorer.outputs}
    outputs = scores | extra_outputs(scorer, extras)
    return orjson.dumps(
        {
            "scorecard": scorer.scorecard.id,
            "artifact_version": scorer.artifact.version,
            "inputs": [
                {"position": position, **column.to_dict()}
                for position, column in enumerate(scorer.inputs)
            ],
            "outputs": [
                {"name": name, "type": kind, "json_path": f"$.predictions[*].{name}"}
                for name, kind in outputs.items()
            ],
        },
        option=orjson.OPT_INDENT_2,
    )
