"""Models of one metric's distribution given the peer dimensions, one file each.

To add one: write a module with a function like those in `ESTIMATORS` and add its entry there; the
battery in ``tests/training/peer_models`` then holds it to the same laws as the others.
"""

from collections.abc import Mapping

from training.peer_models.distribution_regression import fit_distribution_regression
from training.peer_models.interface import FitEstimator, MetricSample, PeerModel
from training.peer_models.marginal import fit_marginal

#: By the name a scorecard asks for.
ESTIMATORS: Mapping[str, FitEstimator] = {
    "distribution_regression": fit_distribution_regression,
    "marginal": fit_marginal,
}

__all__ = ["ESTIMATORS", "FitEstimator", "MetricSample", "PeerModel"]
