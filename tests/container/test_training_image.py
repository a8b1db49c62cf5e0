"""`train` in one image writes what `serve` in the other loads; from a disk, and from S3."""

import json
import tarfile

import boto3
import pytest

from tests.container.building import ROOT
from tests.container.expected import JSON_BODY, scores_in_json, scores_of
from tests.load.moved_registry import FAKE_AWS, moto_at
from tests.processes import free_port

pytestmark = pytest.mark.container

#: Of the peer scorecard; folders beside them hold the facts of others.
SAMPLE = sorted((ROOT / "data" / "sample").glob("*.csv"))


@pytest.fixture(scope="module")
def job(podman, image, tmp_path_factory):
    """The folder of a training job on the sample that is done, as SageMaker lays it out."""
    folder = tmp_path_factory.mktemp("job")
    (folder / "input" / "config").mkdir(parents=True)
    (folder / "input" / "config" / "hyperparameters.json").write_text(json.dumps({"seed": "3"}))
    channel = "/opt/ml/input/data/training"
    files = [f"--volume={path}:{channel}/{path.name}:ro" for path in SAMPLE]
    mounts = [f"--volume={folder}:/opt/ml", *files]

    done = podman.run("--read-only", "--tmpfs=/tmp", *mounts, image("training"), "train")

    (folder / "said").write_text(done.stdout)
    return folder


@pytest.fixture
def model(job, tmp_path):
    """What SageMaker makes of a job's model: packed with the files at the root, and unpacked."""
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as archive:
        for path in sorted((job / "model").iterdir()):
            archive.add(path, path.name)
    with tarfile.open(tmp_path / "model.tar.gz") as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    return tmp_path / "unpacked"


@pytest.fixture
def s3():
    """An S3 with a bucket; gives the environment that reaches it."""
    with moto_at(free_port()) as endpoint:
        client = boto3.client(
            "s3",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id=FAKE_AWS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=FAKE_AWS["AWS_SECRET_ACCESS_KEY"],
        )
        client.create_bucket(Bucket="models")
        client.close()
        yield {**FAKE_AWS, "AWS_ENDPOINT_URL": endpoint}


def test_a_trained_model_is_served_by_the_other_image(job, model, serve):
    container = serve(model)
    container.wait_for_ping()

    answer = container.call("POST", "/invocations", JSON_BODY, Content_Type="application/json")

    assert scores_in_json(answer) == scores_of(model)
    assert any(line.endswith(";") and "=" in line for line in (job / "said").read_text().split())
    assert (job / "output" / "data").is_dir()
    assert not (job / "output" / "failure").exists()


def test_a_published_model_is_served_from_s3(model, s3, podman, image, serve):
    given = [f"--env={name}={value}" for name, value in s3.items()]
    publish = ["scorecard", "publish", "/model", "s3://models/team"]
    podman.run("--read-only", *given, f"--volume={model}:/model:ro", image("training"), *publish)

    container = serve(None, SCORECARD_MODEL="s3://models/team", **s3)
    container.wait_for_ping()

    answer = container.call("POST", "/invocations", JSON_BODY, Content_Type="application/json")
    assert scores_in_json(answer) == scores_of(model)


def test_a_job_without_data_fails_and_says_why(podman, image, tmp_path):
    done = podman.run(f"--volume={tmp_path}:/opt/ml", image("training"), "train", ok=False)

    assert done.returncode == 1
    assert (tmp_path / "output" / "failure").read_text()
