"""`POST /explain` of a real container."""

import json

from tests.contract.wire import ROWS, einstein
from tests.processes import call


def ask(container, path, body, **headers):
    return call(container.port, "POST", path, body, Content_Type="application/json", **headers)


def test_an_explanation_has_the_scores_that_an_invocation_gives(container):
    body = json.dumps(einstein(ROWS))

    scored = ask(container, "/invocations", body)
    explained = ask(container, "/explain", body)

    assert explained.status == 200
    assert explained.headers["x-scorecard-version"] == scored.headers["x-scorecard-version"]
    for prediction, why in zip(
        scored.json()["predictions"], explained.json()["explanations"], strict=True
    ):
        parts = [*why["metrics"], *why["components"], why["overall"]]
        told = {part["key"]: part["score"] for part in parts}
        assert told == {key: score for key, score in prediction.items() if key != "last_modified"}


def test_sending_the_value_for_the_next_point_brings_it(container):
    (why,) = ask(container, "/explain", json.dumps(einstein(ROWS[:1]))).json()["explanations"]
    schema = call(container.port, "GET", "/schema").json()
    position = {entry["name"]: entry["position"] for entry in schema["inputs"]}
    goals = [(m, m["next_point"]) for m in why["metrics"] if m["next_point"]["value"] is not None]

    rows = []
    for metric, goal in goals:
        rows.append(ROWS[0].copy())
        rows[-1][position[metric["metric"]]] = goal["value"]
    scored = ask(container, "/invocations", json.dumps(einstein(rows))).json()["predictions"]

    assert len(goals) > 5
    for (metric, goal), prediction in zip(goals, scored, strict=True):
        assert prediction[metric["key"]] == goal["score"] >= goal["target"] > metric["score"]


def test_a_refusal_is_that_of_invocations_with_the_request_s_id(container):
    answers = [
        ask(container, path, '{"instances": [{"features": [1]}]}', X_Request_Id="why-1")
        for path in ("/invocations", "/explain")
    ]

    assert [answer.status for answer in answers] == [400, 400]
    assert answers[0].json() == answers[1].json()
    assert answers[1].json()["request_id"] == "why-1"
