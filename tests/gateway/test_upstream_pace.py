"""What the gateway remembers of its upstream between requests: how quick it is, and how ready."""

import threading
import time

from serving.gateway.pace import QUICK_S, Pace
from serving.gateway.readiness import Readiness


def test_an_upstream_counts_as_quick_until_its_answers_are_not():
    pace = Pace()

    quick = [pace.is_quick]
    for seconds in [QUICK_S / 2] * 100 + [10 * QUICK_S] * 10 + [QUICK_S / 2] * 200:
        pace.note(seconds)
        quick.append(pace.is_quick)

    assert all(quick[:101])
    assert not quick[110]
    assert quick[-1]


def test_ready_is_what_the_upstream_says_now():
    said = [True, False, True]
    readiness = Readiness(lambda: said.pop(0))

    assert [readiness() for _ in range(3)] == [True, False, True]


def test_while_the_upstream_does_not_say_it_is_as_ready_as_it_was():
    hangs = threading.Event()
    hangs.set()
    asked = []

    def ask():
        asked.append(1)
        hangs.wait(5)
        return True

    readiness = Readiness(ask)
    assert readiness()
    hangs.clear()
    started = time.monotonic()

    answers = [readiness() for _ in range(20)]

    assert answers == [True] * 20
    assert time.monotonic() - started < 1
    assert len(asked) == 2  # one question at a time
    hangs.set()


def test_an_upstream_that_cannot_be_asked_is_not_ready():
    assert not Readiness(lambda: False)()


def test_an_upstream_that_cannot_be_asked_for_whatever_reason_is_not_ready_and_the_log_says_why(
    caplog,
):
    def ask():
        raise RuntimeError

    readiness = Readiness(ask)

    assert [readiness(), readiness()] == [False, False]
    assert "RuntimeError" in caplog.text
