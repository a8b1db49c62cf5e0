"""A stand-in of SageMaker's batch transform: files go through a container, `.out` files come out.

It does what the service's documentation says: it asks GET /ping and GET /execution-parameters, what
the job says comes before what the container says; with SplitType Line it sends whole lines, as
many as fit; several requests are under way at once, on connections that stay open; AssembleWith
Line ends every answer with one newline. A file of which one request fails has no `.out`, the other
files have theirs, and the job has failed.
"""

import http.client
import json
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO

from tests.processes import call

#: Where neither job nor container says anything.
DEFAULTS = {"MaxConcurrentTransforms": 1, "MaxPayloadInMB": 6, "BatchStrategy": "MULTI_RECORD"}
#: Of all requests under way together.
MOST_MB = 100
#: Before the first retry; twice as much before each further one.
PAUSE_S = 0.25


class TransformFailed(Exception):
    """The job has failed; the message names every file and why."""


@dataclass(frozen=True, kw_only=True)
class TransformJob:
    """What `CreateTransformJob` is told; what is None is asked of the container."""

    content_type: str = "text/csv"
    accept: str | None = None
    max_payload_mb: int | None = None
    max_concurrent_transforms: int | None = None
    batch_strategy: str | None = None
    retries: int = 3
    timeout_s: float = 600.0

    def environ(self) -> dict[str, str]:
        """Give the variables that SageMaker starts the container with."""
        said = {
            "SAGEMAKER_MAX_PAYLOAD_IN_MB": self.max_payload_mb,
            "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": self.max_concurrent_transforms,
            "SAGEMAKER_BATCH_STRATEGY": self.batch_strategy,
        }
        told = {name: str(value) for name, value in said.items() if value is not None}
        return {"SAGEMAKER_BATCH": "true", **told}


@dataclass(frozen=True)
class Plan:
    """How requests are made up: the job's words, then the container's, then the defaults."""

    concurrency: int
    payload_bytes: int
    is_single_record: bool


@dataclass(frozen=True)
class Transformed:
    """What a job did: the plan, requests answered 200, others that were tried again, seconds."""

    plan: Plan
    requests: int
    retried: int
    seconds: float


def run_transform(port: int, files: Sequence[Path], out: Path, job: TransformJob) -> Transformed:
    """Send files through the container at a port; `out` gets a `.out` for each.

    Raises
    ------
    TransformFailed
        If the container is not ready, or a file has no `.out`: a request was refused (4xx), failed
        as often as may be, or a line is larger than the payload.
    ValueError
        If a file is compressed, or the payloads under way are more than `MOST_MB`.
    """
    if packed := [path.name for path in files if path.suffix == ".gz"]:
        raise ValueError(
            f"{', '.join(packed)}: unpack it; CompressionType Gzip is not stood in for"
        )
    if (status := call(port, "GET", "/ping").status) != 200:
        raise TransformFailed(f"GET /ping is answered {status}")
    return transform_files(port, files, out, job, plan_of(port, job))


def transform_files(
    port: int, files: Sequence[Path], out: Path, job: TransformJob, plan: Plan
) -> Transformed:
    """Do what `run_transform` does once requests are planned."""
    out.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    wrong = []
    with _Endpoint.opened(port, job, plan.concurrency) as endpoint:
        for path in files:
            try:
                _transform(endpoint, path, out / f"{path.name}.out", plan)
            except TransformFailed as error:
                wrong.append(f"{path.name}: {error}")
    if wrong:
        raise TransformFailed("; ".join(wrong))
    seconds = time.perf_counter() - started
    return Transformed(plan, sum(endpoint.answered), sum(endpoint.retried), seconds)


