"""The gateway as a WSGI app: its doors, with a record of every request and API Gateway's manners.

Of what a web framework does it needs nothing, and that would take longer than all the rest.
"""

from __future__ import annotations

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from serving.gateway import audit
from serving.gateway.errors import refused_by
from serving.gateway.replies import Reply, of_refusal
from serving.gateway.routes import Doors
from serving.web.body import drain
from serving.web.requests import Observer, Recorded, record_of
from serving.web.turns import turn_of


def create_app(doors: Doors, observer: Observer | None = None) -> WSGIApplication:
    """Build the app.

    Nothing is read from the environment or the disk in here: `server` does that, and tests pass
    callers and an upstream of their own.
    """

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if "HTTP_UPGRADE" in environ:
            # A server before this one perhaps takes what follows for another protocol.
            turn_of(environ).cut()
        try:
            reply = doors.serve(environ)
        except Exception as error:  # noqa: BLE001 (whatever it is, the caller gets an answer)
            reply = _refuse(environ, error)
        start_response(reply.status_line, reply.signed(record_of(environ).request_id))
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [reply.body]

    # A caller's X-Request-Id could be anything, by mistake a key; it would stand in the log and go
    # on to the container.
    return Recorded(app, takes_ids=False, observer=observer)


def _refuse(environ: WSGIEnvironment, error: Exception) -> Reply:
    refused = refused_by(error)
    decision = "failed" if refused.refusal.status >= 500 else "refused"
    audit.note_decision(record_of(environ), decision, refused.reason)
    if refused.refusal.status in (400, 415):
        # Who is not understood is not listened to any further: a server before this one perhaps
        # saw another end to the body.
        turn_of(environ).cut()
    drain(environ)
    return of_refusal(refused)
