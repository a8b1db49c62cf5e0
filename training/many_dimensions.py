"""Many peer dimensions: the fitted models as arrays, where a grid would have too many nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from serving.scoring.peer_forest import PeerForest
from serving.scoring.peer_forests import PeerForests
from serving.scoring.smooth_terms import SmoothTerms
from serving.scoring.tree_arrays import no_trees
from training.peer_models.distribution_regression import DistributionRegression
from training.peer_models.smooth_logit import logit
from training.peer_models.tree_export import export_trees

if TYPE_CHECKING:
    from training.fit import MetricFit
from training.plan import FitPlan

#: Estimators whose models can be evaluated where accounts are scored.
WITHOUT_TABLE = ("distribution_regression", "marginal")
#: Places that stand for all where a dimension is not known; such an account costs as
#: much to score as so many others.
BACKGROUND = 64
#: Parts of rank that such a place is rounded to: no account's own numbers are stored.
_ROUNDED = 64.0


def to_forests(
    plan: FitPlan, fits: Mapping[str, MetricFit], leverage: NDArray[np.float64]
) -> PeerForests:
    """Put the models of all metrics together; each is one of `WITHOUT_TABLE`."""
    forests = {name: _to_forest(plan, fit) for name, fit in fits.items()}
    return PeerForests(plan.axes, forests, _background(plan), leverage)


def _to_forest(plan: FitPlan, fit: MetricFit) -> PeerForest:
    inner = np.clip(fit.knots[1:-1], 1e-6, 1.0 - 1e-6)
    terms, trees = SmoothTerms(plan.categories), no_trees(len(inner))
    # A share of all accounts is its own pooled rank.
    offset, coefficients = logit(inner), np.zeros((terms.count, len(inner)))
    if isinstance(fit.model, DistributionRegression):
        smooth = fit.model.smooth
        terms, offset, coefficients = smooth.terms, smooth.offset, smooth.coefficients
        if fit.model.booster is not None:
            trees = export_trees(fit.model.booster)
    observed = fit.description["accounts"] / max(len(plan.dimensions), 1)
    return PeerForest(
        fit.pooled, fit.knots, *fit.bounds, terms, coefficients, offset, trees, observed
    )


def _background(plan: FitPlan) -> NDArray[np.float64]:
    """Pick places that stand for all accounts: evenly in the order of the dimensions.

    What goes together stays together, as old and large: F is never asked about accounts that there
    are not. Ranks are rounded, so that no account can be told.

    Returns
    -------
    ndarray of shape (BACKGROUND, n_dimensions)
        Ranks and codes; a made-up one where no account has all dimensions.
    """
    known = plan.ranks[plan.known]
    if not len(known):
        return np.array([[0.0 if count else 0.5 for count in plan.categories]])
    ordered = known[np.lexsort(known.T[::-1])]
    picked = ordered[((np.arange(BACKGROUND) + 0.5) / BACKGROUND * len(ordered)).astype(np.intp)]
    return np.where(np.array(plan.categories) > 0, picked, np.rint(picked * _ROUNDED) / _ROUNDED)
