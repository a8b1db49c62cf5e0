"""Connecting to a name, which may have several addresses, within one limit."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from typing import Any


def check_host(host: str | None) -> None:
    """See that a machine could have this name or address; nobody is asked.

    Raises
    ------
    ValueError
        Which does not repeat it.
    """
    try:
        if host and ":" not in host and host.encode("idna"):
            return
        ipaddress.IPv6Address(host or "")
    except ValueError:
        raise ValueError("must be a name or an address of a machine") from None


def connected(
    address: tuple[str, int], tls: ssl.SSLContext | None, timeout_s: float
) -> socket.socket:
    """Connect to the first address of a name that can be connected to.

    Parameters
    ----------
    address : tuple of (str, int)
    tls : SSLContext or None
    timeout_s : float
        For all its addresses together, with their handshakes.

    Raises
    ------
    OSError
        What the last address failed with.
    UnicodeError
        If it is no name; see `check_host`.
    """
    ends = time.monotonic() + timeout_s
    places = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)
    failure: OSError = OSError("the name has no address")
    for tried, place in enumerate(places):
        try:
            # A fair part of the time for each: a dead address must not keep the next from its try.
            left = left_until(ends)
            return _connected_to(place, address[0], tls, left / (len(places) - tried))
        except OSError as error:
            failure = error
    raise failure


def _connected_to(
    place: tuple[int, int, int, str, Any], name: str, tls: ssl.SSLContext | None, timeout_s: float
) -> socket.socket:
    family, kind, protocol, _, address = place
    plain = socket.socket(family, kind, protocol)
    try:
        ends = time.monotonic() + timeout_s
        plain.settimeout(timeout_s)
        plain.connect(address)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        plain.settimeout(left_until(ends))
        return tls.wrap_socket(plain, server_hostname=name) if tls else plain
    except OSError:
        plain.close()
        raise


def left_until(deadline: float) -> float:
    """Give the seconds until a moment of the monotonic clock; raises TimeoutError if none."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