def plan_of(port: int, job: TransformJob) -> Plan:
    """Ask the container how it wants to be sent what the job says nothing of."""
    answer = call(port, "GET", "/execution-parameters")
    said = json.loads(answer.body) if answer.status == 200 else {}
    told = {
        "MaxConcurrentTransforms": job.max_concurrent_transforms,
        "MaxPayloadInMB": job.max_payload_mb,
        "BatchStrategy": job.batch_strategy,
    }
    settled = {**DEFAULTS, **said, **{key: word for key, word in told.items() if word is not None}}
    concurrency, payload_mb = settled["MaxConcurrentTransforms"], settled["MaxPayloadInMB"]
    if concurrency * payload_mb > MOST_MB:
        raise ValueError(f"{concurrency} x {payload_mb} MB are under way, more than {MOST_MB} MB")
    single = settled["BatchStrategy"].replace("_", "").upper() == "SINGLERECORD"
    return Plan(concurrency, payload_mb * 2**20, single)


def line_batches(file: BinaryIO, plan: Plan) -> Iterator[bytes]:
    """Cut a file between lines: as many as fit into a payload, or one by one.

    Raises
    ------
    TransformFailed
        If a line does not fit by itself.
    """
    batch: list[bytes] = []
    size = 0
    for number, line in enumerate(file, 1):
        if len(line) > plan.payload_bytes:
            raise TransformFailed(f"line {number} is larger than the payload")
        if batch and (plan.is_single_record or size + len(line) > plan.payload_bytes):
            yield b"".join(batch)
            batch, size = [], 0
        batch.append(line)
        size += len(line)
    if batch:
        yield b"".join(batch)


class _Endpoint:
    """The container's /invocations, on connections that stay open."""

    def __init__(self, job: TransformJob, connections: SimpleQueue) -> None:
        self.answered: deque[int] = deque()
        self.retried: deque[int] = deque()
        self._job = job
        self._connections = connections
        self._headers: Mapping[str, str] = {
            "Content-Type": job.content_type,
            **({"Accept": job.accept} if job.accept else {}),
        }

    @classmethod
    @contextmanager
    def opened(cls, port: int, job: TransformJob, concurrency: int) -> Iterator["_Endpoint"]:
        connections: SimpleQueue[http.client.HTTPConnection] = SimpleQueue()
        with ExitStack() as stack:
            for _ in range(concurrency):
                one = http.client.HTTPConnection("127.0.0.1", port, timeout=job.timeout_s)
                stack.callback(one.close)
                connections.put(one)
            yield cls(job, connections)

    def invoke(self, body: bytes) -> bytes:
        """Send a batch until it is answered 200; gives the answer's body."""
        for attempt in range(self._job.retries + 1):
            if attempt:
                self.retried.append(1)
                time.sleep(PAUSE_S * 2 ** (attempt - 1))
            status, content = self._ask(body)
            if status == 200:
                self.answered.append(1)
                return content
            if 400 <= status < 500:
                break
        raise TransformFailed(f"a request was answered {status}: {content[:300]!r}")

    def _ask(self, body: bytes) -> tuple[int, bytes]:
        connection = self._connections.get()
        try:
            connection.request("POST", "/invocations", body, self._headers)
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()  # it opens itself for the next request
            return 599, repr(error).encode()
        finally:
            self._connections.put(connection)


def _transform(endpoint: _Endpoint, path: Path, out: Path, plan: Plan) -> None:
    """Write the `.out` of a file, or nothing."""
    part = out.with_name(f"{out.name}.part")
    try:
        with path.open("rb") as file, part.open("wb") as answers:
            for answer in _in_order(endpoint, line_batches(file, plan), plan.concurrency):
                answers.write(answer.strip() + b"\n")
        part.rename(out)
    finally:
        part.unlink(missing_ok=True)


def _in_order(endpoint: _Endpoint, batches: Iterator[bytes], concurrency: int) -> Iterator[bytes]:
    """Have batches answered, several at once; gives the answers in the order of the file."""
    # Some answers wait for an earlier one; not the whole file.
    waiting: deque[Future[bytes]] = deque()
    with ThreadPoolExecutor(concurrency) as threads:
        try:
            for batch in batches:
                waiting.append(threads.submit(endpoint.invoke, batch))
                if len(waiting) > 2 * concurrency:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
