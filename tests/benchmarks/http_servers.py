"""The servers that are compared, each as its users start it."""

import datetime as dt
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from serving.gateway.keys import issue
from tests.benchmarks import http_peer
from tests.benchmarks.css_mini import CssMini, prepare_css_mini
from tests.benchmarks.http_asking import Job, Run, ask, prepare
from tests.benchmarks.reference import ARTIFACT
from tests.benchmarks.report import CACHE, RESULTS
from tests.processes import BIN, Answer, Process, call, free_port

OURS, GATEWAY, PEER, CSS_MINI = "ours", "ours behind the gateway", "FastAPI + uvicorn", "css-mini"
TRIVIAL = "a server that does nothing"

#: Of everything that can have several.
WORKERS = 2
#: One thread for numerical libraries; bytecode is kept, as an image does.
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "", "PYTHONWARNINGS": "ignore"}
_ROOT = Path(__file__).parents[2]
_CSS_MINI = Path(__file__).with_name("css_mini_serve.py")
_TRIVIAL = Path(__file__).with_name("http_trivial.py")


@dataclass(frozen=True)
class Program:
    """How to start a server, and how to ask it."""

    name: str
    command: Sequence[str | Path]
    port: int
    path: str = "/invocations"
    headers: Mapping[str, str] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)

    def start(self) -> Process:
        log = RESULTS / f"http_{self.name.split()[-1]}.log"
        # css-mini's model is a pickle, and watching takes time.
        return Process(
            self.command, log, port=self.port, watched=False, **ENVIRONMENT, **self.environ
        )

    def ask(self, body: bytes, **job: float | bool) -> Run:
        """Ask the same again and again; the arguments are those of `Job`."""
        return ask(prepare(self.path, body, self.headers), Job(self.port, **job))

    def call(self, body: bytes) -> Answer:
        """Ask once; gives the answer whole."""
        named = {"Content-Type": "application/json", "Accept": "application/json"}
        return call(self.port, "POST", self.path, body, **named, **self.headers)


@dataclass(frozen=True)
class Server:
    """A program that is running."""

    program: Program
    process: Process

    @property
    def workers(self) -> list[int]:
        """The processes that answer: its children, or itself if it has none."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [int(child) for child in children if not _is_tracker(child)] or [pid]


def _is_tracker(pid: str) -> bool:
    # uvicorn's multiprocessing has a process that watches over semaphores.
    return b"resource_tracker" in Path(f"/proc/{pid}/cmdline").read_bytes()


def ours(command: Sequence[str | Path] = (BIN / "serve",)) -> Program:
    port = free_port()
    environ = {
        "SCORECARD_MODEL": str(ARTIFACT.resolve()),
        "SCORECARD_PORT": str(port),
        "SCORECARD_WORKERS": str(WORKERS),
        # As many as there are connections: whichever worker they land on, none is turned away.
        "SCORECARD_SLOTS": "8",
    }
    return Program(OURS, command, port, environ=environ)


def timed_ours() -> Program:
    """Ours with clocks in it."""
    program = ours([sys.executable, "-m", "tests.benchmarks.http_timed_container"])
    return replace(program, name="ours, timed")


def gateway(upstream: Program) -> Program:
    keys = RESULTS / "keys.json"
    for old in (keys, keys.with_name("keys.json.pepper")):
        old.unlink(missing_ok=True)
    secret = issue(keys, "bench", dt.datetime.now(dt.UTC)).secret
    port = free_port()
    url = f"http://127.0.0.1:{upstream.port}"
    command = [BIN / "scorecard", "gateway", "--upstream", url, "--keys", keys, "--port", str(port)]
    return Program(
        GATEWAY,
        command,
        port,
        path="/default/invocations",
        headers={"x-api-key": secret},
        environ={"SCORECARD_GATEWAY_WORKERS": str(WORKERS)},
    )


def peer() -> Program:
    port = free_port()
    environ = {"PYTHONPATH": str(_ROOT), http_peer.MODEL: str(ARTIFACT.resolve())}
    python = http_peer.prepare_peer(RESULTS)
    return Program(PEER, http_peer.command(python, port, WORKERS), port, environ=environ)


def css_mini() -> Program:
    reference = prepare_css_mini(RESULTS)
    port = free_port()
    command = [reference.python, _CSS_MINI, "serve", fitted_css_mini(reference), str(port)]
    return Program(CSS_MINI, command, port)


def fitted_css_mini(reference: CssMini) -> Path:
    """Let css-mini fit all accounts, once; gives the folder of its pickle."""
    config, accounts = reference.folder / "config.yaml", reference.folder / CssMini.ACCOUNTS
    digest = sha256(config.read_bytes() + accounts.read_bytes() + _CSS_MINI.read_bytes())
    folder = (CACHE / f"css-mini-model-{digest.hexdigest()[:16]}").resolve()
    if not (folder / "css-model").exists():
        folder.mkdir(parents=True, exist_ok=True)
        print("css-mini fits, once (a minute) …", flush=True)
        command = [reference.python, _CSS_MINI, "fit", config, accounts, folder]
        subprocess.run(command, check=True, env={**os.environ, **ENVIRONMENT})
    return folder


def trivial() -> Program:
    port = free_port()
    return Program(TRIVIAL, [sys.executable, _TRIVIAL, str(port)], port)


@contextmanager
def running(programs: Iterable[Program]) -> Iterator[dict[str, Server]]:
    """Start programs, one after the other, and stop them all at the end."""
    with ExitStack() as stack:
        servers = {}
        for program in programs:
            process = program.start()
            stack.callback(process.stop)
            process.wait_for_ping(within_s=120)
            servers[program.name] = Server(program, process)
        yield servers
