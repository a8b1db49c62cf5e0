"""What training jobs need, by deploy/AWS.md and deploy/README.md, is what their role may do."""

import ast
import json
import re
from fnmatch import fnmatchcase

import pytest

from tests.infrastructure.account_rights import Statement
from tests.infrastructure.tools import ROOT

pytestmark = pytest.mark.infra

ROLE = "arn:aws:iam::123456789012:role/css-mini-training"
LOGS = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/sagemaker/TrainingJobs"


@pytest.fixture(scope="module")
def rights(told) -> list[Statement]:
    seen = next(seen for seen in told if seen.model)
    return [one for one in seen.rights if one.holder == "css-mini-training" and one.kind == "right"]


@pytest.fixture
def started(told, hosting):
    """The job that deploy/AWS.md starts, as SageMaker describes it."""
    sagemaker = hosting.client("sagemaker")
    (found,) = sagemaker.list_training_jobs()["TrainingJobSummaries"]
    return sagemaker.describe_training_job(TrainingJobName=found["TrainingJobName"])


def examples():
    """The jobs of deploy/README.md, a tuning job's among them."""
    text = (ROOT / "deploy" / "README.md").read_text().split("## Training on SageMaker\n")[1]
    blocks = re.findall(r"```python\n(.*?)```", text.split("\n## ")[0], re.DOTALL)
    for block in blocks:
        told = ast.literal_eval(ast.parse(block).body[1].value)
        yield told.get("TrainingJobDefinition", told)


def may(rights, action, arn, prefix=""):
    return any(
        action in one.actions
        and any(fnmatchcase(arn, resource) for resource in one.resources)
        and (not prefix or any(fnmatchcase(prefix, known) for known in prefixes(one)))
        for one in rights
    )


def prefixes(statement):
    return json.loads(statement.condition)["StringLike"]["s3:prefix"]


def missing(rights, job):
    """Name what a job asks for and its role may not."""
    read = [one["DataSource"]["S3DataSource"]["S3Uri"] for one in job["InputDataConfig"]]
    written = [job["OutputDataConfig"]["S3OutputPath"]]
    if "CheckpointConfig" in job:
        written.append(job["CheckpointConfig"]["S3Uri"])
    asked = [("s3:GetObject", one) for one in (*read, *written)]
    asked += [("s3:PutObject", one) for one in written]
    found = [
        (action, uri)
        for action, uri in asked
        if not may(rights, action, uri.replace("s3://", "arn:aws:s3:::") + "part/file")
    ]
    for uri in (*read, *written):
        bucket, _, prefix = uri.removeprefix("s3://").partition("/")
        found += [
            ("s3:ListBucket", said)
            for said in (prefix, prefix.rstrip("/"))
            if not may(rights, "s3:ListBucket", f"arn:aws:s3:::{bucket}", said)
        ]
    image = job["AlgorithmSpecification"]["TrainingImage"]
    repository = (
        f"arn:aws:ecr:us-east-1:123456789012:repository/{image.split('/')[1].split(':')[0]}"
    )
    if not may(rights, "ecr:BatchGetImage", repository):
        found.append(("ecr:BatchGetImage", repository))
    return found


def test_the_job_of_the_runbook_asks_for_nothing_its_role_may_not(started, rights):
    assert started["RoleArn"] == ROLE
    assert missing(rights, started) == []


def test_the_examples_of_the_readme_fit_the_same_role(rights):
    jobs = list(examples())

    assert len(jobs) == 2
    for job in jobs:
        assert job["RoleArn"] == ROLE
        assert missing(rights, job) == []


def test_a_job_elsewhere_is_seen_to_ask_for_too_much(started, rights):
    elsewhere = {
        **started,
        "OutputDataConfig": {"S3OutputPath": "s3://css-mini-123456789012/models/"},
    }

    assert ("s3:PutObject", "s3://css-mini-123456789012/models/") in missing(rights, elsewhere)


@pytest.mark.parametrize("name", ["css-mini-2026-11-22", "any-other-name"])
def test_a_job_of_any_name_may_write_its_log_and_read_none(rights, name):
    stream = f"{LOGS}:log-stream:{name}/algo-1-1763800000"

    assert may(rights, "logs:CreateLogStream", stream)
    assert may(rights, "logs:PutLogEvents", stream)
    # What is done to a group is asked for with :* or without, by its age.
    for action in ("logs:CreateLogGroup", "logs:DescribeLogStreams"):
        assert may(rights, action, LOGS)
        assert may(rights, action, f"{LOGS}:*")
    assert not may(rights, "logs:GetLogEvents", stream)
    assert not may(rights, "logs:PutLogEvents", stream.replace("TrainingJobs", "Endpoints"))
