"""Every estimator, ready to be called like any other."""

from collections.abc import Mapping
from functools import partial

from training.peer_models import ESTIMATORS, FitEstimator
from training.peer_models.families import FAMILIES
from training.peer_models.nearest_peers import fit_nearest_peers
from training.peer_models.parametric import fit_parametric

FITS: Mapping[str, FitEstimator] = {
    **{name: fit for name, fit in ESTIMATORS.items() if name != "parametric"},
    "nearest_peers": fit_nearest_peers,
    **{f"parametric {name}": partial(fit_parametric, family=name) for name in FAMILIES},
}
