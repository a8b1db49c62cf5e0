"""Models of one metric's distribution given the peer dimensions, one file each.

To add one: write a module with a function like those in `ESTIMATORS` and add its entry there and
in `training.definition.estimators`; the battery in ``tests/training/peer_models`` then holds it to
the same laws as the others.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from training.peer_models.choose import choose_estimator
from training.peer_models.distribution_regression import fit_distribution_regression
from training.peer_models.interface import FitEstimator, MetricSample, PeerModel
from training.peer_models.marginal import fit_marginal
from training.peer_models.nearest_peers import fit_nearest_peers
from training.peer_models.parametric import fit_parametric

#: By the name a scorecard asks for.
ESTIMATORS: Mapping[str, Any] = {
    "distribution_regression": fit_distribution_regression,
    "marginal": fit_marginal,
    "nearest_peers": fit_nearest_peers,
    "parametric": fit_parametric,
}
#: Those that are fitted to values, not to counts: the accounts must be in memory.
NEED_VALUES = frozenset({"parametric"})


def estimator(name: str | None, **options: Any) -> FitEstimator:
    """Find an estimator by name, with its options set; by None, the choice among candidates.

    Parameters
    ----------
    options
        Those of the estimator's own function; what is None is left out.
    """
    if name is None:
        return choose_estimator
    given = {key: value for key, value in options.items() if value is not None}
    fit: FitEstimator = partial(ESTIMATORS[name], **given)
    return fit


__all__ = ["ESTIMATORS", "NEED_VALUES", "FitEstimator", "MetricSample", "PeerModel", "estimator"]
