"""The stand-in of batch transform does as the service says it does (`tests/batch_transform.py`)."""

import contextlib
import gzip
import io
import itertools
import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.scoring import load_scorer
from tests.batch_transform import (
    DEFAULTS,
    Plan,
    TransformFailed,
    TransformJob,
    line_batches,
    plan_of,
    run_transform,
)
from tests.contract.wire import INPUTS, ROWS


def accept(_body, _times):
    return 200


class EchoingContainer(ThreadingHTTPServer):
    """Answers every line by itself, in brackets; `refuse` says which bodies get another status.

    Attributes
    ----------
    bodies : list of bytes
        Of all requests, in the order they came.
    most_at_once : int
    connections : set
        The callers' ports.
    """

    daemon_threads = True

    def __init__(self, refuse=accept, said=None):
        super().__init__(("127.0.0.1", 0), _Echo)
        self.refuse, self.said = refuse, said
        self.bodies, self.connections, self.seen = [], set(), Counter()
        self.most_at_once = self.at_once = 0
        self.lock = threading.Lock()


class _Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        said = self.server.said
        known = {"/ping": b"{}", "/execution-parameters": said and json.dumps(said).encode()}
        content = known[self.path]
        self._answer(200 if content else 404, content or b"")

    def do_POST(self):
        server = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with server.lock:
            server.bodies.append(body)
            server.connections.add(self.client_address)
            server.seen[body] += 1
            server.at_once += 1
            server.most_at_once = max(server.most_at_once, server.at_once)
            status = server.refuse(body, server.seen[body])
        lines = b"".join(b"(%s)\n" % line for line in body.splitlines())
        with server.lock:
            server.at_once -= 1
        self._answer(status, lines)

    def _answer(self, status, content):
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def start():
    with contextlib.ExitStack() as stack:

        def start_one(**how):
            server = stack.enter_context(EchoingContainer(**how))
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            return server

        yield start_one


def files(tmp_path, **content):
    paths = []
    for name, text in content.items():
        paths.append(tmp_path / f"{name}.csv")
        paths[-1].write_bytes(text)
    return paths


def numbered(count, width=1):
    return b"".join(b"%0*d\n" % (width, number) for number in range(count))


