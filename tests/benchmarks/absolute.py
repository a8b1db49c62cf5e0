"""How fast absolute scorecards are scored, and changed: `make bench`.

    python -m tests.benchmarks.absolute

The sample's accounts of `account_health`, drawn again up to a million, scored in this process from
encoded columns to scores and bands: with the churn model that `train` fits, and without it. Beside
it the same arithmetic as it is usually written: a function of a row, given to pandas' `apply`; on a
sample of the accounts, its time scaled up, with the model's points looked up, not computed. It
gives the same scores, which is checked. All run in turn, four times each; medians of processor time
are told, of one thread, so that what else the machine does counts little.
"""

import datetime as dt
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from serving.scoring import Scorer
from serving.scoring.bands import band_places
from tests.benchmarks.report import Check, at_most, table, write
from training.batch import read_for
from training.build import build
from training.train import train

CARD = Path("data/scorecards/account_health.yaml")
DATA = Path("data/sample/account_health")
ACCOUNTS = 1_000_000
#: Of which `apply` is timed; what it takes grows with the accounts, no more and no less.
APPLIED = 5_000
FEW = 1_000
ROUNDS = 4
MOST_SECONDS = 1.0
SEED = 20261122


def main() -> None:
    scratch = Path("build/bench/absolute")
    train(DATA, CARD, scratch / "artifact")
    scorer, read, date = read_for(scratch / "artifact", DATA, 0.01, None)
    without = build(CARD, None, scratch / "without")
    picked = np.random.default_rng(SEED).integers(0, len(read.frame), ACCOUNTS)
    frame = read.frame.take(picked[:APPLIED]).reset_index(drop=True)
    encoded = np.asfortranarray(scorer.encode(read.frame, scoring_date=date)[picked])
    churn = churn_points(scorer, encoded[:APPLIED])
    runs: dict[str, list[float]] = {"with": [], "without": [], "apply": []}
    for _ in range(ROUNDS):
        runs["with"].append(seconds(lambda: score(scorer, encoded)))
        runs["without"].append(seconds(lambda: score(without, encoded)))
        applied = seconds(lambda: by_apply(frame, churn, date))
        runs["apply"].append(applied * ACCOUNTS / APPLIED)
    same = np.allclose(
        score(scorer, encoded[:APPLIED])[0], by_apply(frame, churn, date), atol=1e-9, equal_nan=True
    )
    few = read.frame.head(FEW)
    changes = [elapsed(lambda: change_weight(scratch, few, date)) for _ in range(ROUNDS)]
    report(runs, changes, same)


def report(runs: dict[str, list[float]], changes: list[float], same: bool) -> None:
    names = {
        "with": "with the churn model",
        "without": "without it (model_missing)",
        "apply": "pandas apply (scaled; churn looked up)",
    }
    middle = {key: statistics.median(times) for key, times in runs.items()}
    rows = [
        [
            names[key],
            f"{middle[key]:.2f}",
            f"{ACCOUNTS / middle[key]:,.0f}",
            f"{middle['apply'] / middle[key]:,.0f}",
            spread(times),
        ]
        for key, times in runs.items()
    ]
    change = statistics.median(changes)
    write(
        "absolute",
        {"accounts": ACCOUNTS, "runs": runs, "change": changes},
        f"{ACCOUNTS:,} accounts by the eight components of account_health, one process",
        table(["", "seconds", "accounts a second", "times as fast as apply", "runs"], rows)
        + f"\n\nA weight changed, built, loaded and {FEW:,} accounts scored: {change:.2f} s "
        f"on the clock ({spread(changes)}).",
        [
            Check("apply gives the same scores, to 1e-9", same),
            at_most("seconds to change a weight and rescore", change, MOST_SECONDS),
        ],
    )


