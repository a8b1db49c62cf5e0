"""`POST /explain` of a scorecard with absolute metrics, bands and a comparison beside the score."""

import datetime as dt
import json

import jsonschema
import numpy as np
import pytest
from test_any_request import NOON, make_client, strictly

from serving.inference.openapi import encode_openapi
from serving.inference.served_model import ServedModel
from serving.scoring.golden import make_golden
from serving.scoring.stored_overlay import read_overlay
from tests.scoring.health_card import FACTS, KINDS, make_absolute_scorer, make_tree_of
from training.fit_overlay import fit_overlay

ACCOUNT = FACTS | {
    "last_health_check": str(NOON.date() - dt.timedelta(days=84)),
    "last_qbr": str(NOON.date() - dt.timedelta(days=200)),
    "last_insider_call": None,
    "seats": 50.0,
}


def make_model():
    tree = make_tree_of(
        KINDS,
        peers={"dimensions": ["seats"], "minimum_group": 10},
        peer_dimensions=[{"name": "seats", "type": "number"}],
    )
    scorer = make_absolute_scorer(tree)
    rng = np.random.default_rng(7)
    columns = {entry.name: rng.uniform(0.0, 3.0, 80).round() for entry in scorer.inputs}
    accounts = np.column_stack([*columns.values()])
    overlay = read_overlay(fit_overlay(scorer, accounts), scorer.scorecard)
    golden = make_golden(scorer, accounts)
    return ServedModel(make_absolute_scorer(tree, overlay=overlay, golden=golden))


@pytest.fixture(scope="module")
def model():
    return make_model()


@pytest.fixture(scope="module")
def document(model):
    return json.loads(encode_openapi(model))


def ask(model, *accounts):
    body = json.dumps({"dataframe_records": accounts})
    answer = make_client(model).post("/explain", data=body, content_type="application/json")
    assert answer.status_code == 200, answer.text
    return strictly(answer.text)["explanations"]


def check(document, explanations):
    content = document["paths"]["/explain"]["post"]["responses"]["200"]["content"]
    schema = {**document, **content["application/json"]["schema"]}
    jsonschema.Draft202012Validator(schema).validate({"explanations": explanations})


def test_what_is_answered_is_what_the_document_describes(model, document):
    unknown = dict.fromkeys(ACCOUNT)
    lone = ACCOUNT | {"seats": None, "last_qbr": None, "pipeline_open": 0}

    explanations = ask(model, ACCOUNT, unknown, lone)

    check(document, explanations)
    assert explanations[0]["next_band"] is not None
    assert [each["peers"]["status"] for each in explanations] == [
        "compared",
        "size_not_known",
        "size_not_known",
    ]
    assert explanations[1]["overall"]["reason"] == "insufficient_coverage"
    statuses = {metric["status"] for metric in explanations[2]["metrics"]}
    assert statuses == {"ok", "no_denominator", "not_applicable"}
    with pytest.raises(jsonschema.ValidationError):
        check(document, [{**explanations[0], "band": "Splendid"}])


def test_facts_are_told_as_people_know_them(model):
    (why,) = ask(model, ACCOUNT)

    told = {metric["metric"]: metric for metric in why["metrics"]}
    assert told["usage"]["inputs"] == {"usage_tier": "medium"}
    assert told["insider"]["inputs"] == {"last_insider_call": None, "insider_program": False}
    assert told["pipeline"]["inputs"] == {"pipeline_moving": 5.0, "pipeline_open": 10.0}
    assert {metric["kind"] for metric in why["metrics"]} == {
        "linear", "tier", "recency", "indicator", "ratio"
    }  # fmt: skip


def test_sending_what_is_advised_brings_what_is_said(model):
    (why,) = ask(model, ACCOUNT)
    goals = {
        metric["key"]: metric["next_point"]
        for metric in why["metrics"]
        if metric["next_point"] and not metric["next_point"]["input"].startswith("last_")
    }

    assert len(goals) >= 3
    for key, goal in goals.items():
        (then,) = ask(model, ACCOUNT | {goal["input"]: goal["value"]})
        scores = {metric["key"]: metric["score"] for metric in then["metrics"]}
        assert scores[key] == goal["score"] >= goal["target"]
