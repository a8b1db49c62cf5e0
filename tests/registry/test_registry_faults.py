"""S3 that refuses, stalls, loses answers and breaks bodies."""

import logging
import socket
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from fault_proxy import CUT, DROP, FLIP, LOSE, Fault, FaultProxy, Plan
from registries import (
    SECRET,
    InDirectory,
    InS3,
    check_invariant,
    make_s3_client,
    pointer_of,
    visible,
)

from serving.registry import RegistryError, fetch_current
from serving.registry.retry import ATTEMPTS
from serving.registry.s3 import make_client
from serving.scoring import load_scorer
from training.registry import Published, publish

#: Reading the pointer; three files, the packed artifact, the publication, the manifest; reading the
#: pointer, making it.
CALLS = 9


def the_first(times: int, fault: Fault, method: str = "PUT", name: str = "") -> Plan:
    """Fail the first calls of a kind."""
    left = [fault] * times

    def plan(_number: int, seen_method: str, path: str) -> Fault:
        return left.pop() if left and seen_method == method and name in path else None

    return plan


@pytest.fixture
def publish_by_proxy(proxy: FaultProxy, s3: InS3, artifact: Path) -> Callable[[], Published]:
    client = make_s3_client(proxy.endpoint)
    return lambda: publish(artifact, s3.uri, client=client)


def test_a_publication_makes_the_calls_this_file_counts_on(
    proxy: FaultProxy, publish_by_proxy: Callable[[], Published]
) -> None:
    publish_by_proxy()

    assert [method for method, _ in proxy.seen] == ["GET", *["PUT"] * 6, "GET", "PUT"]
    assert [path.split("/")[-1] for _, path in proxy.seen[4:]] == [
        "model.tar.gz",
        "publication.json",
        "manifest.json",
        "current.json",
        "current.json",
    ]


@pytest.mark.parametrize("fault", [DROP, LOSE, (503, "SlowDown")])
@pytest.mark.parametrize("failing", range(CALLS))
def test_whichever_call_fails_the_pointer_names_a_whole_version_or_is_absent(
    proxy: FaultProxy,
    s3: InS3,
    publish_by_proxy: Callable[[], Published],
    tmp_path: Path,
    failing: int,
    fault: Fault,
) -> None:
    proxy.start(lambda number, _method, _path: fault if number == failing else None)

    with pytest.raises(RegistryError):
        publish_by_proxy()

    assert (pointer_of(s3) is not None) == (failing == CALLS - 1 and fault == LOSE)
    check_invariant(s3, tmp_path / "scratch")
    assert publish_by_proxy().is_current


@pytest.mark.parametrize("failing", [1, CALLS - 3, CALLS - 2, CALLS - 1])
def test_an_answer_that_got_lost_is_asked_for_again(
    proxy: FaultProxy, s3: InS3, artifact: Path, tmp_path: Path, failing: int
) -> None:
    proxy.start(lambda number, _method, _path: LOSE if number == failing else None)

    published = publish(artifact, s3.uri, client=make_s3_client(proxy.endpoint, attempts=5))

    assert published.is_current
    check_invariant(s3, tmp_path / "scratch")


@pytest.mark.parametrize("name", ["golden.json", "manifest.json", "current.json"])
def test_writers_that_met_try_again(
    proxy: FaultProxy, s3: InS3, publish_by_proxy: Callable[[], Published], name: str
) -> None:
    proxy.start(the_first(2, (409, "ConditionalRequestConflict"), name=name))

    assert publish_by_proxy().is_current

    assert sum(path.endswith(name) for method, path in proxy.seen if method == "PUT") == 3


def test_writers_that_always_meet_give_up(
    proxy: FaultProxy, s3: InS3, publish_by_proxy: Callable[[], Published]
) -> None:
    proxy.start(the_first(99, (409, "ConditionalRequestConflict")))

    with pytest.raises(RegistryError, match="saw two writers at once"):
        publish_by_proxy()

    assert [method for method, _ in proxy.seen] == ["GET"] + ["PUT"] * ATTEMPTS
    assert pointer_of(s3) is None


def test_a_pointer_that_appears_at_the_last_moment_is_kept(
    proxy: FaultProxy, s3: InS3, artifact: Path, other: Path, tmp_path: Path
) -> None:
    def plan(_number: int, method: str, path: str) -> Fault:
        if method == "PUT" and path.endswith("current.json"):
            publish(other, s3.uri, client=s3.client)
        return None

    proxy.start(plan)

    published = publish(artifact, s3.uri, client=make_s3_client(proxy.endpoint))

    assert (published.is_current, published.uploaded) == (False, True)
    pointer = pointer_of(s3)
    assert pointer is not None
    assert pointer.version == load_scorer(other).artifact.version
    check_invariant(s3, tmp_path / "scratch")


