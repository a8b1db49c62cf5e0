"""The container with a scorer that takes its time, or never comes back: run as a module.

`SLOW_S` in the environment is how long every call takes. A first account whose first value is
`WAITS` or `SPINS` is never scored: its thread sleeps for ever, or uses a processor for ever. With
`HOLDS` no other thread of the worker runs any more either.
"""

import os
import re
import time

from serving.inference import server
from serving.scoring import Scorer

WAITS = 7001.0
SPINS = 7002.0
HOLDS = 7003.0


class SlowScorer(Scorer):
    def score(self, accounts):
        first = accounts[0, 0] if len(accounts) else 0.0
        if first == WAITS:
            wait_for_ever()
        if first == SPINS:
            spin_for_ever()
        if first == HOLDS:
            hold_the_interpreter()
        time.sleep(float(os.environ.get("SLOW_S", "0")))
        return super().score(accounts)


def wait_for_ever():
    while True:
        time.sleep(3600)


def spin_for_ever():
    count = 0
    while True:
        count += 1


def hold_the_interpreter():
    # A search that needs 2**40 steps, in C, without letting another thread run.
    re.match(r"(a+)+$", "a" * 40 + "b")


def main() -> None:
    load = server.load_scorer
    server.load_scorer = lambda path: SlowScorer(load(path).artifact)
    server.main()


if __name__ == "__main__":
    main()
