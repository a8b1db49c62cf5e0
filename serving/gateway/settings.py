"""What the gateway is told by its environment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from serving.gateway import grants
from serving.gateway.connecting import check_host
from serving.gateway.counting import StorageUri, storage_uri
from serving.gateway.modes import MODES, Mode
from serving.web.settings import (
    existing_file,
    header_name,
    one_of,
    optional,
    seconds,
    setting,
    whole_number,
)

#: No path: the gateway adds `/invocations` and `/ping` itself.
_URL = re.compile(r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
#: As SageMaker has it.
SAGEMAKER = "sagemaker://"
_REGION = re.compile(r"[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)+")
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
    if text.startswith(SAGEMAKER):
        return SAGEMAKER + grants.endpoint(text.removeprefix(SAGEMAKER))
    url = text.removesuffix("/")
    try:
        if not _URL.fullmatch(url) or urlsplit(url).port == 0:
            raise ValueError
        check_host(urlsplit(url).hostname)
    except ValueError:
        raise ValueError(
            "must be like http://127.0.0.1:8080, without a path, or sagemaker://ENDPOINT-NAME"
        ) from None
    return url


def _region(text: str) -> str:
    # As boto3 has it, which would say so in a worker, after the gateway has begun to listen.
    if not _REGION.fullmatch(text):
        raise ValueError(f"must be a region like eu-west-1, not {text!r}")
    return text


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
        "SCORECARD_UPSTREAM",
        meaning="URL of the container, without a path, or sagemaker://ENDPOINT-NAME.",
        parse=_upstream,
    )
    region: str | None = setting(
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        meaning="Region of the SageMaker endpoint; needed for one.",
        parse=optional(_region),
        default="",
    )
    endpoint: str | None = setting(
        "SCORECARD_ENDPOINT",
        meaning="Name under which SageMaker's clients find the upstream, "
        "`/endpoints/NAME/invocations`; not set: `scorecard`, or that of SageMaker's endpoint.",
        parse=optional(grants.endpoint),
        default="",
    )
    mode: str | None = setting(
        "SCORECARD_GATEWAY_MODE",
        meaning="How errors of the model reach callers: `proxy` as the container says them, "
        "`strict` as SageMaker's 424, `css-mini` as 200 with the text of that; if not set, `proxy` "
        "for a container and `strict` for SageMaker.",
        parse=optional(one_of(MODES)),
        default="",
    )
    metrics_port: int | None = setting(
        "SCORECARD_GATEWAY_METRICS_PORT",
        meaning="Port of `GET /metrics`, on 127.0.0.1; not set: there are none.",
        parse=optional(whole_number(1, 65535)),
        default="",
    )
    keys_file: Path | None = setting(
        "SCORECARD_KEYS_FILE",
        meaning="File of the callers' keys. This or `SCORECARD_JWT_ISSUERS_FILE` is required.",
        parse=optional(existing_file),
        default="",
    )
    pepper_file: Path | None = setting(
        "SCORECARD_PEPPER_FILE",
        meaning="File of the pepper; if not set, the keys file's name with `.pepper` added.",
        parse=lambda text: Path(text) if text else None,
        default="",
    )
    auth_header: str = setting(
        "SCORECARD_AUTH_HEADER",
        meaning="Header that holds the key, with `Bearer ` before it or without.",
        parse=_auth_header,
        default="x-api-key",
    )
    jwt_issuers_file: Path | None = setting(
        "SCORECARD_JWT_ISSUERS_FILE",
        meaning="File of those whose tokens (JWT) count, in `Authorization: Bearer`.",
        parse=optional(existing_file),
        default="",
    )
    jwt_revoked_file: Path | None = setting(
        "SCORECARD_JWT_REVOKED_FILE",
        meaning="File of revoked tokens: `jti:ID` or `sub:SUBJECT` a line.",
        parse=optional(existing_file),
        default="",
    )
    rate: str | None = setting(
        "SCORECARD_RATE",
        meaning="Requests of each caller, as `10/second`; a key's own rate comes first.",
        parse=optional(grants.rate),
        default="",
    )
    quota: str | None = setting(
        "SCORECARD_QUOTA",
        meaning="Requests of each caller in longer times, as `1000/day`; a key's own comes first.",
        parse=optional(grants.frequency),
        default="",
    )
    failure_rate: str = setting(
        "SCORECARD_FAILURE_RATE",
        meaning="Wrong keys and tokens of each address that are told so; beyond it they get 429. "
        "Right ones from there are let in all the same.",
        parse=grants.rate,
        default="20/minute",
    )
    limits_storage: StorageUri = setting(
        "SCORECARD_LIMITS_STORAGE",
        meaning="Where all these are counted: `memory://`, in each worker process for itself, so "
        "that callers get up to as many times the rate as there are workers; or "
        "`redis://HOST:PORT`, for all together. While that is away, each worker counts for itself, "
        "and log and metrics say so.",
        parse=storage_uri,
        default="memory://",
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


def sagemaker_endpoint(settings: GatewaySettings) -> str | None:
    """Give the name of the SageMaker endpoint; None if the upstream is a container."""
    if not settings.upstream.startswith(SAGEMAKER):
        return None
    return settings.upstream.removeprefix(SAGEMAKER)


def mode_of(settings: GatewaySettings) -> Mode:
    """Give how errors of the model reach callers."""
    usual: Mode = "strict" if sagemaker_endpoint(settings) else "proxy"
    return next((mode for mode in MODES if mode == settings.mode), usual)
