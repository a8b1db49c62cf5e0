"""Scores and the schema as JSON."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import orjson
from numpy.typing import NDArray

from serving.scoring import Scorer

JSON = "application/json"

_STAMP = "last_modified"


def encode_predictions(
    outputs: Sequence[str], scores: NDArray[np.float64], moment: dt.datetime
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
    """
    stamp = moment.isoformat(timespec="milliseconds")
    keys = list(outputs)
    predictions = [dict(zip(keys, [*row, stamp], strict=True)) for row in scores.tolist()]
    return orjson.dumps({"predictions": predictions})


def encode_schema(scorer: Scorer) -> bytes:
    """Write what to type into a form: inputs in order with types, outputs with JSONPaths."""
    return orjson.dumps(
        {
            "scorecard": scorer.scorecard.id,
            "artifact_version": scorer.artifact.version,
            "inputs": [
                {"position": position, **column.to_dict()}
                for position, column in enumerate(scorer.inputs)
            ],
            "outputs": [
                {
                    "name": name,
                    "type": "string" if name == _STAMP else "number",
                    "json_path": f"$.predictions[*].{name}",
                }
                for name in scorer.outputs
            ],
        },
        option=orjson.OPT_INDENT_2,
    )
