"""What types cannot say of a job file: names that are taken, paths and addresses that are none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from serving.scoring.contradictions import Mistake
from training.prediction_job.objects import OBJECTS

_NAME = re.compile(r"[a-z][a-z0-9_]{0,47}")
_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}")
#: Tables and indexes of the state that are not named after the job; those of one file's rows, too.
_TAKEN = frozenset(
    {"job", "files", "refused_rows", "refused_rows_of_file", "changed", "runs"}
    | {"incoming", "incoming_newest"}
    | {name.lower() for name in OBJECTS}
)
#: SQLite's own, and names that `scorecard query` does not read.
_FOREIGN = ("sqlite", "pragma_")

_NO_FILE = "must name a file"


def contradictions(tree: Mapping[str, Any]) -> Iterator[Mistake]:
    """Find them in the plain data of a job file."""
    name = tree.get("name")
    if isinstance(name, str):
        yield from _name_mistakes(name)
    for key in ("state", "mapping"):
        if isinstance(tree.get(key), str) and not _is_path(tree[key]):
            yield Mistake((key,), _NO_FILE)
    if isinstance(tree.get("streams"), dict):
        yield from _stream_mistakes(tree["streams"])
    if isinstance(tree.get("model"), dict):
        yield from _model_mistakes(tree["model"])


def _name_mistakes(name: str) -> Iterator[Mistake]:
    if not _NAME.fullmatch(name):
        reason = f"must be at most 48 of a-z, 0-9 and _, a letter first, not {name!r}"
        yield Mistake(("name",), reason)
    elif name in _TAKEN or name.startswith(_FOREIGN) or name.endswith("_history"):
        yield Mistake(("name",), f"{name} is the name of another table; choose another")


def _stream_mistakes(streams: Mapping[str, Any]) -> Iterator[Mistake]:
    for name in OBJECTS:
        if name not in streams:
            yield Mistake(("streams",), f"{name} is missing; write {name}: s3://bucket/prefix/")
    sources: dict[str, str] = {}
    for name, body in streams.items():
        source = body.get("source") if isinstance(body, dict) else body
        if name not in OBJECTS:
            yield Mistake(("streams", name), f"no object of a job; they are {', '.join(OBJECTS)}")
        elif isinstance(source, str) and source in sources:
            reason = f"has the source of {sources[source]}; one of them is wrong"
            yield Mistake(("streams", name), reason)
        elif isinstance(source, str):
            sources[source] = name
            if not _is_path(source):
                reason = "has no source: s3://bucket/prefix/, a folder, or how files' names begin"
                yield Mistake(("streams", name), reason)


def _model_mistakes(model: Mapping[str, Any]) -> Iterator[Mistake]:
    url, header = model.get("url"), model.get("auth_header")
    if isinstance(url, str) and (reason := _url_mistake(url)):
        yield Mistake(("model", "url"), reason)
    if isinstance(header, str) and not _HEADER.fullmatch(header):
        yield Mistake(("model", "auth_header"), "must be the name of a header: letters, digits, -")
    if isinstance(model.get("key_file"), str) and not _is_path(model["key_file"]):
        yield Mistake(("model", "key_file"), _NO_FILE)
    if (model.get("key_file") is None) == (model.get("key_env") is None):
        yield Mistake(
            ("model",), "needs one of key_file and key_env: the key itself never stands here"
        )


def _url_mistake(url: str) -> str:
    # What is refused is not repeated: a password may stand in it.
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not url.isprintable() or " " in url:
        return "must be http://host:port/path or https://host/path"
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        return "must have no user, password, query or fragment"
    return ""


def _is_path(text: str) -> bool:
    try:
        return bool(text.strip()) and b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False
