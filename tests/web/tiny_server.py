"""A server of ours around an app that does what it is asked: what a worker does with it shows."""

import os
import sys
import time

from serving.web.body import drain
from serving.web.logs import log_json_lines
from serving.web.requests import Recorded, record_of
from serving.web.server import Server, raw_answer
from serving.web.turns import turn_of
from serving.web.watchdog import Limits


class Tiny(Server):
    health_routes = (b"GET /ping", b"GET /")
    quick_routes = (b"POST /echo",)

    def load(self):
        log_json_lines()
        return Recorded(_app, takes_ids=True)

    def refuse(self, status, request_id):
        return raw_answer(status, {"X-Request-Id": request_id}, b"refused")


def _app(environ, start_response):
    record_of(environ).route = "/"
    words = environ["PATH_INFO"].strip("/").split("/")
    body = f"{os.getpid()}".encode()
    if words[0] == "echo":
        body = environ["wsgi.input"].read()
    drain(environ)
    turn_of(environ).has_read()
    if words[0] == "sleep":
        time.sleep(float(words[1]))
    if words[0] == "large":
        body = b"x" * int(words[1])
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


def main(port, workers, threads, reading_s, working_s):
    limits = Limits(reading=float(reading_s), working=float(working_s))
    options = {"bind": f"127.0.0.1:{port}", "workers": int(workers), "threads": int(threads)}
    Tiny(limits, options).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
