"""Choosing an estimator for a metric by accounts that the fits have not seen."""

from __future__ import annotations

from training.peer_models.distribution_regression import fit_distribution_regression
from training.peer_models.interface import PeerModel, Sample
from training.peer_models.losses import compare_losses
from training.peer_models.nearest_peers import fit_nearest_peers


def choose_estimator(fitting: Sample, selection: Sample, *, seed: int) -> PeerModel:
    """Keep the simpler of two candidates unless the other gains more than one standard error.

    Distribution regression has a few dozen terms, nearest peers a share for every place. Both give
    the marginal distribution where peers tell nothing; a named family is for those who ask for it.
    The standard error is that of the paired difference in log-loss over the selecting accounts.
    """
    simple = fit_distribution_regression(fitting, selection, seed=seed)
    other = fit_nearest_peers(fitting, selection, seed=seed)
    if _gain(other) <= _gain(simple):
        return simple
    held_out = selection.gather(simple.steps)
    gain, error = compare_losses(
        simple.cdf(held_out.dimensions), other.cdf(held_out.dimensions), held_out
    )
    return other if gain > error else simple


def _gain(model: PeerModel) -> float:
    """Give what a model gained over ignoring peers, by its own account."""
    return float(model.describe().get("selection_gain", 0.0))
