import re

import pytest

from tests.infrastructure.hosting import ENDPOINT, Hosting
from tests.infrastructure.runbook import RUNBOOK, blocks
from tests.infrastructure.story import Seen

pytestmark = pytest.mark.infra


def seen_after(told: list[Seen], section: str, words: str) -> Seen:
    """Find what was seen after the block of a section that has these words."""
    (found,) = [seen for seen in told if seen.block.section == section and words in seen.block.text]
    return found


def test_every_command_is_run_but_those_that_need_docker_an_account_or_a_rollback(told):
    left_out = [
        (block.section, block.needs) for block in blocks(RUNBOOK.read_text()) if block.needs
    ]

    assert left_out == [
        ("First deployment", "docker"),
        ("First deployment", "aws"),
        ("A deployment that was rolled back", "rolled-back"),
        ("A deployment that was rolled back", "rolled-back"),
        ("Train in AWS", "docker"),
    ]
    assert len(told) >= 12


def test_the_first_apply_makes_all_but_the_endpoint(told):
    first = told[0]

    assert first.model is None
    assert first.keys == {"css-mini-einstein-studio"}
    assert re.search(
        r"Apply complete! Resources: \d\d added, 0 changed, 0 destroyed", first.printed
    )


def test_the_second_plan_is_empty(told):
    second = seen_after(told, "First deployment", "image_tag")

    # `-detailed-exitcode` is 2 if there is anything to do, and the block would have failed.
    assert "plan -detailed-exitcode" in second.block.text
    assert "No changes. Your infrastructure matches the configuration." in second.printed


def test_the_endpoint_serves_what_the_registry_names(told):
    second = seen_after(told, "First deployment", "image_tag")
    container = second.model["PrimaryContainer"]

    assert second.version == second.current
    assert container["Environment"]["SCORECARD_MODEL"] == "s3://css-mini-123456789012/models"
    assert container["Image"].endswith("/css-mini-serving:0.1.0")
    assert second.prediction["global_score"] > 0


def test_the_request_of_the_runbook_is_answered_with_18_keys(told):
    asked = seen_after(told, "First deployment", "invoke-endpoint")

    assert len(asked.prediction) == 18
    assert '"global_score"' in asked.printed


def test_a_promoted_model_is_served_without_a_deployment(told):
    before = seen_after(told, "First deployment", "image_tag")
    after = seen_after(told, "Roll forward", "--promote")

    assert after.version == after.current != before.version
    assert after.model["ModelName"] == before.model["ModelName"]


def test_a_new_image_is_deployed_as_a_new_model_and_keeps_its_autoscaling(told):
    before = seen_after(told, "Roll forward", "--promote")
    after = seen_after(told, "Roll forward", "image_tag")

    assert after.model["PrimaryContainer"]["Image"].endswith(":0.2.0")
    assert after.model["ModelName"] != before.model["ModelName"]
    assert after.policies == (f"endpoint/{ENDPOINT}/variant/primary",)
    # SageMaker wants an endpoint's autoscaling off while it is updated.
    order = [
        re.search(f"{name}.*{what}", after.printed).start()
        for name, what in (
            ("aws_appautoscaling_target", "Destruction complete"),
            ("aws_sagemaker_endpoint.scorecard", "Modifying"),
            ("aws_appautoscaling_target", "Creating"),
            ("aws_appautoscaling_policy", "Creating"),
        )
    ]
    assert order == sorted(order)


def test_a_rollback_serves_the_first_model_again(told):
    first = seen_after(told, "First deployment", "image_tag")
    back = seen_after(told, "Roll back", "scorecard rollback")

    assert back.version == back.current == first.version


def test_the_image_before_is_deployed_again_under_its_name(told):
    first = seen_after(told, "First deployment", "image_tag")
    back = seen_after(told, "Roll back", "image_tag")

    assert back.model["ModelName"] == first.model["ModelName"]


def test_the_fallback_is_served_from_model_data_without_network_or_registry(told):
    pinned = seen_after(told, "Roll back", "fallback_version")
    container = pinned.model["PrimaryContainer"]

    assert container["ModelDataUrl"].endswith(f"/versions/{pinned.version}/model.tar.gz")
    assert "SCORECARD_MODEL" not in container["Environment"]
    assert pinned.model["EnableNetworkIsolation"]
    assert pinned.version == pinned.current


