"""A prediction job through gateway and container, whole and killed again and again."""

import datetime as dt
import random
import secrets
import time

import numpy as np
import pytest

from serving.scoring import load_scorer
from tests.load.job_chain import chain_on, random_inputs, scored_in_process, stored

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
PARTS = ("job", "gateway", "container")


@pytest.mark.slow
def test_of_5000_accounts_five_newer_rows_are_five_instances(tmp_path, trained, say):
    scorer = load_scorer(trained)
    inputs = random_inputs(np.random.default_rng(1), [f"a{at:05d}" for at in range(5000)])
    with chain_on(tmp_path, trained, rows=1000) as chain:
        chain.start("container")
        chain.start("gateway")
        chain.put(inputs, file="first.csv", updated=NOON)
        started = time.monotonic()
        first = chain.run_once()
        seconds = time.monotonic() - started
        assert chain.rows_scored() == 5000
        assert stored(chain, scorer) == scored_in_process(scorer, inputs)

        chain.put(inputs, file="copy.csv", updated=NOON)
        chain.put(inputs, file="older.csv", updated=NOON - dt.timedelta(days=1))
        again = chain.run_once()
        assert chain.rows_scored() == 5000

        newer = random_inputs(np.random.default_rng(2), ["a00007", "a00070", "a00700", "a04999"])
        newer["a00001"] = {**inputs["a00001"], "bots": 77.0}
        chain.put(newer, file="update.csv", updated=NOON + dt.timedelta(days=1))
        update = chain.run_once()

        assert chain.rows_scored() == 5005
        assert stored(chain, scorer) == scored_in_process(scorer, {**inputs, **newer})
        scored_again = chain.ask("SELECT acct_id FROM scores_history WHERE id > 5000 ORDER BY 1")
        assert [account for (account,) in scored_again] == sorted(newer)
    say(f"{first.strip()} ({seconds:.1f} s with start-up); {again.strip()}; {update.strip()}")


@pytest.mark.parametrize(
    "kills", [pytest.param(6, marks=pytest.mark.slow), pytest.param(50, marks=pytest.mark.soak)]
)
def test_whoever_is_killed_every_account_gets_the_score_of_its_newest_inputs_once(
    tmp_path, trained, say, kills
):
    seed = secrets.randbits(32)
    rng, instants = np.random.default_rng(seed), random.Random(seed)  # noqa: S311 - no secret
    scorer = load_scorer(trained)
    ids = [f"a{at:04d}" for at in range(600)]
    inputs = random_inputs(rng, ids)
    with chain_on(tmp_path, trained, rows=20) as chain:
        chain.put(inputs, file="first.csv", updated=NOON)
        for part in ("container", "gateway", "job"):
            chain.start(part)
        for kill in range(kills):
            part = PARTS[kill % len(PARTS)]
            changed = random_inputs(rng, sorted(instants.sample(ids, 300)))
            chain.put(changed, file=f"{kill}.csv", updated=NOON + dt.timedelta(hours=kill + 1))
            inputs.update(changed)
            # From before the files are read to after the last batch is stored; a job that was
            # killed has to be imported first.
            _wait_for_work(chain, instants)
            chain.kill(part)
            chain.start(part)
        chain.kill("job")
        chain.run_once()

        assert stored(chain, scorer) == scored_in_process(scorer, inputs), f"seed {seed}"
        [(waiting,)] = chain.ask("SELECT count(*) FROM changed")
        twice = chain.ask(
            "SELECT acct_id, inputs_sha256 FROM scores_history GROUP BY 1, 2 HAVING count(*) > 1"
        )
        assert (waiting, twice) == (0, []), f"seed {seed}"
        [(scorings,)] = chain.ask("SELECT count(*) FROM scores_history")
        runs = dict(chain.ask("SELECT state, count(*) FROM runs GROUP BY 1"))
    say(f"{kills} kills, seed {seed}: 600 accounts right, {scorings} scorings, runs {runs}")


def _wait_for_work(chain, instants):
    """Wait for a random instant of the job's next run that has something to do."""
    deadline = time.monotonic() + 20
    begun = _scorings(chain)
    while _scorings(chain) == begun and time.monotonic() < deadline:
        if instants.random() < 0.02:
            return
        time.sleep(0.01)
    time.sleep(instants.uniform(0, 0.3))


def _scorings(chain):
    try:
        return chain.ask("SELECT max(id) FROM scores_history")
    except Exception:  # noqa: BLE001 - before the first run there is no state
        return None
