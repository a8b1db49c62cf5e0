"""The container with clocks in it: where the time of a request goes.

Run as a module in place of `serve`. Every answer says in `Server-Timing`, in ms, how long each
stage took and the app as a whole. Right for one request at a time.
"""

import re
import time
from collections import Counter
from collections.abc import Callable
from functools import wraps

from serving.inference import server
from serving.inference.wire.formats import FORMATS, Format
from serving.inference.wire.predictions import Predictions
from serving.scoring import Scorer

READ, DECODE, SCORE, ENCODE, APP = "read", "decode", "score", "encode", "app"

_TIMING = re.compile(r"(\w+);dur=([0-9.]+)")


def timings(head: str) -> dict[str, float]:
    """Read from an answer's head how long each stage took, in ms."""
    found = {name: float(ms) for name, ms in _TIMING.findall(head)}
    if not {READ, DECODE, SCORE, ENCODE, APP} <= set(found):
        raise SystemExit(f"these are not the timings of every stage: {found}")
    return found


class Timed:
    """A WSGI app that says how long it took until its answer was ready."""

    def __init__(self, app, spent: Counter) -> None:
        self._app = app
        self._spent = spent

    def __call__(self, environ, start_response):
        self._spent.clear()
        body = environ["wsgi.input"]
        environ["wsgi.input"] = TimedInput(_timed(READ, body.read, self._spent))

        def start(status, headers, *more):
            timing = ", ".join(f"{name};dur={1e3 * s:.3f}" for name, s in self._spent.items())
            whole = 1e3 * (time.perf_counter() - started)
            headers = [*headers, ("Server-Timing", f"{timing}, {APP};dur={whole:.3f}")]
            return start_response(status, headers, *more)

        started = time.perf_counter()
        return self._app(environ, start)


class TimedInput:
    """What an app reads a body from."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self.read = read


def _timed(name: str, function: Callable, spent: Counter) -> Callable:
    @wraps(function)
    def timed(*args, **kwargs):
        started = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            spent[name] += time.perf_counter() - started

    return timed


def main() -> None:
    spent: Counter = Counter()
    Scorer.score = _timed(SCORE, Scorer.score, spent)
    Predictions.rows = _timed(ENCODE, Predictions.rows, spent)
    Format.block = _timed(ENCODE, Format.block, spent)
    for known in FORMATS:
        # Formats are frozen, and requests get these very objects.
        object.__setattr__(known, "decode", _timed(DECODE, known.decode, spent))
    load = server.Container.load
    server.Container.load = lambda container: Timed(load(container), spent)
    server.main()


if __name__ == "__main__":
    main()