def test_a_throttled_read_succeeds(
    proxy: FaultProxy, s3: InS3, artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(artifact, s3.uri, client=s3.client)
    proxy.start(the_first(2, (503, "SlowDown"), "GET"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
    started = time.monotonic()

    load_scorer(fetch_current(s3.uri, tmp_path))

    assert time.monotonic() - started < 5
    assert len(proxy.seen) == 2 + 4


@pytest.mark.parametrize("name", ["current.json", "manifest.json", "peer_tables.npz"])
def test_a_body_that_breaks_is_read_again(
    proxy: FaultProxy, s3: InS3, artifact: Path, tmp_path: Path, name: str
) -> None:
    publish(artifact, s3.uri, client=s3.client)
    proxy.start(the_first(2, CUT, "GET", name))

    load_scorer(fetch_current(s3.uri, tmp_path, client=make_s3_client(proxy.endpoint)))

    assert len(proxy.seen) == 2 + 4


def test_a_body_that_always_breaks_leaves_nothing_that_looks_finished(
    proxy: FaultProxy, s3: InS3, artifact: Path, tmp_path: Path
) -> None:
    publish(artifact, s3.uri, client=s3.client)
    proxy.start(the_first(99, CUT, "GET", "peer_tables.npz"))

    with pytest.raises(RegistryError, match=r"peer_tables\.npz arrived broken"):
        fetch_current(s3.uri, tmp_path, client=make_s3_client(proxy.endpoint))

    assert visible(tmp_path) == []
    assert list(tmp_path.glob("*.partial")) == []


@pytest.mark.parametrize("name", ["current.json", "manifest.json", "golden.json"])
def test_a_byte_altered_on_the_way_is_never_taken(
    proxy: FaultProxy, s3: InS3, artifact: Path, tmp_path: Path, name: str
) -> None:
    publish(artifact, s3.uri, client=s3.client)
    proxy.start(the_first(99, FLIP, "GET", name))

    with pytest.raises(RegistryError):
        fetch_current(s3.uri, tmp_path, client=make_s3_client(proxy.endpoint))

    assert visible(tmp_path) == []


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ((403, "AccessDenied"), "denies access; without s3:ListBucket"),
        ((403, "InvalidAccessKeyId"), "does not know the AWS access key"),
        ((403, "SignatureDoesNotMatch"), "secret key does not fit"),
        ((400, "ExpiredToken"), "have expired"),
        ((404, "NoSuchBucket"), "there is no bucket models-"),
        ((404, "NoSuchKey"), "nothing is published"),
        ((418, "Teapot"), "S3 answered 418 Teapot"),
        (DROP, r"127\.0\.0\.1:\d+ cannot be reached or does not answer"),
    ],
)
def test_an_operator_reads_what_to_look_at(
    proxy: FaultProxy, s3: InS3, tmp_path: Path, fault: Fault, words: str, caplog
) -> None:
    caplog.set_level(logging.DEBUG, "serving")
    proxy.start(the_first(99, fault, "GET"))

    with pytest.raises(RegistryError, match=words) as caught:
        fetch_current(s3.uri, tmp_path, client=make_s3_client(proxy.endpoint))

    shown = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert SECRET not in shown
    assert "AKIAFAKE" not in shown


def test_a_server_that_is_not_there_is_named_without_the_password(s3: InS3, tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        client = make_s3_client(f"http://user:{SECRET}@127.0.0.1:{port}")

        with pytest.raises(RegistryError, match=f"127.0.0.1:{port} cannot be reached") as caught:
            fetch_current(s3.uri, tmp_path, client=client)

    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_missing_credentials_are_asked_for(
    s3: InS3, artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    # boto3 keeps a session with the credentials it found first.
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)

    for use in [lambda: fetch_current(s3.uri, tmp_path), lambda: publish(artifact, s3.uri)]:
        with pytest.raises(RegistryError, match="there are no AWS credentials; set AWS_PROFILE"):
            use()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_ENDPOINT_URL", "not an address"),
        ("AWS_DEFAULT_REGION", "not a region"),
        ("AWS_PROFILE", "nobody"),
    ],
)
def test_a_broken_environment_is_named(
    s3: InS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)

    with pytest.raises(RegistryError, match="no S3 client can be made"):
        fetch_current(s3.uri, tmp_path)


def test_the_client_gives_a_dead_server_up_within_a_minute() -> None:
    config = make_client().meta.config

    assert config.retries == {"mode": "standard", "total_max_attempts": 5}
    assert (config.connect_timeout, config.read_timeout) == (3, 10)


def test_a_directory_that_is_missing_is_named(tmp_path: Path) -> None:
    registry = InDirectory(tmp_path / "models")

    with pytest.raises(RegistryError, match=r"there is no directory .*models"):
        fetch_current(registry.uri, tmp_path / "cache")


def test_a_directory_that_is_a_file_is_named(artifact: Path, tmp_path: Path) -> None:
    registry = InDirectory(tmp_path / "models")
    registry.folder.write_text("no directory")

    with pytest.raises(RegistryError, match="cannot be read: Not a directory"):
        fetch_current(registry.uri, tmp_path / "cache")
    with pytest.raises(RegistryError, match="cannot be read: Not a directory"):
        publish(artifact, registry.uri)
