"""What contradicts itself in a scorecard's tree, found all at once.

Knows the tree as plain mappings and lists only, so that it can read a resolved tree and one that
a person is still writing alike. One file per part of the tree; `any_shape` is how they read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serving.scoring.contradictions.allow import allow_mistakes
from serving.scoring.contradictions.any_shape import (
    Mistake,
    component_nodes,
    dimension_names,
    is_number,
    mapping,
)
from serving.scoring.contradictions.as_stored import metric_if_well_shaped
from serving.scoring.contradictions.columns import column_mistakes, column_uses
from serving.scoring.contradictions.components import (
    component_mistakes,
    coverage_mistakes,
    parent_mistakes,
)
from serving.scoring.contradictions.events import event_mistakes
from serving.scoring.contradictions.metrics import metric_mistakes
from serving.scoring.contradictions.peers import peer_mistakes
from serving.scoring.contradictions.scale import SCALES, scale_mistakes
from serving.scoring.contradictions.weights import MAX_WEIGHT, total_mistakes, weight_mistakes

__all__ = ["MAX_WEIGHT", "SCALES", "Mistake", "tree_mistakes"]


def tree_mistakes(tree: Mapping[str, Any]) -> list[Mistake]:
    """Find what contradicts itself in a tree, resolved or as people write it.

    Passes over what has the wrong type, which is the reader's to say, so that a definition with
    several kinds of mistakes gets each reported once; a weight that is not a number yet
    (`nonzero_share`) is left alone.
    """
    bodies = {name: mapping(body) for name, body in mapping(tree.get("metrics")).items()}
    dimensions = dimension_names(tree)
    nodes = component_nodes(tree)
    read = {name: metric_if_well_shaped(name, body) for name, body in bodies.items()}
    absolute = {name: metric for name, metric in read.items() if metric is not None}
    uses = column_uses(tree, absolute)
    all_read = all(name in absolute or body.get("kind") == "peer" for name, body in bodies.items())
    return [
        *(each for name in bodies for each in metric_mistakes(name, bodies[name], dimensions)),
        *column_mistakes(tree, absolute),
        *peer_mistakes(tree, uses),
        *event_mistakes(tree, uses, all_read=all_read),
        *scale_mistakes(tree),
        *weight_mistakes((), {"components": tree.get("components")}),
        *total_mistakes(tree),
        *coverage_mistakes((), tree),
        *_driver_mistakes(mapping(tree.get("drivers"))),
        *component_mistakes(nodes, tree.get("metrics"), tree.get("missing")),
        *allow_mistakes(tree),
        *parent_mistakes(nodes, tree.get("metrics")),
    ]


def _driver_mistakes(drivers: Mapping[str, Any]) -> list[Mistake]:
    top = drivers.get("top")
    wrong = is_number(top) and not top >= 1
    return [Mistake(("drivers", "top"), f"{top} is not a number of drivers, 1 or more")] * wrong
