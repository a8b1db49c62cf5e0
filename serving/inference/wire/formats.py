"""Which decoder reads a body: one table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from flask import Request
from numpy.typing import NDArray

from serving.inference.wire.answers import JSON
from serving.inference.wire.csv_bodies import decode_csv
from serving.inference.wire.json_bodies import decode_json
from serving.scoring import Input
from serving.web.problems import Problem


class Decoder(Protocol):
    """Reads a body into accounts, shape (n_accounts, n_inputs), in the order of the inputs."""

    def __call__(self, body: bytes, inputs: Sequence[Input], today: dt.date) -> NDArray[np.float64]:
        """Decode; raises Problem 400 that says where and what."""


#: Media type → decoder. To read another format, add an entry.
DECODERS: Mapping[str, Decoder] = {JSON: decode_json, "text/csv": decode_csv}


_TAKES_JSON = (JSON, "application/*", "*/*", "*")


def choose_decoder(request: Request) -> Decoder:
    """Choose by Content-Type, parameters aside; a body without one that looks like JSON is JSON.

    Raises
    ------
    Problem
        415 that lists what is supported.
    """
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise Problem(415, f"charset {charset[:40]!r} is not supported; send UTF-8")
    if not request.content_type:
        return _untyped
    decoder = DECODERS.get(request.mimetype)
    if decoder is None:
        raise _unsupported(f"Content-Type {request.mimetype[:60]!r} is not supported")
    return decoder


def check_accepts(request: Request) -> None:
    """Raise Problem 406 if the caller takes nothing that is given here."""
    # Parameters (`; charset=utf-8`) ask for nothing that JSON here is not.
    accepted = [(kind.partition(";")[0].strip(), q) for kind, q in request.accept_mimetypes]
    if accepted and not any(q > 0 and kind in _TAKES_JSON for kind, q in accepted):
        raise Problem(406, f"only {JSON} is given here; accept it")


def _untyped(body: bytes, inputs: Sequence[Input], today: dt.date) -> NDArray[np.float64]:
    if not body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        raise _unsupported("there is no Content-Type, and the body is not a JSON object")
    return decode_json(body, inputs, today)


def _unsupported(what: str) -> Problem:
    return Problem(415, f"{what}; supported are {', '.join(DECODERS)}")
