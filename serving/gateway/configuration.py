"""All the gateway is told, by settings and the files they name; mistakes are all told at once."""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from serving.gateway.issuers import check_issuers, read_issuers
from serving.gateway.keyring import WatchedKeys
from serving.gateway.keys_file import pepper_beside, read_pepper
from serving.gateway.settings import SAGEMAKER, GatewaySettings
from serving.gateway.tokens import Tokens, watched_revocations
from serving.gateway.watched import FileUnusable
from serving.web.settings import SettingsError, read_settings

T = TypeVar("T")

METRICS_HOST = "127.0.0.1"

#: By these names a machine calls itself.
_ITSELF = frozenset({"127.0.0.1", "localhost", "0.0.0.0", "::1", "::"})  # noqa: S104 (compared)


class Misconfigured(Exception):
    """The gateway cannot be started as it is told; the message names every mistake."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n  ".join(["", *mistakes]) if len(mistakes) > 1 else mistakes[0])


@dataclass(frozen=True, slots=True)
class Configuration:
    """What was found to be right.

    Attributes
    ----------
    settings : GatewaySettings
    keys : WatchedKeys or None
        None if no keys count.
    tokens : Tokens or None
        None if no tokens count. One of the two is there.
    """

    settings: GatewaySettings
    keys: WatchedKeys | None
    tokens: Tokens | None


def read_configuration(
    environ: Mapping[str, str], clock: Callable[[], float] = time.monotonic
) -> Configuration:
    """Read settings and files.

    Issuers are asked for their keys once all else is right.

    Parameters
    ----------
    environ : mapping
    clock : callable
        Seconds that never go back.

    Raises
    ------
    Misconfigured
    """
    mistakes: list[str] = []
    try:
        known = vars(read_settings(GatewaySettings, environ))
    except SettingsError as error:
        mistakes += error.mistakes
        known = error.known
    mistakes += _contradictions(known)
    mistakes += _unusable_addresses(known)
    keys = _unless_unusable(mistakes, lambda: _keys(known, clock))
    revoked = _unless_unusable(
        mistakes, lambda: watched_revocations(known.get("jwt_revoked_file"), clock)
    )
    issuers_file = known.get("jwt_issuers_file")
    _unless_unusable(mistakes, lambda: issuers_file and check_issuers(issuers_file))
    if mistakes:
        raise Misconfigured(mistakes)
    issuers = _unless_unusable(mistakes, lambda: issuers_file and read_issuers(issuers_file, clock))
    if mistakes:  # The file has changed since it was right.
        raise Misconfigured(mistakes)
    tokens = Tokens(issuers, revoked) if issuers and revoked else None
    return Configuration(GatewaySettings(**known), keys, tokens)


def _unless_unusable(mistakes: list[str], read: Callable[[], T]) -> T | None:
    try:
        return read()
    except FileUnusable as error:
        mistakes += error.mistakes
        return None


def _keys(known: Mapping[str, Any], clock: Callable[[], float]) -> WatchedKeys | None:
    path: Path | None = known.get("keys_file")
    pepper: Path | None = known.get("pepper_file")
    if path is not None:
        return WatchedKeys(path, pepper or pepper_beside(path), clock)
    if pepper is not None:
        read_pepper(pepper)
    return None


def _contradictions(known: Mapping[str, Any]) -> Iterator[str]:
    """Find settings that are right each for itself, and not together."""

    def is_missing(name: str) -> bool:
        # A setting that is wrong is not known; one that is not set is None.
        return name in known and known[name] is None

    if is_missing("keys_file") and is_missing("jwt_issuers_file"):
        yield "set SCORECARD_KEYS_FILE, SCORECARD_JWT_ISSUERS_FILE or both"
    if known.get("pepper_file") and is_missing("keys_file"):
        yield "SCORECARD_PEPPER_FILE is set, and SCORECARD_KEYS_FILE is not"
    if known.get("jwt_revoked_file") and is_missing("jwt_issuers_file"):
        yield "SCORECARD_JWT_REVOKED_FILE is set, and SCORECARD_JWT_ISSUERS_FILE is not"
    upstream = known.get("upstream", "")
    if upstream.startswith(SAGEMAKER) and is_missing("region"):
        yield "AWS_REGION is not set: a SageMaker endpoint needs it"
    if known.get("metrics_port") and known["metrics_port"] == known.get("port"):
        yield "SCORECARD_GATEWAY_METRICS_PORT must be another port than SCORECARD_GATEWAY_PORT"
    if _is_itself(upstream, known):
        yield "SCORECARD_UPSTREAM must be the container, not this gateway itself"


def _is_itself(upstream: str, known: Mapping[str, Any]) -> bool:
    parts = urlsplit(upstream)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    listens_on = known.get("host", "")
    return port is not None and (
        port in (known.get("port"), known.get("metrics_port"))
        and (parts.hostname == listens_on or {parts.hostname, listens_on} <= _ITSELF)
    )


def _unusable_addresses(known: Mapping[str, Any]) -> Iterator[str]:
    if "host" in known and "port" in known:
        why = _why_unusable(known["host"], known["port"])
        if why:
            yield f"SCORECARD_GATEWAY_HOST: {known['host']!r}, port {known['port']}: {why}"
    if known.get("metrics_port"):
        why = _why_unusable(METRICS_HOST, known["metrics_port"])
        if why:
            yield f"SCORECARD_GATEWAY_METRICS_PORT: {known['metrics_port']}: {why}"


def _why_unusable(host: str, port: int) -> str:
    """Tell why one cannot listen there; empty if one can, or whoever does now may soon end."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (OSError, UnicodeError) as error:
        if getattr(error, "errno", 0) != errno.EADDRINUSE:
            return str(getattr(error, "strerror", None) or "this is no address")
    return ""
