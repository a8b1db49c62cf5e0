"""What a strange or hostile server says: the job goes on, and the key goes nowhere."""

import json
import logging
import socket
import threading
import time

import pytest
from job_stand_ins import KEY, edits, says
from werkzeug.wrappers import Response

from training.prediction_job.errors import CallFailed, TryLater
from training.prediction_job.job import run_on
from training.prediction_job.server_words import ServerWords

AT_ONCE = "retry: {budget_s: 0, timeout_s: 0.5}\n"
ESCAPED = "".join(f"\\u{ord(letter):04x}" for letter in KEY)


def first_becomes(**values):
    return edits(lambda document: document["predictions"][0].update(values))


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (first_becomes(last_modified="\ud800"), "last_modified is no Text but text with half a"),
        (says(500, '{"message":"broken \\ud800"}'), r"status 500: broken \?"),
        (says(500, b'{"message":"broken \xed\xa0\x80"}'), "status 500"),
        (says(200, '{"ErrorCode":"X","Message":"\\udfff"}'), "instead of predictions"),
    ],
)
def test_half_a_character_fails_the_run_and_is_stored_as_text(jobs, model, fault, told):
    jobs.put_all(2)
    model.always = fault

    with pytest.raises(TryLater, match=told):
        jobs.run(AT_ONCE)

    [(state, reason)] = jobs.ask("SELECT state, reason FROM runs")
    assert (state, "\ud800" in reason) == ("Failed", False)


def test_half_a_character_in_a_row_s_reason_is_stored_as_text(jobs, model):
    jobs.put_all(2)
    rows = [{"path": "/instances/0", "reason": "bad \ud800"}]
    model.faults = [says(400, json.dumps({"errors": rows}))]

    assert jobs.run().refused == 1

    assert jobs.ask("SELECT reason FROM scores WHERE status = 'Error'") == [("bad ?",)]


@pytest.mark.parametrize("wait", ["9" * 5000, "9" * 400, "Fri, 31 Dec 99999 23:59:59 GMT"])
def test_a_wait_that_no_clock_can_count_is_beyond_the_budget(jobs, model, wait):
    jobs.put_all(2)
    model.always = says(503, "{}", Retry_After=wait)

    with pytest.raises(TryLater, match="status 503"):
        jobs.run("retry: {budget_s: 5, first_pause_s: 0.01}\n")

    assert len(model.posts) == 1


def test_a_wait_that_is_none_is_not_waited(jobs, model):
    jobs.put_all(2)
    model.faults = [says(503, "{}", Retry_After="soon")]

    assert jobs.run("retry: {first_pause_s: 0.01}\n").scored == 2


def echoes_headers(request, _):
    said = {"message": f"no route for {dict(request.headers)}"}
    return Response(json.dumps(said), 404)


@pytest.mark.parametrize(
    "echo",
    [
        echoes_headers,
        says(404, "x" * 280 + KEY),
        says(404, '{"headers": {"x-api-key": "' + ESCAPED + '"}}'),
        says(404, f'{{"message": "{ESCAPED}"}}'),
        says(503, f"<html>{KEY}</html>"),
        says(200, f"<html>{KEY}</html>"),
        says(403, json.dumps({"message": KEY})),
        says(400, json.dumps({"errors": [{"path": "/instances/0", "reason": KEY}]})),
        says(424, json.dumps({"OriginalStatusCode": 400, "OriginalMessage": KEY})),
        first_becomes(last_modified=f"now, {KEY}"),
        lambda _, real: Response(real().get_data(), headers={"X-Scorecard-Version": KEY}),
    ],
)  # fmt: skip
def test_a_server_that_repeats_the_key_does_not_bring_it_into_logs_or_state(
    jobs, model, caplog, echo
):
    jobs.put_all(2)
    model.always = echo
    said = ""

    try:
        jobs.run(AT_ONCE)
    except CallFailed as error:
        said = str(error)

    assert model.keys
    # Half of it would be told, too.
    assert KEY[:12] not in said + caplog.text + repr(jobs.ask("SELECT * FROM runs"))
    stored = [path.read_bytes() for path in jobs.folder.iterdir() if path.is_file()]
    assert not [content for content in stored if KEY[:12].encode() in content]


def test_of_a_key_with_a_word_before_it_the_secret_alone_is_hidden_too():
    words = ServerWords('Bearer top"secret')

    assert words.shown('token top"secret is unknown') == "token [key] is unknown"
    assert words.shown(json.dumps({"Authorization": 'Bearer top"secret'})) == (
        '{"Authorization": "[key]"}'
    )


@pytest.mark.parametrize("trickled", ["head", "body"])
def test_an_answer_has_one_deadline_however_it_trickles(jobs, model, trickled):
    jobs.put_all(2)
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def trickle():
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\n")
                if trickled == "body":
                    connection.sendall(b"Content-Length: 1000\r\n\r\n")
                try:
                    while not over.wait(0.1):
                        connection.sendall(b"X")
                except OSError:
                    pass

        thread = threading.Thread(target=trickle)
        thread.start()
        jobs.url = f"http://127.0.0.1:{server.getsockname()[1]}/x"
        started = time.monotonic()
        with pytest.raises(TryLater, match=r"no whole answer within 0\.5 s"):
            jobs.run(AT_ONCE)
        seconds = time.monotonic() - started
        over.set()
        thread.join()

    assert seconds < 3


def test_a_job_outlives_a_server_that_says_half_a_character(jobs, model, caplog):
    caplog.set_level(logging.ERROR)
    jobs.put_all(2)
    stopping = threading.Event()
    answers = iter([says(500, '{"message":"\\ud800"}')])

    def once_broken(request, real):
        if broken := next(answers, None):
            return broken(request, real)
        stopping.set()
        return None

    model.always = once_broken
    job = jobs.read(f"every_minutes: 0.001\n{AT_ONCE}")
    run_on(job, jobs.environ, stopping)

    assert [state for (state,) in jobs.ask("SELECT state FROM runs")] == ["Failed", "Success"]
