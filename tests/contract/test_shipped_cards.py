"""The cards of absolute metrics, as they come with the program, pointed at by a prediction job.

Inputs and keys are typed here by hand, as an administrator types them into Einstein Studio's form.
"""

import datetime as dt
import json
from pathlib import Path

import pytest

from tests.contract.wire import einstein
from tests.processes import call
from training.build import build

CARDS = Path(__file__).parents[2] / "data" / "scorecards"


def days_ago(days):
    return (dt.datetime.now(dt.UTC).date() - dt.timedelta(days=days)).isoformat()


#: Input → a value as the wire has it. Churn takes a fitted model, which is not there.
HEALTH = {
    "days_since_health_check": 12,
    "insider_program": False,
    "last_health_check": days_ago(84),
    "last_insider_call": None,
    "last_qbr": None,
    "logins_30d": 40,
    "onboarding_result": "on_time",
    "pipeline_moving": 5,
    "pipeline_open": 10,
    "pipeline_updated": days_ago(3),
    "price_increase_share": 0.05,
    "seats_used_share": 0.7,
    "support_cases_90d": 2,
    "tenure_months": 48,
    "usage_tier": "high",
}
HEALTH_SCORES = {
    "churn_churn_metric_score": None,
    "usage_usage_metric_score": 75,
    "cadence_cadence_metric_score": 40,
    "onboarding_onboarding_metric_score": 100,
    "insider_insider_metric_score": None,
    "qbr_qbr_metric_score": 0,
    "pipeline_pipeline_metric_score": 50,
    "tenure_tenure_metric_score": 100,
    "churn_component_score": None,
    "usage_component_score": 75,
    "cadence_component_score": 40,
    "onboarding_component_score": 100,
    "insider_component_score": None,
    "qbr_component_score": 0,
    "pipeline_component_score": 50,
    "tenure_component_score": 100,
    # Usage 15, cadence 15, onboarding 10, QBR 10, pipeline 5, tenure 5.
    "global_score": pytest.approx((15 * 75 + 15 * 40 + 1000 + 0 + 250 + 500) / 60),
}

SUCCESS = {
    "acct_size": 250,
    "clean_days_30d": 27,
    "credits_provisioned_12m": 1200,
    "credits_used_12m": 900,
    "days_30d": 30,
    "event_monitoring": 1,
    "last_api_upgrade": days_ago(100),
    "last_expert_coaching": days_ago(31),
    "licenses_active": 67,
    "licenses_purchased": 100,
    "page_ms_month_avg": 2000,
    "rangers": 15,
    "rangers_12m_ago": 12,
    "settings_checked": 20,
    "settings_ok": 17,
    "swarming_active": True,
    "threshold_reviews_12m": 1,
    "workorders": 693,
    **{f"workorders_{months}m_ago": 564 for months in (10, 11, 12, *range(1, 10))},
    "workorders_counted": days_ago(0),
}
SUCCESS_SCORES = {
    "product_adoption_license_activation_metric_score": 67,
    "product_adoption_data360_consumption_metric_score": 75,
    "product_adoption_work_order_growth_metric_score": 61,
    "product_adoption_swarming_metric_score": 100,
    "customer_expertise_ranger_growth_metric_score": 62,
    "customer_expertise_last_coaching_metric_score": 50,
    "efficiency_days_without_errors_metric_score": 90,
    "efficiency_mean_page_time_metric_score": 75,
    "customization_api_version_recency_metric_score": 100,
    "observability_event_monitoring_on_metric_score": 100,
    "operational_excellence_monitoring_reviews_metric_score": 50,
    "operational_excellence_config_compliance_metric_score": 85,
    "product_adoption_component_score": 74,
    "customer_expertise_component_score": 56,
    "efficiency_component_score": 82.5,
    "customization_component_score": 100,
    "observability_component_score": 100,
    "operational_excellence_component_score": 67.5,
    "technical_health_component_score": 87.5,
    "global_score": pytest.approx((74 + 56 + 87.5) / 3),
}

SHIPPED = {
    "account_health": (HEALTH, HEALTH_SCORES),
    "customer_success_score": (SUCCESS, SUCCESS_SCORES),
}


@pytest.fixture(scope="module", params=SHIPPED)
def served(request, start_module_container, tmp_path_factory):
    """A container of a card, an account, and the scores that it must have."""
    artifact = tmp_path_factory.mktemp(request.param) / "artifact"
    build(CARDS / f"{request.param}.yaml", None, artifact)
    container = start_module_container(SCORECARD_MODEL=str(artifact))
    return container, *SHIPPED[request.param]


