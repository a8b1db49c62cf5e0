"""F.3: what the container answers. Row numbers are the contract's."""

import datetime as dt
import json

import pytest
from jsonpath_ng import parse as jsonpath

from serving.scoring import load_scorer
from tests.contract.wire import INPUTS, KEYS, ROWS, einstein
from tests.processes import call

JSON = "application/json"


@pytest.fixture(scope="module")
def answer(container):
    return call(
        container.port, "POST", "/invocations", json.dumps(einstein(ROWS)), Content_Type=JSON
    )


def test_o1_an_answer_is_json_with_one_prediction_per_row(answer):
    assert answer.status == 200
    assert answer.headers["content-type"] == JSON
    assert len(answer.json()["predictions"]) == len(ROWS)


def test_o2_every_prediction_has_every_key_in_the_same_order(answer):
    orders = {tuple(prediction) for prediction in answer.json()["predictions"]}

    assert len(orders) == 1


@pytest.mark.parametrize("key", sorted(KEYS))
def test_o3_the_json_path_of_every_key_finds_a_value_per_row(answer, key):
    found = jsonpath(f"$.predictions[*].{key}").find(answer.json())

    assert len(found) == len(ROWS)


def test_o4_a_score_that_is_not_defined_is_null(container):
    body = json.dumps(einstein([[1, 2, *[None] * 13]]))

    answer = call(container.port, "POST", "/invocations", body, Content_Type=JSON)

    (prediction,) = answer.json()["predictions"]  # refuses NaN
    assert prediction["global_score"] is None


def test_o5_scores_are_numbers_and_last_modified_is_a_utc_moment(answer):
    for prediction in answer.json()["predictions"]:
        moment = dt.datetime.fromisoformat(prediction.pop("last_modified"))
        assert moment.utcoffset() == dt.timedelta(0)
        assert {type(value) for value in prediction.values()} <= {int, float}


def test_o6_the_keys_are_the_eighteen(answer):
    assert all(set(prediction) == KEYS for prediction in answer.json()["predictions"])


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "*/*",
        "application/*",
        "application/json;q=0.5,*/*;q=0.1",
        "application/json; charset=utf-8",
    ],
)
def test_o7_json_is_given_to_whoever_takes_it(container, accept):
    headers = {"Accept": accept} if accept else {}

    answer = call(
        container.port, "POST", "/invocations", '{"instances":[]}', Content_Type=JSON, **headers
    )

    assert answer.status == 200
    assert answer.headers["content-type"] == JSON


def test_the_answer_names_the_artifact_and_equals_the_scorer(answer, artifact):
    scorer = load_scorer(artifact)

    values = scorer.score(
        scorer.encode({name: [row[i] for row in ROWS] for i, name in enumerate(INPUTS)})
    ).values

    assert answer.headers["x-scorecard-version"] == scorer.artifact.version
    for prediction, row in zip(answer.json()["predictions"], values.tolist(), strict=True):
        assert [prediction[key] for key in scorer.outputs[:-1]] == row


def test_the_schema_says_what_to_type_into_the_form(container):
    schema = call(container.port, "GET", "/schema").json()

    assert [entry["name"] for entry in schema["inputs"]] == INPUTS
    assert {entry["type"] for entry in schema["inputs"]} == {"number"}
    assert {entry["name"]: entry["json_path"] for entry in schema["outputs"]} == {
        key: f"$.predictions[*].{key}" for key in KEYS
    }
    assert [entry["name"] for entry in schema["outputs"] if entry["type"] == "string"] == [
        "last_modified"
    ]


def test_a_container_told_to_gives_more_after_the_eighteen_keys(artifact, start_container):
    container = start_container(
        SCORECARD_MODEL=str(artifact), SCORECARD_EXTRAS="flags,intervals,artifact_version"
    )
    container.wait_for_ping()

    answer = call(
        container.port, "POST", "/invocations", json.dumps(einstein(ROWS)), Content_Type=JSON
    )

    schema = call(container.port, "GET", "/schema").json()
    version = load_scorer(artifact).artifact.version
    for prediction in answer.json()["predictions"]:
        assert set(list(prediction)[:18]) == KEYS
        assert len(prediction) == 18 + 2 * 13 + 2
        assert isinstance(prediction["flags"], list)
        assert prediction["artifact_version"] == version
        assert list(prediction) == [output["name"] for output in schema["outputs"]]