def test_the_registry_is_followed_again_afterwards(told):
    again = seen_after(told, "Roll back", "-i.bak '/^follow_registry/d'")

    assert again.model["PrimaryContainer"]["Environment"]["SCORECARD_MODEL"]
    assert not again.model.get("EnableNetworkIsolation")


def test_what_a_job_in_aws_has_trained_is_served(told):
    before = seen_after(told, "Train in AWS", "create-training-job")
    after = seen_after(told, "Train in AWS", "--promote")

    assert "Completed" in before.printed
    assert after.version == after.current != before.version
    assert after.model["ModelName"] == before.model["ModelName"]


def test_two_keys_open_while_one_is_replaced(told):
    both = seen_after(told, "Rotate keys", "api_token")
    one = seen_after(told, "Rotate keys", '["einstein-studio-2"]')

    assert both.keys == {"css-mini-einstein-studio", "css-mini-einstein-studio-2"}
    assert one.keys == {"css-mini-einstein-studio-2"}


def test_a_key_that_opens_is_printed_only_where_it_is_asked_for(told):
    asked = seen_after(told, "Rotate keys", "api_token")
    key = asked.printed.splitlines()[-1].strip()

    assert len(key) >= 20
    # A plan that removes a key may show it.
    still_opens = [seen for seen in told if "css-mini-einstein-studio-2" in seen.keys]
    assert len(still_opens) >= 3
    for seen in still_opens:
        assert seen is asked or key not in seen.printed


def test_the_log_of_the_container_is_found(told):
    read = seen_after(told, "Read the logs", "filter-log-events")

    assert "model loaded" in read.printed


def test_every_alarm_is_explained_and_every_explained_one_is_there(told):
    second = seen_after(told, "First deployment", "image_tag")
    explained = re.findall(r"^\| `(css-mini-[a-z0-9-]+)` \|", RUNBOOK.read_text(), re.MULTILINE)
    table = RUNBOOK.read_text().partition("## What each alarm means")[2].partition("## ")[0]

    assert {name for name in explained if f"`{name}`" in table} == second.alarms


def test_destroy_leaves_nothing(told, hosting: Hosting):
    last = told[-1]

    assert last.block.section == "Tear down"
    assert "Destroy complete!" in last.printed
    assert left(hosting) == {}


def left(hosting: Hosting) -> dict[str, list[str]]:
    """Name all that is in the account."""
    ask = hosting.client
    found = {
        "buckets": [one["Name"] for one in ask("s3").list_buckets()["Buckets"]],
        "repositories": [
            one["repositoryName"] for one in ask("ecr").describe_repositories()["repositories"]
        ],
        "roles": [one["RoleName"] for one in ask("iam").list_roles()["Roles"]],
        "policies": [
            one["PolicyName"] for one in ask("iam").list_policies(Scope="Local")["Policies"]
        ],
        "users": [one["UserName"] for one in ask("iam").list_users()["Users"]],
        "models": [one["ModelName"] for one in ask("sagemaker").list_models()["Models"]],
        "configurations": [
            one["EndpointConfigName"]
            for one in ask("sagemaker").list_endpoint_configs()["EndpointConfigs"]
        ],
        "endpoints": [
            one["EndpointName"] for one in ask("sagemaker").list_endpoints()["Endpoints"]
        ],
        "targets": [
            one["ResourceId"]
            for one in ask("application-autoscaling").describe_scalable_targets(
                ServiceNamespace="sagemaker"
            )["ScalableTargets"]
        ],
        "apis": [one["name"] for one in ask("apigateway").get_rest_apis()["items"]],
        "plans": [one["name"] for one in ask("apigateway").get_usage_plans()["items"]],
        "keys": [one["name"] for one in ask("apigateway").get_api_keys()["items"]],
        "alarms": [one["AlarmName"] for one in ask("cloudwatch").describe_alarms()["MetricAlarms"]],
        "logs": [one["logGroupName"] for one in ask("logs").describe_log_groups()["logGroups"]],
    }
    return {kind: names for kind, names in found.items() if names}
