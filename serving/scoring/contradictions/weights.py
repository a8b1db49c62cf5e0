"""Weights: what each may be, that not all are 0, and what they sum to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from serving.scoring.contradictions.any_shape import Mistake, Path, is_number, mapping
from serving.scoring.enough_text import exact_text

#: Above this, sums of weighted scores could overflow.
MAX_WEIGHT = 1e9


def weight_mistakes(path: Path, body: Any) -> Iterator[Mistake]:
    """Find what is wrong with the weights of what a component, or the tree, holds."""
    if not isinstance(body, Mapping):
        return
    metrics, children = body.get("metrics", {}), body.get("components", {})
    if metrics in ({}, []) and children == {}:
        yield Mistake(path or ("components",), "has neither metrics nor components")
    weights: dict[Path, Any] = {
        **{(*path, "metrics", name): weight for name, weight in mapping(metrics).items()},
        **{
            (*path, "components", name, "weight"): mapping(child).get("weight")
            for name, child in mapping(children).items()
        },
    }
    for where, weight in weights.items():
        if is_number(weight) and not 0 <= weight <= MAX_WEIGHT:
            given = exact_text(weight)
            yield Mistake(where, f"a weight is a number from 0 to {MAX_WEIGHT:g}, not {given}")
    if weights and all(is_number(weight) and weight == 0 for weight in weights.values()):
        yield Mistake(path or ("components",), "every weight is 0, so it could never have a score")


def total_mistakes(tree: Mapping[str, Any]) -> Iterator[Mistake]:
    """Find weights of the top components that do not sum to what they were declared to."""
    total = tree.get("weights_total")
    if not is_number(total):
        return
    if not 0 < total <= MAX_WEIGHT:
        reason = f"{exact_text(total)} is not a number above 0, such as 100"
        yield Mistake(("weights_total",), reason)
        return
    parts = mapping(tree.get("components"))
    weights = [mapping(body).get("weight") for body in parts.values()]
    numbers = [weight for weight in weights if is_number(weight) and 0 <= weight <= MAX_WEIGHT]
    if numbers and len(numbers) == len(weights) and abs(sum(numbers) - total) > 1e-9 * total:
        reason = (
            f"the weights of {', '.join(parts)} sum to {sum(numbers):.12g}, not to {total:.12g}"
        )
        yield Mistake(("weights_total",), reason)
