"""An AWS account on this machine: moto, with what Terraform's provider misses in it.

`python -m tests.infrastructure.aws_account PORT CONTAINERS` serves it. CONTAINERS is a JSON file,
endpoint → port of the container behind it; it is read at each invocation.
"""

import http.client
import json
import sys
from pathlib import Path
from typing import Any

from moto.applicationautoscaling.exceptions import AWSValidationException
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket
from moto.sagemaker.models import FakeEndpoint, Model
from moto.sagemaker.responses import SageMakerResponse
from moto.sagemakerruntime.responses import SageMakerRuntimeResponse
from moto.server import main as moto_server

#: Headers of an invocation that SageMaker hands on, and of an answer that it gives back.
HANDED_ON = ("Content-Type", "Accept", "X-Amzn-SageMaker-Custom-Attributes")
GIVEN_BACK = ("Content-Type", "X-Amzn-SageMaker-Custom-Attributes")

#: How the tag of an image ends whose deployment SageMaker rolls back.
BROKEN = "-broken"

_described_model: Any = Model.response_object
_described_endpoint: Any = FakeEndpoint.response_object
_register_target = ApplicationAutoScalingResponse.register_scalable_target
_deregister_target = ApplicationAutoScalingResponse.deregister_scalable_target
_create_model = SageMakerResponse.create_model
_create_endpoint = SageMakerResponse.create_endpoint


def know_tags_of_scalable_targets() -> None:
    """Answer the provider, which asks for ten minutes otherwise."""
    tags: dict[str, dict[str, str]] = {}

    def register(self: Any) -> str:
        made = _register_target(self)
        given = self._get_param("Tags") or {}
        tags.setdefault(json.loads(made)["ScalableTargetARN"], {}).update(given)
        return made

    def deregister(self: Any) -> str:
        try:
            return _deregister_target(self)
        except AWSValidationException as error:
            # What AWS says; the provider asks again after a lost answer, and takes this for done.
            raise JsonRESTError("ObjectNotFoundException", error.message) from None

    def listed(self: Any) -> str:
        return json.dumps({"Tags": tags.get(self._get_param("ResourceARN"), {})})

    def tag(self: Any) -> str:
        tags.setdefault(self._get_param("ResourceARN"), {}).update(self._get_param("Tags"))
        return "{}"

    def untag(self: Any) -> str:
        for key in self._get_param("TagKeys"):
            tags.get(self._get_param("ResourceARN"), {}).pop(key, None)
        return "{}"

    ApplicationAutoScalingResponse.register_scalable_target = register
    ApplicationAutoScalingResponse.deregister_scalable_target = deregister
    ApplicationAutoScalingResponse.list_tags_for_resource = listed
    ApplicationAutoScalingResponse.tag_resource = tag
    ApplicationAutoScalingResponse.untag_resource = untag


def keep_what_models_say() -> None:
    """Keep network isolation; say nothing of a network or a data capture that there is not."""

    def create(self: Any) -> ActionResult:
        made = _create_model(self)
        model = self.sagemaker_backend.describe_model(self._get_param("ModelName"))
        model.enable_network_isolation = bool(self._get_param("EnableNetworkIsolation"))
        return made

    def describe_config(self: Any) -> ActionResult:
        name = self._get_param("EndpointConfigName")
        return ActionResult(_filled(self.sagemaker_backend.describe_endpoint_config(name)))

    SageMakerResponse.create_model = create
    Model.response_object = property(lambda self: _filled(_described_model.fget(self)))
    SageMakerResponse.describe_endpoint_config = describe_config


def update_endpoints() -> None:
    """Know UpdateEndpoint, how an endpoint was deployed, and going back from a broken image."""

    def create(self: Any) -> ActionResult:
        made = _create_endpoint(self)
        endpoint = self.sagemaker_backend.endpoints[self._get_param("EndpointName")]
        endpoint.last_deployment_config = self._get_param("DeploymentConfig")
        return made

    def update(self: Any) -> ActionResult:
        endpoint = self.sagemaker_backend.endpoints[self._get_param("EndpointName")]
        name = self._get_param("EndpointConfigName")
        config = self.sagemaker_backend.describe_endpoint_config(name)
        # SageMaker looks for the configuration that it is to leave.
        self.sagemaker_backend.describe_endpoint_config(endpoint.endpoint_config_name)
        model = config["ProductionVariants"][0]["ModelName"]
        described = self.sagemaker_backend.describe_model(model)
        if described.primary_container["Image"].endswith(BROKEN):
            return ActionResult({"EndpointArn": endpoint.arn})
        endpoint.endpoint_config_name = name
        endpoint.production_variants = endpoint._process_production_variants(
            config["ProductionVariants"]
        )
        endpoint.last_deployment_config = self._get_param("DeploymentConfig")
        return ActionResult({"EndpointArn": endpoint.arn})

    SageMakerResponse.create_endpoint = create
    SageMakerResponse.update_endpoint = update
    FakeEndpoint.response_object = property(lambda self: _filled(_described_endpoint.fget(self)))


def take_all_callers_for_tls() -> None:
    """Pass over what a bucket denies without TLS: moto reads no condition."""

    def permission(self: Any, action: str, resource: str) -> PermissionResult:
        if self.policy is None:
            return PermissionResult.NEUTRAL
        policy = json.loads(self.policy)
        without_tls = {"Bool": {"aws:SecureTransport": "false"}}
        policy["Statement"] = [
            statement
            for statement in policy["Statement"]
            if statement.get("Condition") != without_tls
        ]
        return IAMPolicy(json.dumps(policy)).is_action_permitted(action, resource)

    FakeBucket.get_permission = permission


def invoke_containers(containers: Path) -> None:
    """Ask the container behind an endpoint, and give its errors as SageMaker does."""

    def invoke(self: Any) -> tuple[int, dict[str, str], bytes]:
        name = self.path.split("/")[2]
        ports = json.loads(containers.read_text())
        if name not in ports:
            return _error(400, "ValidationError", {"Message": f"Endpoint {name} not found."})
        sent = {key: self.headers[key] for key in HANDED_ON if key in self.headers}
        connection = http.client.HTTPConnection("127.0.0.1", ports[name], timeout=60)
        try:
            body = self.body.encode() if isinstance(self.body, str) else self.body
            connection.request("POST", "/invocations", body, sent)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status == 200:
            kept = {key: answer.headers[key] for key in GIVEN_BACK if key in answer.headers}
            return 200, kept, content
        return _error(
            424,
            "ModelError",
            {
                "ErrorCode": "CLIENT_ERROR_FROM_MODEL"
                if answer.status < 500
                else "INTERNAL_FAILURE_FROM_MODEL",
                "Message": f"Received error ({answer.status}) from {name}",
                "OriginalStatusCode": answer.status,
                "OriginalMessage": content.decode(),
            },
        )

    SageMakerRuntimeResponse.invoke_endpoint = invoke


def _filled(described: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in described.items() if value not in ({}, [], None)}


def _error(status: int, code: str, said: dict[str, object]) -> tuple[int, dict[str, str], bytes]:
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": code}
    return status, headers, json.dumps(said).encode()


def main(port: str, containers: str) -> None:
    know_tags_of_scalable_targets()
    keep_what_models_say()
    update_endpoints()
    take_all_callers_for_tls()
    invoke_containers(Path(containers))
    moto_server(["-H", "127.0.0.1", "-p", port])


if __name__ == "__main__":
    main(*sys.argv[1:])
