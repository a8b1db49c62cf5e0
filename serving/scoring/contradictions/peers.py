"""Peer dimensions, and the comparison with peers beside the score."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from serving.scoring.contradictions.any_shape import (
    Mistake,
    dimension_names,
    is_name,
    is_number,
    mapping,
    not_a_name,
    sequence,
)
from serving.scoring.contradictions.columns import Use

#: In a smaller group a member could be guessed from the quartiles.
SMALLEST_GROUP = 5


def peer_mistakes(tree: Mapping[str, Any], uses: Sequence[Use]) -> Iterator[Mistake]:
    """Find what is wrong with the peer dimensions and with `peers`.

    Parameters
    ----------
    uses : sequence of Use
        The columns that the card reads.
    """
    dimensions = dimension_names(tree)
    for position, name in enumerate(dimensions):
        if isinstance(name, str) and not is_name(name):
            yield Mistake(("peer_dimensions", position), not_a_name(name))
        elif isinstance(name, str) and name in dimensions[:position]:
            yield Mistake(("peer_dimensions", position), f"{name} is listed twice")
    yield from _needless(tree, dimensions)
    yield from _overlay_mistakes(mapping(tree.get("peers")), uses)


def _needless(tree: Mapping[str, Any], dimensions: Sequence[Any]) -> Iterator[Mistake]:
    metrics = mapping(tree.get("metrics"))
    kinds = [mapping(body).get("kind") for body in metrics.values()]
    # While a kind is not readable yet, nobody knows.
    if "peer" in kinds or not all(isinstance(kind, str) for kind in kinds):
        return
    compared = sequence(mapping(tree.get("peers")).get("dimensions"))
    for position, name in enumerate(dimensions):
        if isinstance(name, str) and name not in compared and kinds:
            reason = f"nothing is compared by {name}: there is no peer metric, nor is it in `peers`"
            yield Mistake(("peer_dimensions", position), reason)


def _overlay_mistakes(overlay: Mapping[str, Any], uses: Sequence[Use]) -> Iterator[Mistake]:
    types = {use.column.name: use.column.type for use in uses}
    names = sequence(overlay.get("dimensions"))
    if "dimensions" in overlay and overlay["dimensions"] == []:
        yield Mistake(("peers", "dimensions"), "is empty; at least one is needed")
    for position, name in enumerate(names):
        where = ("peers", "dimensions", position)
        if not isinstance(name, str):
            continue
        if name in names[:position]:
            yield Mistake(where, f"{name} is listed twice")
        elif name not in types:
            yield Mistake(where, f"{name} is no column of this card; add it to `peer_dimensions`")
        elif types[name] != "number":
            yield Mistake(where, f"{name} is a {types[name]}; accounts are alike by numbers")
    smallest = overlay.get("minimum_group")
    if is_number(smallest) and not smallest >= SMALLEST_GROUP:
        reason = (
            f"{smallest} accounts are too few to stay anonymous; ask for {SMALLEST_GROUP} or more"
        )
        yield Mistake(("peers", "minimum_group"), reason)
