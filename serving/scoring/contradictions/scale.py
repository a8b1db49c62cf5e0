"""The scale, and the bands that name its parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from serving.scoring.contradictions.any_shape import Mistake, is_number, mapping
from serving.scoring.enough_text import exact_text

#: The highest score of each scale.
SCALES: Mapping[str, float] = {"out_of_10": 10.0, "zero_to_100": 100.0}

#: Scores are rounded to ten decimals, so a step needs fewer.
_SMALLEST_STEP = 1e-6


def scale_mistakes(tree: Mapping[str, Any]) -> Iterator[Mistake]:
    """Find a step that does not divide the scale, and bands that do not cover it."""
    scale = mapping(tree.get("scale"))
    maximum, step = SCALES.get(str(scale.get("type"))), scale.get("step")
    if maximum is None:
        return
    if is_number(step):
        yield from _step_mistakes(maximum, step)
    yield from _band_mistakes(maximum, mapping(tree.get("bands")))


def _step_mistakes(maximum: float, step: float) -> Iterator[Mistake]:
    told = exact_text(step)
    if not _SMALLEST_STEP <= step <= maximum:
        reason = f"{told} is not a step: give one from {_SMALLEST_STEP} to {maximum:g}, or none"
        yield Mistake(("scale", "step"), reason)
    elif abs(maximum / step - round(maximum / step)) > 1e-9:
        yield Mistake(("scale", "step"), f"{told} does not divide {maximum:g} into equal steps")


def _band_mistakes(maximum: float, bands: Mapping[str, Any]) -> Iterator[Mistake]:
    """Find gaps and overlaps: each band reaches from its lower bound to the next band's."""
    starts: dict[float, str] = {}
    names: dict[str, str] = {}
    for name, lower in bands.items():
        if not name.strip():
            yield Mistake(("bands", name), "a band needs a name")
        same = names.setdefault(name.strip().casefold(), name)
        if same != name:
            yield Mistake(("bands", name), f"can be mistaken for the band {same!r}")
        if not is_number(lower):
            continue
        if not 0 <= lower < maximum:
            begin = exact_text(lower)
            reason = f"begins at {begin}, outside the scale: from 0 to below {maximum:g}"
            yield Mistake(("bands", name), reason)
        elif starts.setdefault(lower, name) != name:
            reason = f"overlaps {starts[lower]}: both begin at {lower:g}"
            yield Mistake(("bands", name), reason)
    if starts and min(starts) > 0:
        lowest = starts[min(starts)]
        reason = (
            f"no band from 0 to {min(starts):g}: let {lowest} begin at 0, or add a band that does"
        )
        yield Mistake(("bands",), reason)
