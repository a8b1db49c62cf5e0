"""Small models over many peer dimensions made by hand: no fit, random numbers."""

from typing import Any

import numpy as np
from builders import BOUNDS, CURVES, INF, KNOTS, make_curve, make_tree
from numpy.typing import NDArray

from serving.scoring.peer_axes import Axis
from serving.scoring.peer_forest import PeerForest
from serving.scoring.peer_forests import PeerForests, categories_of
from serving.scoring.scorecard import Scorecard
from serving.scoring.smooth_terms import SmoothTerms
from serving.scoring.tree_arrays import Trees

BACKGROUND = 7
#: A dimension and the rank of a step in it.
STEP = (1, 0.5)


def make_many_tree() -> dict[str, Any]:
    """Four numbers and a category to compare by: too many for a grid."""
    return make_tree(
        peer_dimensions=[
            {"name": "age", "type": "number"},
            {"name": "size", "type": "number"},
            {"name": "region", "type": "category", "categories": ["EU", "US", "AP"]},
            {"name": "seats", "type": "number"},
            {"name": "since", "type": "date"},
        ]
    )


def make_trees(
    rng: np.random.Generator, *, trees: int = 12, depth: int = 3, features: int, outputs: int
) -> Trees:
    """Random trees, some of whose branches end early; thresholds are in eighths, to be met."""
    shape = trees, 2**depth - 1
    threshold = rng.integers(0, 9, shape) / 8.0
    threshold[rng.random(shape) < 0.2] = np.inf
    return Trees(
        rng.integers(0, features, shape).astype(np.int16),
        threshold.astype(np.float32),
        rng.normal(0.0, 0.3, (trees, 2**depth, outputs)).astype(np.float32),
    )


def make_forest(
    rng: np.random.Generator, name: str, categories: tuple[int, ...], **trees: int
) -> PeerForest:
    knots = np.array(KNOTS, dtype=np.float64)
    inner = len(knots) - 2
    numbers = [position for position, count in enumerate(categories) if count == 0]
    terms = SmoothTerms(categories, (STEP,) if STEP[0] in numbers else ())
    features = sum(count or 1 for count in categories)
    return PeerForest(
        make_curve(CURVES[name]),
        knots,
        *BOUNDS.get(name, (-INF, INF)),
        terms=terms,
        coefficients=rng.normal(0.0, 0.3, (terms.count, inner)),
        offset=np.log(knots[1:-1] / (1.0 - knots[1:-1])),
        trees=make_trees(rng, **{"features": max(features, 1), "outputs": inner} | trees),
        observed=0.75,
    )


def make_places(
    rng: np.random.Generator, rows: int, categories: tuple[int, ...]
) -> NDArray[np.float64]:
    """Ranks and codes; half of the ranks in eighths, where the trees' thresholds are."""
    columns = [
        rng.integers(0, count, rows).astype(float)
        if count
        else np.where(rng.random(rows) < 0.5, rng.integers(0, 9, rows) / 8.0, rng.random(rows))
        for count in categories
    ]
    return np.column_stack(columns) if columns else np.empty((rows, 0))


def make_forests(scorecard: Scorecard, *, seed: int = 0) -> PeerForests:
    rng = np.random.default_rng(seed)
    axes = tuple(
        Axis(column, None, np.empty(0))
        if column.type == "category"
        else Axis(column, make_curve(CURVES[column.name]), np.array([0.0, 1.0]))
        for column in scorecard.peer_dimensions
    )
    categories = categories_of(axes)
    # Without trees a forest has no features to look at.
    trees = {} if axes else {"trees": 0, "depth": 0}
    metrics = {
        metric.name: make_forest(rng, metric.name, categories, **trees)
        for metric in scorecard.metrics
    }
    informed = rng.normal(size=(3 * SmoothTerms(categories).count, SmoothTerms(categories).count))
    leverage = np.linalg.inv(informed.T @ informed)
    background = make_places(rng, BACKGROUND, categories)
    return PeerForests(axes, metrics, background, (leverage + leverage.T) / 2.0)
