"""Ask a server through a client in a process of its own (`http_client.py`)."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

_CLIENT = Path(__file__).with_name("http_client.py")


@dataclass(frozen=True)
class Job:
    """What to ask: until the time is up or so many requests are sent, whichever comes first.

    Connections are opened anew in every lap: which worker a connection lands on is chance.
    """

    port: int
    connections: int = 1
    seconds: float = 600.0
    requests: int = sys.maxsize
    laps: int = 1
    keep_heads: bool = False


@dataclass(frozen=True)
class Run:
    """What came back; answers that were under way when the time was up are waited for.

    Attributes
    ----------
    seconds : float
        From the first request to the last answer, all laps; opening the connections not counted.
    client_cpu_us : float
        Processor time of the client per request, in µs.
    median_ms, p99_ms : float
        From sending a request to having its answer, in ms.
    heads : list of str
        Of the answers, if asked for.
    """

    answers: int
    seconds: float
    client_cpu_us: float
    median_ms: float
    p99_ms: float
    heads: list[str] = field(repr=False)

    @property
    def per_second(self) -> float:
        return self.answers / self.seconds


def prepare(path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """Write a request down, to be sent as it is."""
    named = {
        "Host": "127.0.0.1",
        "Content-Type": "application/json",
        "Accept": "application/json",
        **headers,
        "Content-Length": str(len(body)),
    }
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


def ask(request: bytes, job: Job) -> Run:
    """Let a process of its own ask; anything but 200 ends the comparison."""
    done = subprocess.run(
        # Nothing of the environment and no packages: it starts at once.
        [sys.executable, "-I", "-S", _CLIENT],
        input=json.dumps(asdict(job)).encode() + b"\n" + request,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"port {job.port}: {done.stderr.decode(errors='replace')[-600:]}")
    return Run(**json.loads(done.stdout))
