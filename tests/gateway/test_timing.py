"""Row 81: how long a refusal takes does not tell what of a key is right."""

import contextlib
import gc
import itertools
import math
import random
import statistics
import time
from types import SimpleNamespace

import pytest

from serving.gateway.admission import Admission
from serving.gateway.callers import Callers
from serving.gateway.counting import storage_uri
from serving.gateway.key_records import KeyRecord
from serving.gateway.keyring import WatchedKeys
from serving.gateway.keys import issue, pepper_beside, read_pepper
from serving.gateway.keys_file import write_keys
from serving.gateway.limits import Limiter
from serving.gateway.refusals import Refused
from serving.gateway.secret import (
    CHANCE_CHARS,
    KEY_ID_CHARS,
    PREFIX,
    digest,
    key_id_in,
    new_key_id,
    new_secret,
)
from serving.web.requests import Record
from tests.gateway.fakes import NOON

#: Each with keys and a process memory of its own: where things lie in memory is worth a tenth of a
#: microsecond, for one kind in one round and for another in the next.
ROUNDS = 40
#: Of each kind in a round.
SAMPLES = 500
#: As many as a gateway has, so that the processor has all of them at hand.
KEYS = 20
#: The slowest are what else the machine does; what a comparison leaks is in the others.
KEPT = 0.5
LIMIT = 4.5


def new_keys(path):
    """Write a keys file; gives it and the secrets of its keys."""
    issue(path, "a", NOON)
    pepper = read_pepper(pepper_beside(path))
    secrets = [new_secret(new_key_id()) for _ in range(KEYS)]
    write_keys(
        path,
        [
            KeyRecord(key_id_in(text.encode()), "a", digest(text.encode(), pepper).hex(), NOON)
            for text in secrets
        ],
    )
    return path, secrets


def admission_of(find):
    limiter = Limiter(storage_uri("memory://"), failures="1/second")
    return Admission(Callers("x-api-key", find, None).authenticate, limiter)


def with_wrong_checksum(secret):
    last = "A" if secret[-1] != "A" else "B"
    return secret[:-1] + last


def kinds_of(secrets):
    """Give keys that open nothing: what is right of them → a maker of such a key."""
    chance = random.Random(1)  # noqa: S311 (test data)
    first = len(PREFIX) + KEY_ID_CHARS
    half = first + CHANCE_CHARS // 2

    def some():
        return chance.choice(secrets)

    return {
        "nothing": lambda: new_secret(new_key_id()),
        "the id": lambda: new_secret(some()[len(PREFIX) : first]),
        "the id, but no checksum": lambda: with_wrong_checksum(
            new_secret(some()[len(PREFIX) : first])
        ),
        "all but the checksum": lambda: with_wrong_checksum(some()),
        "all but the id": lambda: new_secret(new_key_id())[:first] + some()[first:],
        "the first half": lambda: some()[:half] + new_secret(new_key_id())[half:],
    }


def nanoseconds_by_kind(admission, kinds, seed):
    """Ask with all kinds, in an order that is chance, and time each refusal."""
    order = [kind for kind in kinds for _ in range(SAMPLES)]
    random.Random(seed).shuffle(order)  # noqa: S311 (test data)
    # Made before, because what makes a key leaves its traces in the processor's caches; and copied
    # in this order, because memory that lies together is read together.
    made = [kinds[kind]() for kind in order]
    asking = [(kind, request_with(copied(key))) for kind, key in zip(order, made, strict=True)]
    found = {kind: [] for kind in kinds}
    gc.collect()
    gc.disable()
    try:
        for kind, request in asking:
            started = time.perf_counter_ns()
            with contextlib.suppress(Refused):
                admission.admit(request)
            found[kind].append(time.perf_counter_ns() - started)
    finally:
        gc.enable()
    return found


def copied(key):
    return key.encode().decode() if isinstance(key, str) else key


def request_with(key):
    environ = {"HTTP_X_API_KEY": key, "REMOTE_ADDR": "192.0.2.1", "scorecard.record": Record("id")}
    return SimpleNamespace(environ=environ)


def welch_t(one, other):
    """Welch's t of two samples."""
    spread = math.sqrt(
        statistics.variance(one) / len(one) + statistics.variance(other) / len(other)
    )
    return (statistics.fmean(one) - statistics.fmean(other)) / spread


def cropped_mean(times):
    """Give the mean without the slowest."""
    return statistics.fmean(sorted(times)[: int(len(times) * KEPT)])


def means_by_kind(rounds):
    """Give, for each kind, its mean in each round, less the mean of all kinds in that round."""
    found = [{kind: cropped_mean(times) for kind, times in each.items()} for each in rounds]
    return {
        kind: [means[kind] - statistics.fmean(means.values()) for means in found]
        for kind in found[0]
    }


@pytest.mark.soak
def test_row_81_the_time_of_a_refusal_tells_nothing_of_what_is_right(tmp_path):
    rounds = []
    for number in range(ROUNDS):
        path, secrets = new_keys(tmp_path / f"{number}.json")
        watched = WatchedKeys(path, pepper_beside(path), time.monotonic)
        rounds.append(nanoseconds_by_kind(admission_of(watched.find), kinds_of(secrets), number))

    means = means_by_kind(rounds)

    scores = {
        (one, other): welch_t(means[one], means[other])
        for one, other in itertools.combinations(means, 2)
    }
    print({kind: round(statistics.fmean(times)) for kind, times in means.items()}, "ns")  # noqa: T201
    print(f"largest |t| {max(map(abs, scores.values())):.2f}")  # noqa: T201
    assert {pair: score for pair, score in scores.items() if abs(score) >= LIMIT} == {}


@pytest.mark.slow
def test_a_search_that_ends_early_would_be_seen():
    def admit(request):
        # What a comparison letter by letter comes to: a little longer for what is right.
        for _ in range(request.environ["HTTP_X_API_KEY"]):
            pass

    kinds = {"right": lambda: 400, "wrong": lambda: 0}
    rounds = [nanoseconds_by_kind(SimpleNamespace(admit=admit), kinds, n) for n in range(ROUNDS)]

    means = means_by_kind(rounds)
    assert abs(welch_t(means["right"], means["wrong"])) > LIMIT
