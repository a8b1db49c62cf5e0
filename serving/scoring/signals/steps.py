"""Thresholds and the points they are worth: what can be wrong with them, and their arrays."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from serving.scoring.enough_text import exact_text
from serving.scoring.signals.options import Steps
from serving.scoring.signals.signal import MAX_POINTS

_LARGEST = sys.float_info.max


def step_arrays(steps: Steps) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the thresholds, ascending, and the points of each."""
    thresholds, points = np.array(steps, dtype=np.float64).T
    return thresholds, points


def step_mistakes(key: str, steps: Any) -> Iterator[tuple[str, str]]:
    """Find what contradicts itself in steps, a mapping as people write it or a list of pairs."""
    pairs = pairs_of(steps)
    if pairs is None:
        return
    if not pairs:
        yield key, "is empty; give at least one threshold and its points"
    for threshold, points in pairs:
        if not 0 <= threshold <= _LARGEST:
            yield key, f"a threshold is a number from 0 on, not {exact_text(threshold)}"
        if not are_points(points):
            yield key, not_points(points)
    thresholds = [threshold for threshold, _ in pairs]
    if not all(lower < upper for lower, upper in pairwise(thresholds)):
        yield key, "the thresholds do not ascend; give each once, the smallest first"


def rises(pairs: Sequence[tuple[float, float]]) -> bool:
    """Say whether points never fall from one threshold to the next."""
    points = [each for _, each in pairs]
    return points == sorted(points)


def falls(pairs: Sequence[tuple[float, float]]) -> bool:
    """Say whether points never rise from one threshold to the next."""
    return rises(pairs[::-1])


def pairs_of(steps: Any) -> list[tuple[float, float]] | None:
    """Give thresholds and points, a mapping's ascending; None where they are of another type."""
    if isinstance(steps, Mapping):
        listed: list[Any] = list(steps.items())
    elif isinstance(steps, list | tuple):
        listed = list(steps)
    else:
        return None
    if not all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in listed):
        return None
    if not all(is_number(number) for pair in listed for number in pair):
        return None
    pairs = [(threshold, points) for threshold, points in listed]
    return sorted(pairs) if isinstance(steps, Mapping) else pairs


def is_number(value: Any) -> TypeGuard[int | float]:
    """Say whether a value of a definition is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def are_points(value: float) -> bool:
    """Say whether a number can be points."""
    return 0 <= value <= MAX_POINTS


def not_points(value: float) -> str:
    """Say what points are."""
    return f"points are from 0 to {MAX_POINTS:g}, not {exact_text(value)}"
