import json

import pytest

from tests.infrastructure.account_rights import Statement
from tests.infrastructure.story import Seen

pytestmark = pytest.mark.infra

BUCKET = "arn:aws:s3:::css-mini-123456789012"
LOGS = "arn:aws:logs:us-east-1:123456789012:log-group"
ENDPOINT_LOGS = f"{LOGS}:/aws/sagemaker/Endpoints/css-mini-service-endpoint"

#: What AWS cannot tie to a resource, and why; nothing else may have `*`.
EVERYWHERE = {
    "ecr:GetAuthorizationToken": "a login is to the registry as a whole",
    "cloudwatch:PutMetricData": "metrics have no ARN; the condition names SageMaker's namespaces",
}

#: role → the resources with a `*` in them that it may have
WITHIN = {
    "css-mini-serving": {f"{BUCKET}/models/*", f"{ENDPOINT_LOGS}:*"},
    "css-mini-training": {
        f"{BUCKET}/peer_dims/*",
        f"{BUCKET}/product_metrics/*",
        f"{BUCKET}/usage_metrics/*",
        f"{BUCKET}/training/*",
        # One group for all training jobs of an account.
        f"{LOGS}:/aws/sagemaker/TrainingJobs:*",
    },
    "css-mini-publisher": {f"{BUCKET}/models/*", f"{BUCKET}/training/*"},
    "css-mini-data-cloud": {f"{BUCKET}/product_metrics/*", f"{BUCKET}/usage_metrics/*"},
    "css-mini-api": set(),
    # API Gateway names the groups of its error logs itself.
    "css-mini-api-logs": {f"{LOGS}:*"},
}


@pytest.fixture(scope="module")
def rights(told: list[Seen]) -> tuple[Statement, ...]:
    """All statements in the account while the endpoint is there."""
    return next(seen.rights for seen in told if seen.model)


def test_only_a_closed_list_of_actions_is_allowed_everywhere(rights):
    everywhere = {
        action
        for statement in rights
        if statement.effect == "Allow" and "*" in statement.resources
        for action in statement.actions
    }

    assert everywhere == set(EVERYWHERE)


def test_other_wildcards_are_prefixes_that_belong_to_the_role(rights):
    found: dict[str, set[str]] = {}
    for statement in rights:
        if statement.kind == "right":
            wide = {name for name in statement.resources if "*" in name and name != "*"}
            found.setdefault(statement.holder, set()).update(wide)

    assert found == WITHIN


def test_no_action_is_a_wildcard_but_in_what_is_denied(rights):
    for statement in rights:
        if statement.effect == "Allow":
            assert not [action for action in statement.actions if "*" in action], statement


def test_metrics_are_written_to_namespaces_of_sagemaker_alone(rights):
    conditions = [
        json.loads(statement.condition)
        for statement in rights
        if "cloudwatch:PutMetricData" in statement.actions
    ]

    assert conditions
    for condition in conditions:
        namespaces = condition["StringEquals"]["cloudwatch:namespace"]
        assert all("sagemaker" in name.lower() for name in namespaces)


def test_the_endpoint_can_read_models_and_write_none(rights):
    on_s3 = {
        action
        for statement in rights
        if statement.holder == "css-mini-serving"
        for action in statement.actions
        if action.startswith("s3:")
    }

    assert on_s3 == {"s3:GetObject", "s3:ListBucket"}


def test_a_missing_object_is_told_apart_from_a_denied_one(rights):
    # S3 asks for the right to list without saying a prefix when an object is missing.
    for holder in ("css-mini-serving", "css-mini-publisher"):
        (listing,) = [
            one for one in rights if one.holder == holder and "s3:ListBucket" in one.actions
        ]

        assert listing.resources == {BUCKET}
        assert listing.condition == "{}"


def test_the_endpoint_may_see_the_alarms_that_end_its_deployment_and_no_others(rights):
    (right,) = [one for one in rights if "cloudwatch:DescribeAlarms" in one.actions]

    assert right.holder == "css-mini-serving"
    alarms = "arn:aws:cloudwatch:us-east-1:123456789012:alarm"
    assert right.resources == {
        f"{alarms}:css-mini-endpoint-answers-5xx",
        f"{alarms}:css-mini-model-not-loaded",
    }


def test_what_was_trained_can_be_fetched_but_not_changed_by_who_publishes(rights):
    on_results = {
        action
        for one in rights
        if one.holder == "css-mini-publisher" and f"{BUCKET}/training/*" in one.resources
        for action in one.actions
    }

    assert on_results == {"s3:GetObject"}


def test_the_api_can_invoke_its_endpoint_and_nothing_else(rights):
    (right,) = [one for one in rights if one.holder == "css-mini-api" and one.kind == "right"]

    assert right.actions == {"sagemaker:InvokeEndpoint"}
    assert right.resources == {
        "arn:aws:sagemaker:us-east-1:123456789012:endpoint/css-mini-service-endpoint"
    }


def test_data_cloud_reads_two_prefixes_with_an_external_id_and_no_user_has_a_key(rights, told):
    own = [one for one in rights if one.holder == "css-mini-data-cloud"]
    (trust,) = [one for one in own if one.kind == "trust"]

    assert "*" not in trust.principals
    assert json.loads(trust.condition)["StringEquals"]["sts:ExternalId"]
    actions = {action for one in own if one.kind == "right" for action in one.actions}
    assert actions == {"s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation"}
    (listing,) = [one for one in own if "s3:ListBucket" in one.actions]
    prefixes = json.loads(listing.condition)["StringLike"]["s3:prefix"]
    assert {prefix.partition("/")[0] for prefix in prefixes} == {"product_metrics", "usage_metrics"}
    assert not [name for seen in told for name in seen.users]


def test_the_bucket_denies_everything_without_tls(rights):
    (denied,) = [one for one in rights if one.kind == "bucket"]

    assert (denied.effect, denied.actions, denied.principals) == ("Deny", {"s3:*"}, {"*"})
    assert denied.resources == {BUCKET, f"{BUCKET}/*"}
    assert json.loads(denied.condition) == {"Bool": {"aws:SecureTransport": "false"}}
