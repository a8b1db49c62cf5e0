"""What an estimator is asked in a comparison, what it answers, and a memory of the answers."""

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from serving.scoring.column import Input
from training.split import Split

Floats = NDArray[np.float64]

#: Thresholds of the rank-CRPS: training quantiles.
LEVELS = np.linspace(0.01, 0.99, 50)
#: How far the rank of the first dimension is moved to see scores jump.
NUDGE = 0.005


@dataclass(frozen=True)
class Task:
    """Accounts to learn from, and accounts that are asked about.

    Attributes
    ----------
    columns : tuple of Input
        The peer dimensions; a category is encoded as its position.
    dimensions, split : ndarray of shape (n, n_dimensions), (n,)
        The accounts to learn from, each to fit or to select.
    metrics, asked_metrics : mapping of str to ndarray of shape (n,), (m,)
        No NaN.
    asked : ndarray of shape (m, n_dimensions)
        The accounts kept out.
    upper : float or None
        A declared top code.
    """

    columns: tuple[Input, ...]
    dimensions: Floats
    split: NDArray[np.int8]
    metrics: Mapping[str, Floats]
    asked: Floats
    asked_metrics: Mapping[str, Floats]
    upper: float | None = None

    def thresholds(self, metric: str) -> Floats:
        """Give the training quantiles at which F is compared: values that occur."""
        return np.quantile(self.metrics[metric], LEVELS, method="inverted_cdf")

    def nudged(self) -> Floats:
        """Give the accounts kept out with the rank of their first dimension `NUDGE` higher."""
        ordered = np.sort(self.dimensions[:, 0])
        distinct, first = np.unique(ordered, return_index=True)
        ranks = (first + np.append(first[1:], len(ordered))) / 2 / len(ordered)
        rank = np.interp(self.asked[:, 0], distinct, ranks)
        return np.column_stack([np.interp(rank + NUDGE, ranks, distinct), self.asked[:, 1:]])

    def digest(self) -> str:
        """Give a name that other accounts do not have."""
        digest = hashlib.sha256(repr((self.columns, self.upper, len(LEVELS), NUDGE)).encode())
        for array in (self.dimensions, self.split, self.asked):
            digest.update(np.ascontiguousarray(array).tobytes())
        for name, values in (*self.metrics.items(), *self.asked_metrics.items()):
            digest.update(name.encode() + values.tobytes())
        return digest.hexdigest()[:16]


@dataclass(frozen=True)
class Answer:
    """F of one metric for the accounts that were asked about.

    Attributes
    ----------
    at_thresholds : ndarray of shape (m, n_thresholds)
        P(Y <= threshold).
    below, at_or_below : ndarray of shape (m,)
        P(Y < value), P(Y <= value) at the account's own value.
    nudged : ndarray of shape (m,) or None
        Mid-rank of the own value when the first dimension's rank is `NUDGE` higher; None if it
        was not asked for.
    note : str
        How it was done, in a few words.
    peers : ndarray of shape (m,), optional
        How many accounts inform each answer, by its own account.
    """

    at_thresholds: Floats
    below: Floats
    at_or_below: Floats
    nudged: Floats | None = None
    note: str = ""
    seconds: float = float("nan")
    cached: bool = False
    peers: Floats | None = None

    @property
    def mid_ranks(self) -> Floats:
        return (self.below + self.at_or_below) / 2.0


Answers = dict[str, Answer]


def make_split(accounts: int) -> NDArray[np.int8]:
    """Every fourth account selects, as in training (60 : 20)."""
    return np.where(np.arange(accounts) % 4 == 3, Split.SELECT, Split.FIT).astype(np.int8)


def timed(answer: Answer, seconds: float) -> Answer:
    """Say how long an answer took."""
    return replace(answer, seconds=seconds)


def remember(
    folder: Path, name: str, task: Task, answer: Callable[[Task], Answers], source: Path
) -> Answers:
    """Take the answers from `folder` if the same source has answered the same task before."""
    code = hashlib.sha256(source.read_bytes()).hexdigest()[:8]
    path = folder / f"{name}-{task.digest()}-{code}.npz"
    cached = path.exists()
    if not cached:
        started = time.perf_counter()
        _store(path, answer(task), started)
    return _load(path, cached=cached)


def _store(path: Path, answers: Answers, started: float) -> None:
    arrays: dict[str, NDArray] = {"seconds": np.array(time.perf_counter() - started)}
    for name, answer in answers.items():
        arrays[f"{name}/at_thresholds"] = answer.at_thresholds.astype(np.float32)
        own = [answer.below, answer.at_or_below, answer.nudged]
        arrays[f"{name}/own"] = np.stack([part for part in own if part is not None])
        arrays[f"{name}/note"] = np.array(answer.note)
    path.parent.mkdir(parents=True, exist_ok=True)
    # An interrupted run leaves no half a file behind.
    unfinished = path.with_suffix(".part.npz")
    np.savez(unfinished, **arrays)
    unfinished.replace(path)


def _load(path: Path, *, cached: bool) -> Answers:
    with np.load(path) as arrays:
        names = [key.removesuffix("/own") for key in arrays if key.endswith("/own")]
        return {
            name: Answer(
                arrays[f"{name}/at_thresholds"].astype(float),
                *arrays[f"{name}/own"],
                note=str(arrays[f"{name}/note"]),
                seconds=float(arrays["seconds"]),
                cached=cached,
            )
            for name in names
        }
