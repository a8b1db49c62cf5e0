"""Lines for somebody who reads them late, in part, or never."""

import json
import os
import subprocess
import sys
import threading
import time
from contextlib import closing

import pytest

from serving.web.line_writer import MAX_WAITING_BYTES, LineWriter

LINE_BYTES = 200


class Pipe:
    """A pipe and a writer into it; what comes out is read when a test says so."""

    def __init__(self):
        self.reading, self.writing = os.pipe()
        self.writer = LineWriter(self.writing, lambda count: b"dropped %d\n" % count)
        self._read = []
        self._thread = threading.Thread(target=self._take, daemon=True)

    def _take(self):
        with open(self.reading, "rb", closefd=False) as file:
            self._read += file

    def read_on(self):
        self._thread.start()

    def lines(self):
        """Give all lines, once all are written."""
        if not self._thread.is_alive():
            self.read_on()
        self.writer.flush(10)
        os.close(self.writing)
        self.writing = -1
        del self.writer  # It has the pipe open, too.
        self._thread.join(10)
        return self._read

    def close(self):
        for number in (self.reading, self.writing):
            if number >= 0:
                os.close(number)


@pytest.fixture
def pipe():
    with closing(Pipe()) as pipe:
        yield pipe


def numbered(count, size=LINE_BYTES):
    return [b"%0*d\n" % (size - 1, number) for number in range(count)]


def test_lines_are_there_when_write_returns_as_long_as_there_is_room(pipe):
    pipe.writer.write(b"one\n")
    pipe.writer.write(b"two\n")

    assert os.read(pipe.reading, 100) == b"one\ntwo\n"


@pytest.fixture
def borrowed(monkeypatch):
    # Of a pipe that belongs to somebody else there is no other descriptor.
    monkeypatch.setattr("serving.web.line_writer._impatient", lambda _: None)


@pytest.mark.parametrize("whose", ["own", "borrowed"])
def test_nobody_waits_while_nobody_reads_and_no_line_is_lost_that_has_room(request, whose):
    if whose == "borrowed":
        request.getfixturevalue("borrowed")
    pipe = request.getfixturevalue("pipe")
    lines = numbered(4000)
    started = time.monotonic()

    for line in lines:
        pipe.writer.write(line)

    assert time.monotonic() - started < 1
    assert pipe.writer.dropped == 0
    assert pipe.lines() == lines


def test_what_has_no_room_is_dropped_counted_and_told_when_the_log_goes_on(pipe):
    lines = numbered(20_000)

    for line in lines:
        pipe.writer.write(line)
    dropped, waiting = pipe.writer.dropped, pipe.writer._waiting_bytes
    taken = pipe.lines()

    assert 0 < dropped < len(lines)
    # The thread may have taken one out that it could not write yet, and so made room for another.
    assert MAX_WAITING_BYTES - 2 * LINE_BYTES < waiting <= MAX_WAITING_BYTES
    *whole, told = taken
    assert told == b"dropped %d\n" % dropped
    assert len(whole) == len(lines) - dropped
    assert whole == sorted(set(lines) & set(whole))


def test_long_and_short_lines_of_many_threads_stay_whole_and_in_order(pipe):
    pipe.read_on()

    def write(name):
        for number in range(500):
            size = 9000 if number % 50 == 0 else 60
            pipe.writer.write(b"%d %d %s\n" % (name, number, b"x" * size))

    threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    words = [line.split() for line in pipe.lines()]

    assert len(words) == 2000
    assert all(len(text) in (60, 9000) for _, _, text in words)
    for name in range(4):
        own = [int(number) for who, number, _ in words if int(who) == name]
        assert own == list(range(500))


def test_a_reader_who_has_gone_holds_up_nobody_and_is_not_written_to_without_end(pipe):
    for line in numbered(2000):
        pipe.writer.write(line)
    os.close(pipe.reading)
    pipe.reading = -1

    pipe.writer.flush(10)
    for line in numbered(10):
        pipe.writer.write(line)

    assert pipe.writer.dropped > 1000
    assert not pipe.writer._is_writing


PROGRAM = """
import logging, sys
from serving.web.logs import log_fields, log_json_lines
log_json_lines()
log = logging.getLogger("serving")
for number in range(int(sys.argv[1])):
    log_fields(log, "request", {"number": number})
log.error("the last one", extra={"fields": {"text": "x" * 5000}})
"""


FORKS = """
import os
if os.fork() == 0:
    log_fields(log, "child", {})
    logging.shutdown()
    os._exit(0)
os.wait()
"""


def started(count, program=PROGRAM):
    return subprocess.Popen([sys.executable, "-c", program, str(count)], stdout=subprocess.PIPE)


def test_a_process_that_ends_loses_no_line_if_they_are_taken_late():
    process = started(5000)

    time.sleep(0.7)
    lines = [json.loads(line) for line in process.communicate(timeout=20)[0].splitlines()]

    assert [line.get("number") for line in lines] == [*range(5000), None]
    assert lines[-1]["event"] == "the last one"


def test_a_process_that_ends_does_not_wait_for_ever():
    process = started(5000)

    with process.stdout:
        assert process.wait(20) == 0


def test_a_child_writes_its_own_lines_and_not_those_its_parent_has_not_written_yet():
    process = started(2000, PROGRAM + FORKS)

    time.sleep(0.7)
    lines = [json.loads(line) for line in process.communicate(timeout=20)[0].splitlines()]

    assert [line["number"] for line in lines if line["event"] == "request"] == [*range(2000)]
    assert [line["event"] for line in lines].count("child") == 1
