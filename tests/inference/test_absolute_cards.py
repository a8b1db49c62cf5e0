"""A card that compares nobody with peers, through the whole app."""

import json

import jsonschema
import numpy as np
import pytest
from absolute_models import ACCOUNT, make_model
from test_any_request import make_client

from serving.inference.openapi import encode_openapi
from serving.inference.wire.extras import EXTRAS

BY_POSITION = [200, True, True, "2026-02-01", "gold", 100]


@pytest.fixture(scope="module")
def client():
    return make_client(make_model())


@pytest.fixture(scope="module")
def talkative():
    return make_client(make_model(extras=EXTRAS))


def predict(client, *accounts):
    answer = client.post("/invocations", json={"dataframe_records": list(accounts)})
    assert answer.status_code == 200, answer.text
    return answer.get_json()["predictions"]


def test_it_is_ready_and_says_what_it_reads_and_gives(client):
    ready, schema = client.get("/ping"), client.get("/schema").get_json()

    assert ready.status_code == 200
    assert [(entry["name"], entry["type"], entry.get("minimum")) for entry in schema["inputs"]] == [
        ("bought", "number", 0),
        ("event_monitoring", "boolean", None),
        ("in_program", "boolean", None),
        ("last_call", "date", None),
        ("tier", "category", None),
        ("used", "number", 0),
    ]
    assert schema["inputs"][4]["categories"] == ["gold", "iron", "trial"]


def test_the_schema_says_of_each_score_which_metric_it_is_of_and_where_it_stands(client):
    metrics = client.get("/schema").get_json()["metrics"]

    assert metrics[0] == {
        "name": "activation",
        "key": "adoption_activation_metric_score",
        "kind": "ratio",
        "label": "Licenses in use",
        "product": "Service Cloud",
        "components": ["adoption"],
    }
    assert [(metric["name"], metric["components"]) for metric in metrics[1:]] == [
        ("plan", ["adoption"]),
        ("calls", ["expertise"]),
        ("monitoring", ["technical", "observability"]),
    ]


def test_a_row_by_position_is_scored(client):
    answer = client.post("/invocations", json={"instances": [{"features": BY_POSITION}]})

    (prediction,) = answer.get_json()["predictions"]
    assert prediction.pop("last_modified")
    assert prediction == {
        "adoption_activation_metric_score": 50,
        "adoption_plan_metric_score": 100,
        "expertise_calls_metric_score": 100,
        "observability_monitoring_metric_score": 100,
        "adoption_component_score": pytest.approx(200 / 3),
        "expertise_component_score": 100,
        "observability_component_score": 100,
        "technical_component_score": 100,
        "global_score": pytest.approx(80),
    }


def test_one_row_and_many_have_the_same_bits(client):
    accounts = [
        ACCOUNT | {"used": used, "tier": tier} for used in range(30) for tier in ("gold", "")
    ]

    together = predict(client, *accounts)

    for account, prediction in zip(accounts, together, strict=True):
        (alone,) = predict(client, account)
        assert alone == prediction


@pytest.mark.parametrize(
    ("known", "metric", "status"),
    [
        ({"used": None}, "adoption_activation", "missing"),
        ({"bought": 0}, "adoption_activation", "no_denominator"),
        ({"tier": "platinum"}, "adoption_plan", "missing"),
        ({"tier": "trial"}, "adoption_plan", "not_applicable"),
        ({"in_program": False}, "expertise_calls", "not_applicable"),
        ({"in_program": None}, "expertise_calls", "missing"),
        ({"last_call": ""}, "expertise_calls", "missing"),
        ({"event_monitoring": None}, "observability_monitoring", "missing"),
    ],
)
def test_where_there_is_no_score_the_status_says_why(talkative, known, metric, status):
    (prediction,) = predict(talkative, ACCOUNT | known)

    assert prediction[f"{metric}_metric_score"] is None
    assert prediction[f"{metric}_metric_status"] == status
    told = [value for key, value in prediction.items() if key.endswith("_metric_status")]
    assert sorted(told) == sorted(["ok", "ok", "ok", status])


def test_the_band_is_that_of_the_score_as_it_is(talkative):
    accounts = [ACCOUNT | {"used": used} for used in (75, 74.999, 0)]

    told = [
        (prediction["global_score"], prediction["global_band"])
        for prediction in predict(talkative, *accounts)
    ]

    assert told == [
        (75, "Healthy"),
        (pytest.approx(74.9998, abs=1e-9), "Watch"),
        (pytest.approx(60), "Watch"),
    ]


def test_too_little_coverage_withholds_the_score_and_its_band(talkative):
    nothing = dict.fromkeys(ACCOUNT)

    some, none = predict(talkative, nothing | {"event_monitoring": True}, nothing)

    assert (some["global_score"], some["global_band"]) == (None, None)
    assert some["global_coverage"] == pytest.approx(0.2)
    assert (none["global_score"], none["global_band"], none["global_coverage"]) == (None, None, 0)


def test_there_are_no_intervals_where_there_are_no_peers(talkative):
    (prediction,) = predict(talkative, ACCOUNT)

    assert not [key for key in prediction if key.endswith(("_low", "_high"))]
    assert prediction["flags"] == []


@pytest.mark.parametrize("extras", [(), EXTRAS], ids=str)
def test_the_openapi_document_describes_answers_exactly(extras):
    model = make_model(extras=extras)
    client = make_client(model)
    document = json.loads(encode_openapi(model))
    prediction = document["components"]["schemas"]["Prediction"]
    answers = predict(client, ACCOUNT, ACCOUNT | {"tier": "trial"}, dict.fromkeys(ACCOUNT))

    for answer in answers:
        jsonschema.Draft202012Validator(prediction).validate(answer)
        assert list(answer) == list(prediction["properties"])
    if extras:
        assert prediction["properties"]["global_band"] == {
            "enum": ["Critical", "Watch", "Healthy", None]
        }
        assert "no_denominator" in prediction["properties"]["adoption_plan_metric_status"]["enum"]


def test_every_example_of_the_document_is_answered():
    model = make_model()
    client = make_client(model)
    post = json.loads(encode_openapi(model))["paths"]["/invocations"]["post"]

    for media_type, body in post["requestBody"]["content"].items():
        for name, example in body["examples"].items():
            value = example["value"]
            text = value if isinstance(value, str) else json.dumps(value)
            answer = client.post("/invocations", data=text, content_type=media_type)
            assert answer.status_code == 200, (name, answer.text)


@pytest.mark.parametrize(
    ("name", "value", "good"),
    [
        ("event_monitoring", True, True),
        ("event_monitoring", 0, True),
        ("event_monitoring", "TRUE", False),
        ("event_monitoring", 2, False),
        ("event_monitoring", "yes", False),
        ("used", 0, True),
        ("used", "5", True),
        ("used", -1, False),
        ("used", "-1", False),
        ("used", True, False),
    ],
)
def test_the_document_admits_what_is_accepted_and_nothing_that_is_refused(
    client, name, value, good
):
    schemas = json.loads(encode_openapi(make_model()))["components"]["schemas"]
    told = jsonschema.Draft202012Validator(schemas["Named"]).is_valid(ACCOUNT | {name: value})

    answer = client.post("/invocations", json=ACCOUNT | {name: value})

    assert told is good
    assert good <= (answer.status_code == 200)


def test_nothing_is_out_of_range_where_training_has_seen_nothing():
    model = make_model()

    seen = model.ranges.watch(np.full((30, 6), 1e9))

    assert not any(seen.outside)
    assert seen.shares_outside() == {}
