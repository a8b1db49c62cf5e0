"""A moto server, fake credentials, and small artifacts."""

import itertools
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fault_proxy import FaultProxy, fault_proxy
from moto.server import ThreadedMotoServer
from registries import SECRET, InDirectory, InS3, Registry, make_s3_client

from tests.scoring.builders import make_parts
from training.build import build
from training.definition import default_scorecard

_numbers = itertools.count()


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """The address of an S3 of our own."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture(scope="session")
def client(moto: str) -> Any:
    """One for all tests that need nothing special: making one takes 70 ms."""
    return make_s3_client(moto)


@pytest.fixture(autouse=True)
def aws(moto: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fake credentials, and no way to real ones or to real servers."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKIAFAKE",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_SESSION_TOKEN": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": moto,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/nowhere",
        "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def s3(client: Any) -> InS3:
    """An empty registry in a bucket of its own."""
    registry = InS3(client, bucket=f"models-{next(_numbers)}")
    client.create_bucket(Bucket=registry.bucket)
    return registry


@pytest.fixture
def directory(tmp_path: Path) -> InDirectory:
    """An empty registry in a directory."""
    (tmp_path / "registry").mkdir()
    return InDirectory(tmp_path / "registry")


@pytest.fixture(params=["directory", "s3"])
def registry(request: pytest.FixtureRequest) -> Registry:
    """An empty registry, of each kind."""
    made: Registry = request.getfixturevalue(request.param)
    return made


@pytest.fixture
def proxy(moto: str) -> Iterator[FaultProxy]:
    with fault_proxy(moto) as made:
        yield made


@pytest.fixture(scope="session")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small artifact made by hand: three files and a manifest."""
    return make_parts(seed=1).write(tmp_path_factory.mktemp("one") / "artifact")


@pytest.fixture(scope="session")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another version of it."""
    return make_parts(seed=2).write(tmp_path_factory.mktemp("other") / "artifact")


@pytest.fixture(scope="session")
def reweighted(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same fit with another weight: a second version."""
    folder = tmp_path_factory.mktemp("reweighted")
    text = default_scorecard().read_text().replace("web2case: 1\n", "web2case: 3\n")
    (folder / "definition.yaml").write_text(text)
    build(folder / "definition.yaml", trained, folder / "artifact")
    return folder / "artifact"
