"""Labels and the points they are worth: how accounts are judged by them, and the way back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.scoring.column import Input
from serving.scoring.signals.options import Points
from serving.scoring.signals.signal import Change, Judged, judged
from serving.scoring.signals.steps import are_points, is_number, not_points


def labelled(column: str, points: Points) -> Input:
    """Give the column; its categories are sorted, so that the order of the keys changes nothing."""
    return Input(column, "category", tuple(sorted(points)))


def judge_labels(points: Points, codes: NDArray[np.float64]) -> Judged:
    """Give the points of labels.

    Parameters
    ----------
    points : mapping of str to float or None
        None: the metric does not apply.
    codes : ndarray of shape (n_accounts,)
        Indices in the sorted labels; any other number is no label that is known.
    """
    # One more at the end: for what is none of them.
    worth = np.array([*(points[label] for label in sorted(points)), None], dtype=np.float64)
    known = (codes >= 0.0) & (codes < len(points))
    found = worth[np.where(known, codes, len(points)).astype(np.intp)]
    return judged(found, missing=~known, not_applicable=np.isnan(found))


def label_change(column: str, points: Points, wanted: float) -> Change | None:
    """Find the label with the fewest points that are enough."""
    enough = {name: worth for name, worth in points.items() if worth is not None}
    enough = {name: worth for name, worth in enough.items() if worth >= wanted}
    if not enough:
        return None
    least = min(sorted(enough), key=lambda name: enough[name])
    return Change(column, least, float(enough[least]), f'{column} "{least}"')


def label_mistakes(key: str, labels: Any) -> Iterator[tuple[str, str]]:
    """Find what contradicts itself in the points of labels."""
    if not isinstance(labels, Mapping):
        return
    if not labels:
        yield key, "is empty; give at least one label and its points"
    elif all(worth is None for worth in labels.values()):
        yield key, "no label has points, so there could never be a score"
    for label, worth in labels.items():
        if is_number(worth) and not are_points(worth):
            yield key, f"{label}: {not_points(worth)}"
        if label == "":
            yield key, "a label is empty; leave out what stands for a missing value"
