"""deploy/AWS.md from its first command to its last, and what was seen after each."""

import json
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.infrastructure.account_rights import Statement, statements
from tests.infrastructure.hosting import ENDPOINT, Hosting
from tests.infrastructure.runbook import RUNBOOK, Block, blocks, run
from tests.infrastructure.tools import ROOT
from tests.infrastructure.training_jobs import run_jobs
from tests.processes import BIN
from training.definition import default_scorecard

#: A test need not wait half a minute for a worker to look at its registry; and the role of Data
#: Cloud is there only if somebody is named who may have it.
_SETTINGS = """
container_settings = { SCORECARD_POLL_S = "0.5" }
data_cloud = {
  principal_arn = "arn:aws:iam::210987654321:role/reader"
  external_id   = "0123456789abcdef"
}
"""


@dataclass(frozen=True)
class Seen:
    """The account after a block has run."""

    block: Block
    printed: str
    seconds: float
    keys: frozenset[str]
    users: frozenset[str]
    alarms: frozenset[str]
    rights: tuple[Statement, ...]
    #: As SageMaker describes it; None while there is no endpoint.
    model: Mapping[str, Any] | None = None
    #: What the endpoint answers with.
    version: str = ""
    current: str = ""
    policies: tuple[str, ...] = ()
    prediction: Mapping[str, Any] = field(default_factory=dict)


def workplace(folder: Path) -> Path:
    """Lay out what the commands need, as in a clone."""
    (folder / "deploy").mkdir(parents=True)
    (folder / "build").mkdir()
    kept = shutil.ignore_patterns(".terraform*", "*.tfstate*", "terraform.tfvars*")
    shutil.copytree(ROOT / "deploy" / "terraform", folder / "deploy" / "terraform", ignore=kept)
    (folder / "data").symlink_to(ROOT / "data")
    (folder / "deploy" / "terraform" / "test.auto.tfvars").write_text(_SETTINGS)
    return folder


def tell(folder: Path, environ: Mapping[str, str], hosting: Hosting) -> list[Seen]:
    """Run every block that needs no Docker and no real account."""
    told = []
    for block in blocks(RUNBOOK.read_text()):
        if block.needs:
            continue
        if "build/retrained" in block.text:
            _retrain(folder, environ)
        if "logs filter-log-events" in block.text:
            _write_logs(hosting)
        started = time.monotonic()
        printed = run(block, folder, environ)
        if "create-training-job" in block.text:
            run_jobs(hosting, folder / "jobs", environ)
        told.append(_look(block, printed, time.monotonic() - started, hosting))
    return told


def _look(block: Block, printed: str, seconds: float, hosting: Hosting) -> Seen:
    base = _account(block, printed, seconds, hosting)
    if not hosting.endpoint_is_there():
        return base
    hosting.update()
    model = hosting.described()
    current = _current_version(hosting)
    follows = "SCORECARD_MODEL" in model["PrimaryContainer"]["Environment"]
    deadline = time.monotonic() + 20
    version, answer = hosting.invoke()
    while follows and version != current and time.monotonic() < deadline:
        time.sleep(0.2)
        version, answer = hosting.invoke()
    scaling = hosting.client("application-autoscaling")
    policies = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    return replace(
        base,
        model=model,
        version=version,
        current=current,
        policies=tuple(policy["ResourceId"] for policy in policies),
        prediction=answer["predictions"][0],
    )


def _account(block: Block, printed: str, seconds: float, hosting: Hosting) -> Seen:
    keys = hosting.client("apigateway").get_api_keys()["items"]
    iam = hosting.client("iam")
    alarms = hosting.client("cloudwatch").describe_alarms()["MetricAlarms"]
    return Seen(
        block,
        printed,
        seconds,
        keys=frozenset(key["name"] for key in keys),
        users=frozenset(user["UserName"] for user in iam.list_users()["Users"]),
        alarms=frozenset(alarm["AlarmName"] for alarm in alarms),
        rights=statements(iam, hosting.client("s3")),
    )


def _current_version(hosting: Hosting) -> str:
    bucket = hosting.client("s3").list_buckets()["Buckets"][0]["Name"]
    stored = hosting.client("s3").get_object(Bucket=bucket, Key="models/current.json")
    return str(json.loads(stored["Body"].read())["version"])


def _retrain(folder: Path, environ: Mapping[str, str]) -> None:
    """Make another model; other weights will do, and take a second."""
    text = default_scorecard().read_text().replace("web2case: 1\n", "web2case: 1.1\n")
    (folder / "build" / "card.yaml").write_text(text)
    words = "build --scorecard build/card.yaml --from build/artifact --out build/retrained"
    subprocess.run([BIN / "scorecard", *words.split()], cwd=folder, env=dict(environ), check=True)


def _write_logs(hosting: Hosting) -> None:
    """Put the container's lines where SageMaker's agent would."""
    logs = hosting.client("logs")
    where = {"logGroupName": f"/aws/sagemaker/Endpoints/{ENDPOINT}", "logStreamName": "primary/i-1"}
    logs.create_log_stream(**where)
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": line} for line in hosting.log_lines()]
    logs.put_log_events(**where, logEvents=events)
