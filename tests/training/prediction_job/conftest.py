"""A real scorer behind HTTP that remembers what it was asked, and jobs that ask it."""

import os
import urllib.request

import boto3
import pytest
from job_stand_ins import JobFolder, RecordingModel
from moto.server import ThreadedMotoServer

from serving.scoring import load_scorer


@pytest.fixture(scope="session")
def scorer(trained):
    return load_scorer(trained)


@pytest.fixture
def model(scorer):
    with RecordingModel(scorer) as recording:
        yield recording


@pytest.fixture
def jobs(tmp_path, model):
    return JobFolder(tmp_path, model.url)


@pytest.fixture
def s3(monkeypatch):
    """An S3 of our own, as the job's environment sees it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "fake")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "fake")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    # All moto servers of a process keep the same buckets.
    urllib.request.urlopen(f"http://{host}:{port}/moto-api/reset", b"").close()
    client = boto3.client("s3")
    client.create_bucket(Bucket="css-mini-1")
    yield client
    server.stop()
