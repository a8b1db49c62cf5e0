"""F.3: what the container answers. Row numbers are the contract's."""

import csv
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


def ask(container, **headers):
    body = json.dumps(einstein(ROWS))
    return call(container.port, "POST", "/invocations", body, Content_Type=JSON, **headers)


@pytest.mark.parametrize("accept", ["text/csv", "application/json;q=0.1, text/*", "TEXT/CSV;q=1"])
def test_o8_csv_is_a_line_per_row_without_a_header(container, answer, accept):
    given = ask(container, Accept=accept)

    rows = list(csv.reader(given.body.decode().splitlines()))
    assert given.headers["content-type"] == "text/csv; charset=utf-8"
    for row, prediction in zip(rows, answer.json()["predictions"], strict=True):
        assert [float(cell) for cell in row[:-1]] == list(prediction.values())[:-1]


def test_o9_json_lines_are_an_object_a_line(container, answer):
    given = ask(container, Accept="application/jsonlines")

    predictions = [json.loads(line) for line in given.body.splitlines()]
    assert given.headers["content-type"] == "application/jsonlines"
    assert given.body.endswith(b"\n")
    assert without_stamp(predictions) == without_stamp(answer.json()["predictions"])


def without_stamp(predictions):
    return [{key: p[key] for key in p if key != "last_modified"} for p in predictions]


@pytest.mark.parametrize(
    "accept", ["image/png", "application/json;q=0", "text/html, application/xml"]
)
def test_o10_who_takes_nothing_that_is_given_gets_406_with_a_list(container, accept):
    refused = ask(container, Accept=accept)

    assert refused.status == 406
    for media_type in (JSON, "text/csv", "application/jsonlines"):
        assert media_type in refused.json()["message"]


def test_o11_the_same_body_twice_is_answered_the_same(container, answer):
    again = ask(container).json()["predictions"]

    assert without_stamp(again) == without_stamp(answer.json()["predictions"])


def test_o12_rows_sent_singly_are_scored_as_in_one_batch(container, answer):
    for row, prediction in zip(ROWS, answer.json()["predictions"], strict=True):
        alone = call(
            container.port, "POST", "/invocations", json.dumps(einstein([row])), Content_Type=JSON
        )
        assert without_stamp(alone.json()["predictions"]) == without_stamp([prediction])


ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"


def test_o13_custom_attributes_come_back_and_are_not_made_up(container):
    named = ask(container, **{"X-Amzn-SageMaker-Custom-Attributes": "id-1"})

    assert named.headers[ATTRIBUTES] == "id-1"
    assert ATTRIBUTES not in ask(container).headers


@pytest.mark.parametrize("value", ["\x01", "x" * 1025, "a\tb", "\xe9"])
def test_o14_custom_attributes_of_another_kind_are_not_given_back(container, value):
    given = ask(container, **{"X-Amzn-SageMaker-Custom-Attributes": value})

    assert given.status in (200, 400)  # gunicorn refuses control characters by itself
    assert ATTRIBUTES not in given.headers


def test_o15_a_container_told_so_gives_only_those_keys_and_null_for_those_it_has_not(
    trained, start_container, answer
):
    container = start_container(
        SCORECARD_MODEL=str(trained), SCORECARD_OUTPUTS="global_score, churn_risk"
    )
    container.wait_for_ping()

    predictions = ask(container).json()["predictions"]

    assert [list(prediction) for prediction in predictions] == [["global_score", "churn_risk"]] * 3
    for prediction, whole in zip(predictions, answer.json()["predictions"], strict=True):
        assert prediction == {"global_score": whole["global_score"], "churn_risk": None}


def test_a_header_that_sagemaker_passes_on_can_name_the_artifact(trained, start_container):
    container = start_container(
        SCORECARD_MODEL=str(trained),
        SCORECARD_VERSION_HEADER="X-Amzn-SageMaker-Custom-Attributes",
    )
    container.wait_for_ping()

    version = load_scorer(trained).artifact.version
    assert ask(container).headers[ATTRIBUTES] == version
    named = ask(container, **{"X-Amzn-SageMaker-Custom-Attributes": "id-1"})
    assert named.headers[ATTRIBUTES] == "id-1"


def test_the_answer_names_the_artifact_and_equals_the_scorer(answer, trained):
    scorer = load_scorer(trained)

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


def test_a_container_told_to_gives_more_after_the_eighteen_keys(trained, start_container):
    container = start_container(
        SCORECARD_MODEL=str(trained), SCORECARD_EXTRAS="flags,intervals,artifact_version"
    )
    container.wait_for_ping()

    answer = call(
        container.port, "POST", "/invocations", json.dumps(einstein(ROWS)), Content_Type=JSON
    )

    schema = call(container.port, "GET", "/schema").json()
    version = load_scorer(trained).artifact.version
    for prediction in answer.json()["predictions"]:
        assert set(list(prediction)[:18]) == KEYS
        assert len(prediction) == 18 + 2 * 13 + 2
        assert isinstance(prediction["flags"], list)
        assert prediction["artifact_version"] == version
        assert list(prediction) == [output["name"] for output in schema["outputs"]]
