"""What SageMaker does with an endpoint, here: our container, started as the model says."""

import json
import tarfile
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3

from tests.processes import BIN, Process, free_port

ENDPOINT = "css-mini-service-endpoint"
ROW = [9.2, 25, 1.23, 0, 6, 0.24, 0.93, 0.8, 1, 0.34, 3.9, 0.9, 0, 2, 2.3]


class Hosting:
    """Keeps one container running: that of the model which the endpoint names."""

    def __init__(self, folder: Path, containers: Path, aws: dict[str, str]) -> None:
        self._folder = folder
        self._containers = containers
        self._aws = aws
        self._container: Process | None = None
        self._model = ""
        self._started = 0

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self._aws["AWS_ENDPOINT_URL"],
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - moto's
        )

    def endpoint_is_there(self) -> bool:
        return bool(self.client("sagemaker").list_endpoints()["Endpoints"])

    def described(self) -> dict[str, Any]:
        """Give the model that the endpoint's configuration names, as SageMaker describes it."""
        sagemaker = self.client("sagemaker")
        config = sagemaker.describe_endpoint(EndpointName=ENDPOINT)["EndpointConfigName"]
        variants = sagemaker.describe_endpoint_config(EndpointConfigName=config)
        name = variants["ProductionVariants"][0]["ModelName"]
        described: dict[str, Any] = sagemaker.describe_model(ModelName=name)
        return described

    def update(self) -> None:
        """Start the container of the model that is deployed now, in the old one's place."""
        model = self.described()
        if model["ModelName"] == self._model:
            return
        self.stop()
        self._model = model["ModelName"]
        container = model["PrimaryContainer"]
        environ = dict(container.get("Environment", {}))
        self._started += 1
        unpacked = self._folder / f"{self._started}-{self._model}"
        unpacked.mkdir()
        if "ModelDataUrl" in container:
            self._unpack(container["ModelDataUrl"], unpacked)
        if not model.get("EnableNetworkIsolation"):
            environ |= {key: value for key, value in self._aws.items() if key.startswith("AWS_")}
        port = free_port()
        self._container = Process(
            [BIN / "serve", "serve"],
            self._folder / f"{unpacked.name}.log",
            port=port,
            **environ,
            SM_MODEL_DIR=str(unpacked),
            SAGEMAKER_BIND_TO_PORT=str(port),
            SCORECARD_CACHE=str(self._folder / f"{unpacked.name}-cache"),
            SCORECARD_WORKERS="1",
        )
        self._container.wait_for_ping(within_s=60)
        self._containers.write_text(json.dumps({ENDPOINT: port}))

    def _unpack(self, url: str, folder: Path) -> None:
        place = urlsplit(url)
        stored = self.client("s3").get_object(Bucket=place.netloc, Key=place.path[1:])
        with tarfile.open(fileobj=BytesIO(stored["Body"].read())) as archive:
            archive.extractall(folder, filter="data")

    def invoke(self) -> tuple[str, dict[str, Any]]:
        """Ask the endpoint as AWS programs do; gives the version that answers, and its answer."""
        answer = self.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=ENDPOINT,
            ContentType="application/json",
            Body=json.dumps({"instances": [{"features": ROW}]}),
        )
        return answer["CustomAttributes"], json.loads(answer["Body"].read())

    def log_lines(self) -> list[str]:
        return self._container.log().splitlines() if self._container else []

    def stop(self) -> None:
        if self._container:
            self._container.stop()
            self._container = None
