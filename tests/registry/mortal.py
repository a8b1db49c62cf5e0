"""Publishes, promotes or fetches in children that are killed.

Run as a program: each line of stdin, ``publish artifact uri seconds``, ``promote artifact uri
seconds`` (which publishes it first) or ``fetch cache uri seconds``, is done in a forked child that
gets SIGKILL after that many seconds; the answer is a line with the time it took, or "killed". One
process forks them all, for importing takes longer than what is killed here.
"""

import os
import signal
import sys
import time
from pathlib import Path

from serving.registry import fetch_current
from serving.registry.s3 import make_client
from training.registry import Skipped, promote, publish

CLIENT = make_client()


def act(verb: str, place: str, uri: str) -> None:
    if verb == "fetch":
        fetch_current(uri, Path(place), client=CLIENT)
        return
    done = publish(Path(place), uri, client=CLIENT)
    if verb == "promote" and not done.is_current:
        promote(uri, done.version, gate=Skipped("nothing to compare with"), client=CLIENT)


def run(verb: str, place: str, uri: str, seconds: float) -> str:
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        act(verb, place, uri)
        os._exit(0)
    while time.monotonic() - started < seconds:
        if os.waitpid(child, os.WNOHANG) != (0, 0):
            return str(time.monotonic() - started)
        time.sleep(0.0005)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return "killed" if os.WIFSIGNALED(status) else str(time.monotonic() - started)


if __name__ == "__main__":
    for line in sys.stdin:
        verb, place, uri, seconds = line.split()
        print(run(verb, place, uri, float(seconds)), flush=True)  # noqa: T201 - its answer
