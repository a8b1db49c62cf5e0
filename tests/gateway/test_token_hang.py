"""Whoever comes with a token never waits for the one who fetches an issuer's keys (row 86)."""

import json
import os
import resource
import subprocess
import sys
import time

import pytest

from serving.gateway.callers import TokenRefused
from serving.gateway.issuers import Issuer
from serving.gateway.jwks import FetchedKeys
from serving.gateway.tokens import Tokens
from tests.gateway.issuing import AUDIENCE, ISSUER, FakeIssuer, key_server

ROUNDS = 2_000
#: Another thread of this process may have had Python's lock now and then; who waits for the issuer
#: waits in every round.
FEW_WAITS = ROUNDS // 5
#: Takes the lock under which keys are fetched, as another worker does, and keeps it.
HOLD = """
import fcntl, select, sys
with open(sys.argv[1], "r+b") as slot:
    fcntl.lockf(slot, fcntl.LOCK_EX)
    print("held", flush=True)
    select.select([sys.stdin], [], [], 5)
"""


@pytest.fixture(scope="module")
def issuer():
    return FakeIssuer()


@pytest.fixture
def served(issuer):
    with key_server(json.dumps(issuer.jwks).encode()) as (server, uri):
        yield server, uri
        server.let_go.set()


@pytest.fixture
def keys(served, monkeypatch):
    found = FetchedKeys(served[1], ["RS256"], ISSUER)
    # The next attempt is due at once, not after half a minute.
    monkeypatch.setattr("serving.gateway.jwks.COOL_DOWN_S", 0.01)
    # And it hangs for as long as is looked, however slow this machine is.
    monkeypatch.setattr("serving.gateway.jwks_fetch.TIMEOUT_S", 60.0)
    yield found
    found.stop()


def verified(tokens, token):
    try:
        return tokens.verify(token).id
    except TokenRefused as error:
        return str(error)


def waits_while_verifying(keys, issuer):
    """Check tokens; gives what they came to, how often this thread had to wait, and the longest.

    A thread that is only pushed aside by a busy machine has not waited.
    """
    tokens = Tokens([Issuer(ISSUER, AUDIENCE, keys)], frozenset)
    good = issuer.token().encode()
    unknown = [issuer.token({"kid": f"unknown {number}"}).encode() for number in range(20)]
    found, longest = set(), 0.0
    before = resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw
    for token in [good] * ROUNDS + unknown * (ROUNDS // len(unknown)):
        started = time.monotonic()
        found.add(verified(tokens, token))
        longest = max(longest, time.monotonic() - started)
    return found, resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw - before, longest


BOTH = {f"{ISSUER}|data-cloud", "unknown key id"}


def test_row_86_while_an_issuer_hangs_its_tokens_are_checked_without_a_wait(served, keys, issuer):
    server, _ = served
    server.delay_s, asked = 60, len(server.asked_at)
    keys.start()
    until = time.monotonic() + 10
    while len(server.asked_at) == asked:
        assert time.monotonic() < until
        keys.find("unknown")  # Until the time between two attempts is over, it asks for nothing.
        time.sleep(0.01)

    found, waits, longest = waits_while_verifying(keys, issuer)

    assert found == BOTH
    assert waits <= FEW_WAITS
    assert longest < 1.5


@pytest.mark.slow
def test_row_86_while_another_worker_fetches_nobody_waits_for_it(keys, issuer):
    path = f"/proc/{os.getpid()}/fd/{keys._slot._number}"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout.readline() == b"held\n"
        keys.start()
        keys.find("unknown")
        time.sleep(0.2)

        found, waits, longest = waits_while_verifying(keys, issuer)

        holder.stdin.close()
    assert found == BOTH
    assert waits <= FEW_WAITS
    assert longest < 1.5
