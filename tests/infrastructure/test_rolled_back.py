"""A deployment that SageMaker rolls back: what Terraform says, what is left, and the way on."""

import os
import subprocess

import pytest

from tests.infrastructure.conftest import aws_account
from tests.infrastructure.hosting import ENDPOINT, Hosting
from tests.infrastructure.runbook import RUNBOOK, blocks, run
from tests.infrastructure.story import workplace
from tests.infrastructure.tools import initialised, terraform, terraform_environ, tool

pytestmark = pytest.mark.infra

LIFECYCLE = "# Versions in use are never touched"


class Stack:
    """The stack in an account of its own, deployed with one image after the other."""

    def __init__(self, folder, environ, hosting):
        self._folder = folder
        self._environ = environ
        self._sagemaker = hosting.client("sagemaker")

    def deploy(self, tag, deployment=1):
        """Apply with an image; gives the exit code and all that is printed."""
        settings = f'image_tag = "{tag}"\ndeployment = {deployment}\n'
        (self._folder / "terraform.tfvars").write_text(settings)
        done = subprocess.run(
            ["terraform", "apply"],
            check=False,
            cwd=self._folder,
            env=self._environ,
            capture_output=True,
            text=True,
        )
        return done.returncode, " ".join((done.stdout + done.stderr).replace("│", " ").split())

    def has_nothing_to_do(self):
        return "No changes." in terraform(self._folder, self._environ, "plan")

    def follow_the_runbook(self):
        """Run the blocks for this case; gives what they print."""
        told = [block for block in blocks(RUNBOOK.read_text()) if block.needs == "rolled-back"]
        path = os.pathsep.join([str(tool("awscli", "aws").parent), self._environ["PATH"]])
        clone = self._folder.parents[1]
        return [run(block, clone, {**self._environ, "PATH": path}) for block in told]

    def live(self):
        return self._sagemaker.describe_endpoint(EndpointName=ENDPOINT)["EndpointConfigName"]

    def configurations(self):
        found = self._sagemaker.list_endpoint_configs()["EndpointConfigs"]
        return {one["EndpointConfigName"] for one in found}

    def models(self):
        return {one["ModelName"] for one in self._sagemaker.list_models()["Models"]}


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rolled-back")
    containers = folder / "ports.json"
    containers.write_text("{}")
    with aws_account(folder / "account.log", containers) as address:
        environ = terraform_environ(folder, address)
        place = workplace(folder / "clone") / "deploy" / "terraform"
        # AWS's provider looks at a bucket's lifecycle rules for a minute. They are not for here.
        bucket = place / "bucket.tf"
        bucket.write_text(bucket.read_text().partition(LIFECYCLE)[0])
        initialised(place, environ)
        yield Stack(place, environ, Hosting(folder, containers, environ))


def test_a_rolled_back_deployment_fails_what_is_live_stays_and_it_can_be_deployed_again(stack):
    code, said = stack.deploy("0.1.0")
    assert code == 0, said
    live = stack.live()

    failed, said = stack.deploy("2.0-broken")
    # By now the live ones are left-overs, by what Terraform knows.
    another, _ = stack.deploy("2.1-broken")

    assert (failed, another) == (1, 1)
    assert "SageMaker has rolled the deployment back" in said
    assert f"{ENDPOINT} still runs {live}" in said
    assert "A deployment that was rolled back" in said
    assert stack.live() == live
    assert live in stack.configurations()
    assert live in stack.models()

    seen, _ = stack.follow_the_runbook()

    assert live in seen
    assert stack.live() != live
    assert stack.configurations() == stack.models() == {stack.live()}
    assert stack.has_nothing_to_do()
