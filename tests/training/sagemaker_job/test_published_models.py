"""A model on its way to the registry, interrupted at any call: there is no half of it."""

import boto3
import pytest
from moto import mock_aws

from serving.registry import pull
from serving.scoring import load_scorer
from training.registry import list_versions, publish

URI = "s3://models/scorecard"


class Interrupted(BaseException):
    """The process ends here."""


@pytest.fixture
def client(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="models")
        yield client


def interrupt(client, event, after):
    """End the process at this event of a call, after some calls; gives how to go on."""
    calls = iter(range(10_000))

    def end(**_):
        if next(calls) == after:
            raise Interrupted

    client.meta.events.register(event, end)
    return lambda: client.meta.events.unregister(event, end)


def stored(client):
    listed = client.list_objects_v2(Bucket="models").get("Contents", [])
    return {
        item["Key"]: client.get_object(Bucket="models", Key=item["Key"])["Body"].read()
        for item in listed
    }


@pytest.mark.parametrize(
    "event",
    [
        pytest.param("before-call.s3", marks=pytest.mark.soak),
        pytest.param("after-call.s3", marks=pytest.mark.slow),
    ],
)
def test_t21_an_upload_interrupted_at_any_call_shows_no_part_of_a_model(
    finished, tmp_path, client, event
):
    version = load_scorer(finished / "model").artifact.version
    seen, interrupted, calls = {}, True, 0

    while interrupted:
        go_on = interrupt(client, event, calls)
        try:
            publish(finished / "model", URI, client=client)
            interrupted = False
        except Interrupted:
            calls += 1
        go_on()
        now = stored(client)
        assert {key: now[key] for key in seen} == seen, "what is there never changes"
        seen = {key: data for key, data in now.items() if not key.endswith("current.json")}
        if any(key.endswith(f"{version}/manifest.json") for key in now):
            pull(URI, tmp_path / str(calls), version=version, client=client)
            assert load_scorer(tmp_path / str(calls)).artifact.version == version
        else:
            assert not any(key.endswith("current.json") for key in now)

    assert calls > 5, "there are as many calls as objects at least"
    (row,) = list_versions(URI, client=client)
    assert (row.version, row.current, row.incomplete) == (version, True, False)
