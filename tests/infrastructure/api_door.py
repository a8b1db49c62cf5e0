"""The REST API of deploy/terraform where requests really pass: ministack, a container behind it.

SageMaker is not behind it: HTTP_PROXY to the container takes the place of AWS's own integration,
which is checked as text only.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.infrastructure.story import workplace
from tests.infrastructure.tools import initialised, terraform, tool
from tests.processes import Answer, Process, call, free_port

KEY = "the-key-of-einstein-studio-0123456789"
BURST = 5

#: The same API but for what is behind it: SageMaker is not here, so the container is asked itself.
_OVERRIDE = """
resource "aws_api_gateway_integration" "invocations" {
  type        = "HTTP_PROXY"
  uri         = "http://127.0.0.1:%d/invocations"
  credentials = null
}

resource "aws_api_gateway_api_key" "caller" {
  value = "%s"
}
"""

#: What there is of the API, and what it needs.
_PARTS = (
    "aws_api_gateway_usage_plan_key.caller",
    "aws_api_gateway_method_settings.all",
    "aws_api_gateway_integration_response.others",
)


@dataclass(frozen=True)
class Door:
    """An API that executes requests.

    Attributes
    ----------
    port : int
        Of ministack.
    api : str
        The API's id.
    """

    port: int
    api: str

    def post(self, body: str, *, stage: str = "default", path: str = "invocations", **headers: str):
        where = f"/restapis/{self.api}/{stage}/_user_request_/{path}"
        answer: Answer = call(self.port, "POST", where, body, **headers)
        return answer


@contextmanager
def ministack(folder: Path) -> Iterator[int]:
    program = tool("ministack==1.5.33", "ministack")
    port = free_port()
    process = Process(
        [program],
        folder / "ministack.log",
        port=port,
        watched=False,
        GATEWAY_PORT=str(port),
        BIND_HOST="127.0.0.1",
        SERVICES="apigateway",
        HOME=str(folder),
        TMPDIR=str(folder),
    )
    try:
        process.wait_for_ping(path="/_ministack/health")
        yield port
    finally:
        process.stop()


def open_door(folder: Path, port: int, container: int, environ: Mapping[str, str]) -> Door:
    """Apply the API's part of deploy/terraform."""
    stack = workplace(folder / "clone") / "deploy" / "terraform"
    (stack / "door_override.tf").write_text(_OVERRIDE % (container, KEY))
    settings = {"api_logs": False, "throttle": {"rate": 0.2, "burst": BURST}}
    (stack / "door.auto.tfvars.json").write_text(json.dumps(settings))
    split = {**environ, "AWS_ENDPOINT_URL_API_GATEWAY": f"http://127.0.0.1:{port}"}
    initialised(stack, split)
    terraform(stack, split, "apply", *(f"-target={part}" for part in _PARTS))
    told = terraform(stack, split, "output", "-json")
    url = json.loads(told)["api_url"]["value"]
    return Door(port, url.removeprefix("https://").partition(".")[0])
