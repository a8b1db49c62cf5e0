"""podman, with images and containers in a store of these tests' own, and containers as they run."""

import json
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.processes import Answer, call, free_port

#: On the host's network, because that needs no further packages; health is asked by hand.
_RUN = ["--network", "host", "--health-interval=disable", "--pull=never"]
#: podman would raise these limits, which not every root may.
_LIMITS = ["--ulimit", "nofile=8192:8192", "--ulimit", "nproc=8192:8192"]


@dataclass(frozen=True)
class Podman:
    """The program, and the folder that holds everything it writes."""

    folder: Path
    started: list[str] = field(default_factory=list)

    @property
    def command(self) -> list[str]:
        places = ["--root", str(self.folder / "store"), "--runroot", str(self.folder / "run")]
        return ["podman", *places, "--cgroup-manager", "cgroupfs", "--runtime", "runc"]

    def __call__(self, *words: object, ok: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*self.command, *map(str, words)],
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
            # Its monitor leaves a file where it was started when memory runs out.
            cwd=self.folder,
        )
        assert not ok or done.returncode == 0, f"podman {words}\n{done.stdout}{done.stderr}"
        return done

    def inspect(self, kind: str, name: str) -> dict[str, Any]:
        (found,) = json.loads(self(kind, "inspect", name).stdout)
        return found

    def run(self, *words: object, ok: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a container to its end; the words are options, the image and its arguments."""
        return self("run", "--rm", *_RUN, *_LIMITS, *words, ok=ok)

    def start(self, image: str, *words: str, options: list[str], **environ: str) -> "Container":
        """Start a container on a free port, which all of our servers are told in their own way."""
        port = free_port()
        names = ["SAGEMAKER_BIND_TO_PORT", "SCORECARD_GATEWAY_PORT"]
        given = {**dict.fromkeys(names, str(port)), "SCORECARD_WORKERS": "1", **environ}
        settings = [f"--env={name}={value}" for name, value in given.items()]
        begun = time.monotonic()
        done = self("run", "--detach", *_RUN, *_LIMITS, *settings, *options, image, *words)
        self.started.append(done.stdout.strip())
        return Container(self, self.started[-1], port, begun)

    def remove_all(self) -> None:
        """Remove what was started, running or not."""
        if self.started:
            self("rm", "--force", "--time", "0", *self.started)
            self.started.clear()


@dataclass(frozen=True)
class Container:
    """A container that was started, at a moment of the monotonic clock."""

    podman: Podman
    id: str
    port: int
    begun: float

    def call(self, method: str, path: str, body: str | None = None, **headers: str) -> Answer:
        return call(self.port, method, path, body, **headers)

    def wait_for_ping(self, status: int = 200, within_s: float = 60) -> float:
        """Wait until /ping answers so; gives the seconds since the container was started."""
        while time.monotonic() - self.begun < within_s:
            try:
                if self.call("GET", "/ping").status == status:
                    return time.monotonic() - self.begun
            except OSError:
                pass
            time.sleep(0.01)
        raise AssertionError(f"no {status} within {within_s} s:\n{self.log()}")

    def log(self) -> str:
        done = self.podman("logs", self.id)
        return done.stdout + done.stderr

    def python(self, program: str, *, ok: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a program in the container, as the user it was started as."""
        return self.podman("exec", self.id, "python", "-I", "-c", program, ok=ok)

    def stop(self) -> tuple[int, float]:
        """Send SIGTERM, and SIGKILL after 30 seconds; gives the exit code and the seconds."""
        begun = time.monotonic()
        self.podman("stop", "--time", "30", self.id)
        seconds = time.monotonic() - begun
        return self.podman.inspect("container", self.id)["State"]["ExitCode"], seconds