def test_answers_stand_in_the_order_of_the_file_whichever_came_first(tmp_path, start, monkeypatch):
    """The first batch is answered last: it is refused three times."""
    monkeypatch.setattr("tests.batch_transform.PAUSE_S", 0.05)
    server = start(refuse=lambda body, times: 503 if b"00000\n" in body and times < 4 else 200)
    text = numbered(5, 2**20 // 2)

    done = run_transform(
        server.server_port,
        files(tmp_path, a=text),
        tmp_path / "out",
        TransformJob(max_payload_mb=1, max_concurrent_transforms=3),
    )

    out = (tmp_path / "out" / "a.csv.out").read_bytes()
    assert out == b"".join(b"(%s)\n" % line for line in text.splitlines())
    assert (done.requests, done.retried) == (len(server.seen), len(server.bodies) - done.requests)
    assert done.retried == 3


@pytest.mark.parametrize("status", [400, 413, 415])
def test_a_refused_request_fails_the_job_and_leaves_nothing_of_its_file(tmp_path, start, status):
    server = start(refuse=lambda body, _times: status if b"bad" in body else 200)
    given = files(tmp_path, a=b"1\n", b=b"2\nbad\n", c=b"3\n")

    with pytest.raises(TransformFailed, match=rf"^b\.csv: .*answered {status}"):
        run_transform(server.server_port, given, tmp_path / "out", TransformJob())

    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.csv.out", "c.csv.out"]
    assert server.seen[b"2\nbad\n"] == 1


def test_a_container_that_stays_busy_is_asked_four_times(tmp_path, start, monkeypatch):
    monkeypatch.setattr("tests.batch_transform.PAUSE_S", 0.01)
    server = start(refuse=lambda _body, _times: 503)

    with pytest.raises(TransformFailed, match="answered 503"):
        run_transform(
            server.server_port, files(tmp_path, a=b"1\n"), tmp_path / "out", TransformJob()
        )

    assert server.seen[b"1\n"] == 4
    assert list((tmp_path / "out").iterdir()) == []


def test_no_more_is_under_way_than_the_job_says_and_connections_stay_open(tmp_path, start):
    server = start()
    text = numbered(24, 2**20 // 2)

    run_transform(
        server.server_port,
        files(tmp_path, a=text, b=text),
        tmp_path / "out",
        TransformJob(max_payload_mb=1, max_concurrent_transforms=3),
    )

    assert len(server.bodies) >= 24
    assert server.most_at_once <= 3
    assert len(server.connections) <= 3


def test_what_the_job_says_comes_before_what_the_container_says(start):
    said = {"MaxConcurrentTransforms": 8, "MaxPayloadInMB": 12, "BatchStrategy": "MULTI_RECORD"}
    asked, silent = start(said=said).server_port, start().server_port

    assert plan_of(asked, TransformJob()) == Plan(8, 12 * 2**20, False)
    assert plan_of(asked, TransformJob(max_payload_mb=2)) == Plan(8, 2 * 2**20, False)
    assert plan_of(asked, TransformJob(batch_strategy="SingleRecord")).is_single_record
    assert plan_of(silent, TransformJob()) == Plan(
        DEFAULTS["MaxConcurrentTransforms"], DEFAULTS["MaxPayloadInMB"] * 2**20, False
    )
    with pytest.raises(ValueError, match="more than 100 MB"):
        plan_of(asked, TransformJob(max_payload_mb=13))


@given(st.binary(max_size=60), st.integers(1, 20))
def test_batches_are_whole_lines_as_many_as_fit(content, limit):
    longest = max(map(len, content.splitlines(keepends=True)), default=0)
    content = content.replace(b"\r", b"\n")
    plan = Plan(1, max(limit, longest), False)

    batches = list(line_batches(io.BytesIO(content), plan))

    assert b"".join(batches) == content
    assert all(batch.endswith(b"\n") for batch in batches[:-1])
    assert all(len(batch) <= plan.payload_bytes for batch in batches)
    for batch, following in itertools.pairwise(batches):
        assert len(batch) + len(following.splitlines(keepends=True)[0]) > plan.payload_bytes


def test_a_line_larger_than_the_payload_fails_its_file():
    plan = Plan(1, 4, False)

    assert list(line_batches(io.BytesIO(b"12\n1234"), plan)) == [b"12\n", b"1234"]
    with pytest.raises(TransformFailed, match="line 2 is larger"):
        list(line_batches(io.BytesIO(b"12\n1234\n"), plan))


def test_one_by_one_sends_a_line_at_a_time(tmp_path, start):
    server = start()

    done = run_transform(
        server.server_port,
        files(tmp_path, a=numbered(5)),
        tmp_path / "out",
        TransformJob(batch_strategy="SingleRecord"),
    )

    assert sorted(server.bodies) == numbered(5).splitlines(keepends=True)
    assert done.requests == 5


def test_what_is_compressed_is_refused_before_anything_is_sent(tmp_path, start):
    server = start()
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(gzip.compress(b"1\n"))

    with pytest.raises(ValueError, match=r"a\.csv\.gz: unpack it"):
        run_transform(server.server_port, [packed], tmp_path / "out", TransformJob())

    assert server.bodies == []


@pytest.mark.slow
def test_the_container_scores_a_file_of_several_payloads(tmp_path, trained, start_container):
    job = TransformJob(max_payload_mb=1)
    container = start_container(SCORECARD_MODEL=str(trained), **job.environ())
    container.wait_for_ping()
    rows = [[*ROWS[n % 3][:2], n / 50_000, *ROWS[n % 3][3:]] for n in range(50_000)]
    text = "".join(",".join("" if v is None else str(v) for v in row) + "\n" for row in rows)
    scorer = load_scorer(trained)
    columns = {name: [row[i] for row in rows] for i, name in enumerate(INPUTS)}

    done = run_transform(container.port, files(tmp_path, a=text.encode()), tmp_path / "out", job)

    lines = (tmp_path / "out" / "a.csv.out").read_text().splitlines()
    assert done.requests > 1
    assert [[float(cell) for cell in line.split(",")[:-1]] for line in lines] == scorer.score(
        scorer.encode(columns)
    ).values.tolist()


def test_no_worker_is_asked_for_more_than_it_takes(trained, start_container):
    """Which worker a connection comes to is chance; four refusals in a row fail the job."""
    container = start_container(
        SCORECARD_MODEL=str(trained), SCORECARD_WORKERS="3", SCORECARD_SLOTS="2"
    )
    container.wait_for_ping()

    assert plan_of(container.port, TransformJob()).concurrency == 2
