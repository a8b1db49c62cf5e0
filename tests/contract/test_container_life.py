"""F.1: health and life of the container. Row numbers are those of the contract's checklist."""

import http.client
import json
import shutil
import signal
import socket
import time
from pathlib import Path

import pytest

from serving.inference.settings import InferenceSettings
from serving.web.settings import read_settings
from tests.contract.wire import ROWS, einstein
from tests.processes import call, free_port

PART = 0.5  # seconds


def test_h1_ping_answers_200_within_two_seconds(container):
    started = time.monotonic()

    answer = call(container.port, "GET", "/ping")

    assert answer.status == 200
    assert time.monotonic() - started < 2


def test_h2_ping_is_503_until_a_model_is_loaded_and_200_after(trained, tmp_path, start_container):
    place = tmp_path / "model"
    container = start_container(SCORECARD_MODEL=str(place), SCORECARD_POLL_S="0.1")
    container.wait_for_ping(503)

    shutil.copytree(trained, tmp_path / "arriving")
    (tmp_path / "arriving").rename(place)

    container.wait_for_ping(200)


def test_h3_a_corrupt_artifact_is_503_everywhere_and_logged_once(
    trained, tmp_path, start_container
):
    broken = tmp_path / "model"
    shutil.copytree(trained, broken)
    tables = broken / "peer_tables.npz"
    tables.write_bytes(tables.read_bytes()[:-1] + b"x")
    container = start_container(SCORECARD_MODEL=str(broken), SCORECARD_POLL_S="0.1")
    container.wait_for_ping(503)
    time.sleep(PART)

    ping = call(container.port, "GET", "/ping")
    invocation = call(container.port, "POST", "/invocations", "{}", Content_Type="application/json")

    assert ping.json()["message"] == "no model is loaded"
    assert invocation.status == 503
    assert invocation.headers["retry-after"]
    told = [line for line in container.log_lines() if line["event"] == "model not loaded"]
    assert len(told) == 1
    assert "peer_tables.npz" in told[0]["reason"]


def test_h6_post_to_ping_is_405(container):
    answer = call(container.port, "POST", "/ping")

    assert answer.status == 405
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize("arguments", [[], ["serve"], ["serve", "serve"]])
def test_h8_serve_starts_with_any_arguments_and_listens_on_all_addresses(
    trained, start_container, arguments
):
    container = start_container(*arguments, SCORECARD_MODEL=str(trained))
    container.wait_for_ping()

    # An address of this machine that a server on 127.0.0.1 alone would not answer.
    assert call(container.port, "GET", "/ping", host="127.0.0.2").status == 200


def test_h8_the_port_is_8080_unless_told():
    assert read_settings(InferenceSettings, {}).port == 8080


def test_h9_sagemaker_s_port_wins(trained, start_container):
    port = free_port()
    container = start_container(
        SCORECARD_MODEL=str(trained), SAGEMAKER_BIND_TO_PORT=str(port), SCORECARD_PORT="1"
    )
    container.port = port

    container.wait_for_ping()


def test_h10_a_request_in_flight_is_answered_after_sigterm(trained, start_container):
    container = start_container(SCORECARD_MODEL=str(trained))
    container.wait_for_ping()
    body = json.dumps(einstein(ROWS)).encode()
    head = (
        "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    started = time.monotonic()
    with socket.create_connection(("127.0.0.1", container.port)) as client:
        client.sendall(head.encode() + body[:10])
        time.sleep(PART)
        container.send(signal.SIGTERM)
        time.sleep(PART)
        client.sendall(body[10:])
        response = http.client.HTTPResponse(client)
        response.begin()
        predictions = json.loads(response.read())["predictions"]

    assert len(predictions) == len(ROWS)
    assert container.wait() == 0
    assert time.monotonic() - started < 30


def test_h11_sigterm_when_idle_ends_it_within_five_seconds(trained, start_container):
    container = start_container(SCORECARD_MODEL=str(trained))
    container.wait_for_ping()
    started = time.monotonic()

    container.send(signal.SIGTERM)

    assert container.wait() == 0
    assert time.monotonic() - started < 5


def test_h14_the_first_ping_is_answered_within_ten_seconds_of_the_start(trained, start_container):
    container = start_container(SCORECARD_MODEL=str(trained))

    assert container.wait_for_ping() < 10


def test_h17_an_unknown_path_is_404_json(container):
    answer = call(container.port, "GET", "/models")

    assert answer.status == 404
    assert answer.json()["message"]


def test_broken_settings_end_the_process_with_exit_code_2_naming_every_mistake(start_container):
    container = start_container(SCORECARD_WORKERS="many", SCORECARD_MAX_BODY_BYTES="-1")

    assert container.wait() == 2
    assert "SCORECARD_WORKERS" in container.log()
    assert "SCORECARD_MAX_BODY_BYTES" in container.log()


def test_the_process_imports_no_library_of_the_field(container):
    mapped = Path(f"/proc/{container.pid}/maps")
    if not mapped.exists():
        pytest.skip("needs /proc")

    libraries = mapped.read_text()
    assert "numpy" in libraries  # else this looks at the wrong process
    for name in ("xgboost", "scipy", "pandas", "sklearn", "pyarrow"):
        assert f"site-packages/{name}/" not in libraries
    assert "libgomp" not in libraries
