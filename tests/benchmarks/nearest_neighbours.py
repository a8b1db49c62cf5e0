"""Competitor: a kernel over the k nearest accounts, tuned on the selection accounts.

Numbers are ranks, categories one-hot. Tuned are k and how much each dimension counts in the
distance; the weights are Epanechnikov's, falling to zero at the farthest neighbour.
"""

from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from serving.scoring.column import Input
from tests.benchmarks.tasks import Answer, Answers, Floats, Task
from training.split import Split

NEIGHBOURS = (10, 15, 25, 40, 60, 90, 130, 200, 300, 450, 700, 1000, 1500)
#: How much a dimension may count, relative to the others; 0 leaves it out.
FACTORS = (0.0, 0.33, 0.6, 1.6, 3.0)
#: Selection accounts that a choice is made on.
CHOOSERS = 4000
WORKERS = 2
ROUNDS = 2
BLOCK = 4000


def nearest_neighbours(task: Task) -> Answers:
    """Answer a task with a choice of k and of weights per metric."""
    return {name: _answer(task, name) for name in task.metrics}


def _answer(task: Task, metric: str) -> Answer:
    values, thresholds = task.metrics[metric], task.thresholds(metric)
    places = [_Places(column, task.dimensions[:, at]) for at, column in enumerate(task.columns)]
    scales, neighbours = _tune(task, places, values, thresholds)

    def place(dimensions: Floats) -> Floats:
        return np.hstack(
            [
                scale * own(dimensions[:, at])
                for at, (own, scale) in enumerate(zip(places, scales, strict=True))
            ]
        )

    tree = cKDTree(place(task.dimensions))
    own = task.asked_metrics[metric]
    blocks = []
    for start in range(0, len(own), BLOCK):
        rows = slice(start, start + BLOCK)
        near, weights = _weigh(*_query(tree, place(task.asked[rows]), neighbours))
        mine = own[rows, None]
        blocks.append(
            (
                _at_thresholds(values, thresholds, near, weights),
                (weights * (values[near] < mine)).sum(axis=1),
                (weights * (values[near] <= mine)).sum(axis=1),
            )
        )
    at, low, high = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    counts = " ".join(f"{scale:.2g}" for scale in scales)
    return Answer(at, low, high, note=f"k {neighbours}, dimensions count {counts}")


class _Places:
    """One dimension as columns of coordinates: a rank, or one column per category."""

    def __init__(self, column: Input, values: Floats) -> None:
        self.categories = len(column.categories)
        self.distinct, first = np.unique(np.sort(values), return_index=True)
        self.ranks = (first + np.append(first[1:], len(values))) / 2 / len(values)

    def __call__(self, values: Floats) -> Floats:
        if self.categories:
            return np.eye(self.categories)[values.astype(int)] / np.sqrt(2.0)
        return np.interp(values, self.distinct, self.ranks)[:, None]


def _tune(
    task: Task, places: list[_Places], values: Floats, thresholds: Floats
) -> tuple[Floats, int]:
    fitting = np.flatnonzero(task.split == Split.FIT)
    selection = np.flatnonzero(task.split == Split.SELECT)[:CHOOSERS]
    blocks = [place(task.dimensions[:, at]) for at, place in enumerate(places)]
    outcomes = values[selection, None] <= thresholds

    def loss(scales: Floats, neighbours: tuple[int, ...]) -> tuple[float, int]:
        points = np.hstack([scale * own for own, scale in zip(blocks, scales, strict=True)])
        tree = cKDTree(points[fitting])
        distances, found = _query(tree, points[selection], max(neighbours))
        candidates = []
        for count in neighbours:
            near, weights = _weigh(distances[:, : count + 1], found[:, : count + 1])
            cdf = _at_thresholds(values[fitting], thresholds, near, weights)
            candidates.append((float(((cdf - outcomes) ** 2).mean()), count))
        return min(candidates)

    scales = np.ones(len(places))
    possible = tuple(count for count in NEIGHBOURS if count < len(fitting) // 2)
    best, chosen = loss(scales, possible)
    for at, factor in ROUNDS * list(product(range(len(places)), FACTORS)):
        trial = scales.copy()
        trial[at] *= factor
        if trial.any():
            tried, count = loss(trial, _around(chosen))
            if tried < best:
                best, chosen, scales = tried, count, trial
    return scales, chosen


def _around(neighbours: int) -> tuple[int, ...]:
    at = NEIGHBOURS.index(neighbours)
    return NEIGHBOURS[max(at - 1, 0) : at + 2]


def _query(tree: cKDTree, points: Floats, neighbours: int) -> tuple[Floats, NDArray[np.intp]]:
    """Find the neighbours, nearest first, and one more: it has the weight zero."""
    distances, near = tree.query(points, neighbours + 1, workers=WORKERS)
    return distances, near


def _weigh(distances: Floats, near: NDArray[np.intp]) -> tuple[NDArray[np.intp], Floats]:
    reach = np.maximum(distances[:, -1:], 1e-12)
    # Where all neighbours are equally near, as in a small category, they count alike.
    weights = np.maximum(1.0 - (distances / reach) ** 2, 1e-9)
    return near, weights / weights.sum(axis=1, keepdims=True)


def _at_thresholds(
    values: Floats, thresholds: Floats, near: NDArray[np.intp], weights: Floats
) -> Floats:
    """Sum the weights of neighbours at or below each threshold."""
    first = np.searchsorted(thresholds, values, side="left")[near]
    width = len(thresholds) + 1
    cell = first + width * np.arange(len(near))[:, None]
    sums = np.bincount(cell.ravel(), weights=weights.ravel(), minlength=width * len(near))
    return np.minimum(sums.reshape(-1, width).cumsum(axis=1)[:, :-1], 1.0)
