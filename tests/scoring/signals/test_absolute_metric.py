"""For whom a metric counts, and how old its facts may be."""

import math

import numpy as np
import pytest
from signal_builders import NAN

from serving.scoring.absolute import absolute_metric
from serving.scoring.column import Input
from serving.scoring.scorecard import scorecard_from_dict
from serving.scoring.signals.signal import Status

RATE = {"kind": "ratio", "numerator": None, "denominator": None, "share": "rate"}


def told(body, *row):
    judge = absolute_metric("metric", {**RATE, **body}).judging({})
    points, statuses = judge([np.array([value], dtype=float) for value in row])
    return float(points[0]), Status(statuses[0])


@pytest.mark.parametrize(
    ("member", "age", "rate", "points", "status", "why"),
    [
        (1, 30, 0.5, 50, Status.OK, "exactly as old as it may be"),
        (1, 31, 0.5, NAN, Status.STALE, "a day older"),
        (1, NAN, 0.5, NAN, Status.MISSING, "of when it is, is not known"),
        (0, 31, 0.5, NAN, Status.NOT_APPLICABLE, "what does not apply is not stale"),
        (0, 30, NAN, NAN, Status.NOT_APPLICABLE, "nor missing"),
        (NAN, 30, 0.5, NAN, Status.MISSING, "whether it applies is not known"),
        (1, 30, NAN, NAN, Status.MISSING, "it applies, and is not there"),
    ],
)
def test_a_metric_counts_for_its_cohort_while_its_facts_are_fresh(
    member, age, rate, points, status, why
):
    body = {"cohort": "in_program", "as_of": "rated_on", "max_age_days": 30}

    found, word = told(body, rate, member, age)

    assert word == status, why
    assert found == points or (math.isnan(found) and math.isnan(points)), why


def test_its_columns_are_those_of_its_kind_then_the_cohort_then_the_date():
    body = {**RATE, "cohort": "in_program", "as_of": "rated_on", "max_age_days": 30}

    inputs = absolute_metric("metric", body).inputs

    assert [(entry.name, entry.type) for entry in inputs] == [
        ("rate", "number"),
        ("in_program", "boolean"),
        ("rated_on", "date"),
    ]


def test_a_column_that_cannot_be_negative_for_one_metric_cannot_be_so_for_any():
    metrics = {
        "rate": {**RATE, "share": "use"},
        "line": {"kind": "linear", "input": "use", "best": 1, "worst": -1},
    }

    for turned in (metrics, dict(reversed(metrics.items()))):
        card = scorecard_from_dict(
            {
                "id": "card",
                "scale": {"type": "zero_to_100"},
                "missing": "skip",
                "peer_dimensions": [],
                "metrics": turned,
                "components": {"all": {"weight": 1, "metrics": dict.fromkeys(metrics, 1)}},
            }
        )

        assert card.inputs == (Input("use", minimum=0.0),)