def score(container, body, content_type="application/json", **headers):
    data = body if isinstance(body, str) else json.dumps(body)
    answer = call(
        container.port, "POST", "/invocations", data.encode(), Content_Type=content_type, **headers
    )
    assert answer.status == 200, answer.body
    return answer


def predictions(container, body, content_type="application/json"):
    told = score(container, body, content_type).json()["predictions"]
    assert all(isinstance(prediction.pop("last_modified"), str) for prediction in told)
    return told


@pytest.mark.slow
def test_the_schema_is_what_to_type_into_the_form(served):
    container, account, scores = served

    schema = call(container.port, "GET", "/schema").json()

    assert [entry["name"] for entry in schema["inputs"]] == list(account)
    outputs = [(entry["name"], entry["type"], entry["json_path"]) for entry in schema["outputs"]]
    assert outputs == [
        *((key, "number", f"$.predictions[*].{key}") for key in scores),
        ("last_modified", "string", "$.predictions[*].last_modified"),
    ]


@pytest.mark.slow
def test_a_job_s_row_by_position_has_the_scores_worked_out_by_hand(served):
    container, account, scores = served

    (prediction,) = predictions(container, einstein([list(account.values())]))

    assert list(prediction) == list(scores)
    assert prediction == scores


@pytest.mark.slow
def test_every_format_gives_the_same(served):
    container, account, _ = served
    values = ["" if value is None else str(value) for value in account.values()]
    (by_position,) = predictions(container, einstein([list(account.values())]))

    named = predictions(container, {"dataframe_records": [dict(reversed(account.items()))]})
    line = predictions(container, json.dumps(account), "application/jsonlines")
    csv = predictions(container, ",".join(values), "text/csv")

    assert named == line == csv == [by_position]


@pytest.mark.slow
def test_where_nothing_is_known_every_key_is_there_and_null_but_for_what_never_happened(served):
    container, account, scores = served

    (prediction,) = predictions(container, einstein([[None] * len(account)]))

    assert list(prediction) == list(scores)
    known = {key: value for key, value in prediction.items() if value is not None}
    # `never: 0`: no date there is a date that never was.
    assert set(known.values()) <= {0}
    assert all(
        "qbr" in key or "last_coaching" in key or "customer_expertise" in key for key in known
    )
    assert prediction["global_score"] is None


@pytest.mark.slow
def test_an_answer_as_csv_has_a_cell_for_every_key(served):
    container, account, scores = served

    answer = score(container, einstein([list(account.values())]), Accept="text/csv")

    cells = answer.body.decode().strip().split(",")
    assert len(cells) == len(scores) + 1
    told = [None if cell == "" else float(cell) for cell in cells[:-1]]
    assert told == list(scores.values())


@pytest.mark.slow
def test_a_row_too_short_or_below_what_can_be_is_refused_with_its_place(served):
    container, account, _ = served
    good = list(account.values())
    least = "pipeline_open" if "pipeline_open" in account else "licenses_active"
    bad = list((account | {least: -1}).values())

    def refused(row):
        body = json.dumps(einstein([good, row])).encode()
        answer = call(container.port, "POST", "/invocations", body, Content_Type="application/json")
        return answer.status, answer.json()["message"]

    status, message = refused(good[:-1])
    assert (status, ", ".join(account) in message) == (400, True)
    place = list(account).index(least)
    assert refused(bad) == (400, f"/instances/1/features/{place}: {least} must be 0 or more")


@pytest.mark.slow
def test_every_example_of_the_document_is_answered(served):
    container, _, _ = served
    paths = call(container.port, "GET", "/openapi.json").json()["paths"]

    for path in ("/invocations", "/explain"):
        for media_type, body in paths[path]["post"]["requestBody"]["content"].items():
            for name, example in body["examples"].items():
                value = example["value"]
                data = value if isinstance(value, str) else json.dumps(value)
                answer = call(container.port, "POST", path, data.encode(), Content_Type=media_type)
                assert answer.status == 200, (name, answer.body)


@pytest.mark.slow
def test_the_largest_numbers_beside_the_smallest_are_scored_and_explained(served):
    container, account, _ = served
    schema = call(container.port, "GET", "/schema").json()
    numbers = [entry["name"] for entry in schema["inputs"] if entry["type"] == "number"]
    huge = account | dict.fromkeys(numbers, 1.7e308)
    rows = [list((huge | {name: least}).values()) for name in numbers for least in (0, 5e-324)]

    for path in ("/invocations", "/explain"):
        body = json.dumps(einstein(rows)).encode()
        answer = call(container.port, "POST", path, body, Content_Type="application/json")

        assert answer.status == 200, answer.body
        assert len(next(iter(answer.json().values()))) == len(rows)
