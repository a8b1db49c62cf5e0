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
from training.errors import DataError
from training.peer_models.distribution_regression import DistributionRegression
from training.peer_models.marginal import Marginal
from training.peer_models.smooth_logit import logit
from training.peer_models.tree_export import export_trees

if TYPE_CHECKING:
    from training.fit import FitPlan, MetricFit

#: Made-up accounts that stand for all where a dimension is not known; such an account costs as
#: much to score as so many others.
BACKGROUND = 32


def to_forests(
    plan: FitPlan, fits: Mapping[str, MetricFit], leverage: NDArray[np.float64]
) -> PeerForests:
    """Put the models of all metrics together.

    Raises
    ------
    DataError
        If a metric's estimator cannot be served without a table.
    """
    forests = {name: _to_forest(plan, name, fit) for name, fit in fits.items()}
    return PeerForests(plan.axes, forests, _background(plan), leverage)


def _to_forest(plan: FitPlan, name: str, fit: MetricFit) -> PeerForest:
    inner = np.clip(fit.knots[1:-1], 1e-6, 1.0 - 1e-6)
    terms, trees = SmoothTerms(plan.categories), no_trees(len(inner))
    # A share of all accounts is its own pooled rank.
    offset, coefficients = logit(inner), np.zeros((terms.count, len(inner)))
    if isinstance(fit.model, DistributionRegression):
        smooth = fit.model.smooth
        terms, offset, coefficients = smooth.terms, smooth.offset, smooth.coefficients
        if fit.model.booster is not None:
            trees = export_trees(fit.model.booster)
    elif fit.model is not None and not isinstance(fit.model, Marginal):
        asked = fit.model.describe()["estimator"]
        raise DataError(
            f"{name}: {asked} needs a table, and these peer dimensions are too many for one; "
            "leave the estimator out, or leave out a dimension"
        )
    observed = fit.description["accounts"] / max(len(plan.dimensions), 1)
    return PeerForest(
        fit.pooled, fit.knots, *fit.bounds, terms, coefficients, offset, trees, observed
    )


def _background(plan: FitPlan) -> NDArray[np.float64]:
    """Make up accounts whose every dimension is spread as the training accounts' is.

    Of dimensions that are both not known nothing is assumed: they are paired at random. No real
    account is stored.

    Returns
    -------
    ndarray of shape (BACKGROUND, n_dimensions)
        Ranks and codes.
    """
    rng = np.random.default_rng(plan.seed)
    levels = (np.arange(BACKGROUND) + 0.5) / BACKGROUND
    columns = []
    for position in range(len(plan.axes)):
        known = plan.ranks[:, position]
        known = np.sort(known[~np.isnan(known)])
        columns.append(rng.permutation(known[(levels * len(known)).astype(np.intp)]))
    return np.column_stack(columns)
