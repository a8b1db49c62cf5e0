"""What the gateway is told by its environment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from serving.web.settings import existing_file, header_name, seconds, setting, whole_number

#: No path: the gateway adds `/invocations` and `/ping` itself.
_URL = re.compile(r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?")
_STAGE = re.compile(r"[A-Za-z0-9_-]{1,128}")
#: Headers that frame the request or are forwarded: a key in one of them would be lost or leak.
_TAKEN = frozenset(
    {
        "accept",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "cookie",
        "expect",
        "host",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "x-amzn-sagemaker-custom-attributes",
        "x-request-id",
    }
)


def _upstream(text: str) -> str:
    # Neither message quotes the text: it may hold a password.
    if "@" in text:
        raise ValueError("must hold no user and no password")
    match = _URL.fullmatch(text.removesuffix("/"))
    if not match or int(match[1] or 80) > 65535:
        raise ValueError("must be like http://127.0.0.1:8080, without a path")
    return match[0]


def _stage(text: str) -> str:
    if not _STAGE.fullmatch(text):
        raise ValueError(f"must be letters, digits, - and _, not {text!r}")
    return text


def _auth_header(text: str) -> str:
    if header_name(text).lower() in _TAKEN:
        raise ValueError(f"must be a header's name that means nothing else, not {text!r}")
    return text


@dataclass(frozen=True, kw_only=True)
class GatewaySettings:
    """Settings of the gateway."""

    upstream: str = setting(
        "SCORECARD_UPSTREAM", meaning="URL of the container, without a path.", parse=_upstream
    )
    keys_file: Path = setting(
        "SCORECARD_KEYS_FILE", meaning="File of the callers' keys.", parse=existing_file
    )
    pepper_file: Path | None = setting(
        "SCORECARD_PEPPER_FILE",
        meaning="File of the pepper; if not set, the keys file's name with `.pepper` added.",
        parse=lambda text: Path(text) if text else None,
        default="",
    )
    auth_header: str = setting(
        "SCORECARD_AUTH_HEADER",
        meaning="Header that holds the key.",
        parse=_auth_header,
        default="x-api-key",
    )
    stage: str = setting(
        "SCORECARD_STAGE",
        meaning="First part of the path of invocations.",
        parse=_stage,
        default="default",
    )
    host: str = setting(
        "SCORECARD_GATEWAY_HOST", meaning="Address to listen on.", default="127.0.0.1"
    )
    port: int = setting(
        "SCORECARD_GATEWAY_PORT",
        meaning="Port to listen on.",
        parse=whole_number(1, 65535),
        default="8000",
    )
    upstream_timeout_s: float = setting(
        "SCORECARD_UPSTREAM_TIMEOUT_S",
        meaning="Seconds the container has to answer; API Gateway gives 29.",
        parse=seconds(0.1, 60),
        default="29",
    )
    workers: int = setting(
        "SCORECARD_GATEWAY_WORKERS",
        meaning="Worker processes.",
        parse=whole_number(1, 256),
        default="2",
    )
    threads: int = setting(
        "SCORECARD_GATEWAY_THREADS",
        meaning="Invocations a worker can wait for at the same time.",
        parse=whole_number(2, 256),
        default="32",
    )