def score(scorer: Scorer, encoded: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give global scores and the places of their bands."""
    scores = scorer.score(encoded).values[:, -1]
    return scores, band_places(scores, scorer.scorecard.bands)


def change_weight(scratch: Path, frame: pd.DataFrame, date: dt.date | None) -> None:
    """What an operator does: flip a number in a file, build, score."""
    card = scratch / "changed.yaml"
    text = CARD.read_text()
    for old, new in (("churn: {weight: 30", "churn: {weight: 25"),
                     ("qbr: {weight: 10", "qbr: {weight: 15")):  # fmt: skip
        if old not in text:
            raise ValueError(f"{CARD} does not say {old!r} any more")
        text = text.replace(old, new)
    card.write_text(text)
    scorer = build(card, scratch / "artifact", scratch / "changed")
    scorer.score(scorer.encode(frame, scoring_date=date))


def churn_points(scorer: Scorer, encoded: np.ndarray) -> pd.Series:
    """Give the classifier's points, which nobody writes as a function of a row."""
    key = next(key for key in scorer.metric_keys if key.startswith("churn_"))
    return pd.Series(scorer.score(encoded).values[:, scorer.outputs.index(key)])


def by_apply(frame: pd.DataFrame, churn: pd.Series, date: dt.date | None) -> np.ndarray:
    """Score as it is usually written; gives global scores."""
    table = frame.assign(churn_points=churn)
    moment = pd.Timestamp(date)
    return table.apply(lambda row: _of_row(row, moment), axis=1).to_numpy(float)


_USAGE = {"power": 100.0, "high": 75.0, "medium": 50.0, "low": 25.0, "none": 0.0}
_ONBOARDING = {"on_time": 100.0, "late": 50.0, "missed": 0.0}


def _of_row(row: pd.Series, moment: pd.Timestamp) -> float:
    parts = [
        (30, None if pd.isna(row["churn_points"]) else row["churn_points"]),
        (15, _USAGE.get(row["usage_tier"])),
        (15, _cadence(row["last_health_check"], moment)),
        (10, _ONBOARDING.get(row["onboarding_result"])),
        (10, _steps(row["last_insider_call"], moment, 30, 90) if row["insider_program"] else None),
        (10, _steps(row["last_qbr"], moment, 90, 180)),
        (5, _pipeline(row, moment)),
        (5, None if pd.isna(row["tenure_months"])
         else min(max(100.0 * row["tenure_months"] / 36.0, 0.0), 100.0)),
    ]  # fmt: skip
    known = [(weight, points) for weight, points in parts if points is not None]
    if not known:
        return float("nan")
    return sum(weight * points for weight, points in known) / sum(weight for weight, _ in known)


def _days(date: pd.Timestamp, moment: pd.Timestamp) -> float | None:
    return None if pd.isna(date) else (moment - date) / pd.Timedelta(days=1)


def _cadence(date: pd.Timestamp, moment: pd.Timestamp) -> float | None:
    days = _days(date, moment)
    return None if days is None else min(max(100.0 * (120.0 - days) / 90.0, 0.0), 100.0)


def _steps(date: pd.Timestamp, moment: pd.Timestamp, first: int, second: int) -> float:
    days = _days(date, moment)
    if days is None or days > second:
        return 0.0
    return 100.0 if days <= first else 50.0


def _pipeline(row: pd.Series, moment: pd.Timestamp) -> float | None:
    days = _days(row["pipeline_updated"], moment)
    part, whole = row["pipeline_moving"], row["pipeline_open"]
    if days is None or days > 45 or pd.isna(part) or pd.isna(whole) or whole == 0:
        return None
    return min(100.0 * part / whole, 100.0)


def seconds(work: Callable[[], object]) -> float:
    """Give the processor time that some work takes."""
    started = time.process_time()
    work()
    return time.process_time() - started


def elapsed(work: Callable[[], object]) -> float:
    """Give the time on the clock."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def spread(times: list[float]) -> str:
    return ", ".join(f"{run:.2f}" for run in times)


if __name__ == "__main__":
    main()
