"""Parts of an explanation: a category's, a product's, with the scores of the whole."""

import json

import pytest
from absolute_models import ACCOUNT, make_model
from test_any_request import make_client

from serving.inference.openapi import encode_openapi


@pytest.fixture(scope="module")
def client():
    return make_client(make_model())


def explain(client, query="", **account):
    path = f"/explain?{query}" if query else "/explain"
    return client.post(path, json=ACCOUNT | account)


def seen(client, query, **account):
    answer = explain(client, query, **account)
    assert answer.status_code == 200, answer.text
    (explanation,) = answer.get_json()["explanations"]
    return explanation


def names(about):
    return [each["metric"] for each in about]


@pytest.mark.parametrize(
    ("query", "metrics"),
    [
        ("category=Technical%20Health", ["monitoring"]),
        ("category=technical", ["monitoring"]),
        ("category=OBSERVABILITY", ["monitoring"]),
        ("category=Product+Adoption", ["activation", "plan"]),
        ("product=Service%20Cloud", ["activation", "calls"]),
        ("product=service+cloud&category=expertise", ["calls"]),
        ("category=Technical%20Health&product=Service+Cloud", []),
    ],
)
def test_b17_a_view_has_the_metrics_of_its_category_and_product(client, query, metrics):
    assert names(seen(client, query)["metrics"]) == metrics


def test_b17_scores_are_those_of_the_whole(client):
    whole = seen(client, "", used=20)

    view = seen(client, "product=Service+Cloud", used=20)

    assert view["overall"]["score"] == whole["overall"]["score"]
    assert view["overall"]["points_lost"] == whole["overall"]["points_lost"]
    assert view["band"] == whole["band"]
    in_view = {"activation", "calls"}
    assert view["metrics"] == [each for each in whole["metrics"] if each["metric"] in in_view]


def test_what_is_told_beside_the_metrics_is_about_those_in_view(client):
    view = seen(client, "category=adoption&product=Service+Cloud", used=20)

    assert [lost["key"] for lost in view["components"]] == ["adoption_component_score"]
    told = [*view["overall"]["drivers"], *view["components"][0]["drivers"]]
    told += view["next_band"]["alone"]
    assert {each["metric"] for each in told} == {"activation"}


def test_nothing_asked_for_is_everything(client):
    assert names(seen(client, "")["metrics"]) == ["activation", "plan", "calls", "monitoring"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("category=Sales", "there is no category 'Sales'; there are Product Adoption, expertise, "
         "observability, Technical Health"),
        ("product=Slack", "there is no product 'Slack'; there are Service Cloud, Shield"),
        ("product=", "there is no product ''; there are Service Cloud, Shield"),
        ("categry=x", "'categry' cannot be asked for; category and product can"),
        ("product=Shield&product=Shield", "product is asked for twice; ask for one"),
    ],
)  # fmt: skip
def test_what_there_is_not_is_refused_with_what_there_is(client, query, message):
    answer = explain(client, query)

    assert answer.status_code == 400
    assert answer.get_json()["message"] == message


def test_scores_do_not_care_about_the_query(client):
    answer = client.post("/invocations?category=Sales", json=ACCOUNT)

    assert answer.status_code == 200


def test_a_bad_row_that_is_kept_stays_null_in_a_view():
    client = make_client(make_model(), keep_bad_rows=True)
    lines = "\n".join(json.dumps(ACCOUNT | {"used": used}) for used in (1, "x", 2))

    answer = client.post(
        "/explain?product=Shield", data=lines, content_type="application/jsonlines"
    )

    first, bad, last = answer.get_json()["explanations"]
    assert bad is None
    assert names(first["metrics"]) == names(last["metrics"]) == ["monitoring"]


def test_the_document_lists_what_can_be_asked_for():
    post = json.loads(encode_openapi(make_model()))["paths"]["/explain"]["post"]

    told = {each["name"]: each["schema"]["enum"] for each in post["parameters"]}
    assert told == {
        "category": ["Product Adoption", "expertise", "observability", "Technical Health"],
        "product": ["Service Cloud", "Shield"],
    }
