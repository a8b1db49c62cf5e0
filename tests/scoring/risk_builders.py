"""Small classifiers made by hand: no fit, random trees."""

import numpy as np
from forest_builders import make_trees
from numpy.typing import NDArray

from serving.scoring.risk_trees import BoostedRisk

INPUTS = ("tenure_months", "logins_30d", "support_cases_90d")


def make_risk(
    *, seed: int = 0, inputs: tuple[str, ...] = INPUTS, trees: int = 12, depth: int = 3
) -> BoostedRisk:
    rng = np.random.default_rng(seed)
    ensemble = make_trees(rng, trees=trees, depth=depth, features=2 * len(inputs), outputs=1)
    return BoostedRisk(inputs, ensemble, base=-1.0, slope=0.9, intercept=0.1)


def make_facts(rows: int, *, seed: int = 0, inputs: int = len(INPUTS)) -> list[NDArray[np.float64]]:
    """Columns, a fifth of them not known, many exactly at the trees' thresholds."""
    rng = np.random.default_rng(seed)
    values = np.where(
        rng.random((inputs, rows)) < 0.5,
        rng.integers(0, 9, (inputs, rows)) / 8.0,
        rng.random((inputs, rows)),
    )
    values[rng.random((inputs, rows)) < 0.2] = np.nan
    return [*values]
