"""What a container must answer, computed here by the scorer."""

import csv
import io
import json
from pathlib import Path

import numpy as np

from serving.scoring import load_scorer
from tests.processes import Answer

#: Three accounts that score differently, in the order of the fifteen inputs.
ROWS = [
    [36, 200, 0.9, 3, 0, 0.4, 0.5, 2, 0, 0.7, 1, 0.8, 0, 5, 2],
    [2, 12, 0.1, 0, 1, 0.2, 0.0, 0, 0, 0.1, 0, 0.3, 0, 1, 0],
    [120, 3000, 2.5, 9, 30, 0.9, 4.0, 8, 12, 3.1, 14, 1.0, 7, 12, 40],
]
JSON_BODY = json.dumps({"instances": [{"features": row} for row in ROWS]})
CSV_BODY = "\n".join(",".join(map(str, row)) for row in ROWS)


def scores_of(artifact: Path) -> list[dict[str, float]]:
    """Score the accounts; gives a dictionary for each, without `last_modified`."""
    scorer = load_scorer(artifact)
    values = scorer.score(np.array(ROWS, dtype=float)).values
    names = [name for name in scorer.outputs if name != "last_modified"]
    return [dict(zip(names, row, strict=True)) for row in values.tolist()]


def scores_in_json(answer: Answer) -> list[dict[str, float]]:
    assert answer.status == 200, answer.body
    predictions = answer.json()["predictions"]
    return [{key: row[key] for key in row if key != "last_modified"} for row in predictions]


def scores_in_csv(answer: Answer, names: list[str]) -> list[dict[str, float]]:
    """Read lines that hold the keys in the order of `names`."""
    assert answer.status == 200, answer.body
    rows = [
        dict(zip(names, line, strict=True))
        for line in csv.reader(io.StringIO(answer.body.decode()))
    ]
    return [
        {key: float(cell) for key, cell in row.items() if key != "last_modified"} for row in rows
    ]
