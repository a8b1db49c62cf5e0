"""Distribution regression: P(Y <= t) for all thresholds t at once, smooth first, boosted second.

For K thresholds (knots) the targets are the K indicators 1[Y <= t]. A penalised spline model
explains what changes smoothly with the peer dimensions, steps where they are clear, and one
XGBoost ensemble of vector-leaf trees what is left, if held-out accounts say that something is.
Sorting along the knots makes F monotone in the value. Accounts are gathered into cells of the
peer dimensions first: the counts per cell are all the likelihood needs, so a fit costs the same
for ten thousand accounts and for ten million.

References
----------
.. [1] Foresi & Peracchi (1995), "The Conditional Distribution of Excess Returns", JASA 90(430).
.. [2] Chernozhukov, Fernández-Val & Galichon (2010), "Quantile and Probability Curves Without
       Crossing", Econometrica 78(3).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray

from serving.scoring.smooth_terms import SmoothTerms
from training.peer_models.counting import CellCounts
from training.peer_models.interface import Sample
from training.peer_models.losses import compare_losses, log_losses
from training.peer_models.marginal import Marginal
from training.peer_models.prerequisites import NO_GAIN, reason_for_marginal
from training.peer_models.smooth_logit import (
    STRENGTHS,
    TYPICAL,
    SmoothLogit,
    fit_smooth,
    shares,
    sigmoid,
)
from training.peer_models.steps import find_step

#: Finer splines are tried where the penalty chosen is at most this, so that coarse ones bend as
#: much as they can, and where so many accounts can tell more pieces apart.
LOOSE = 1.0
MANY_ACCOUNTS = 20_000
FINE_PIECES = 8
MAX_STEPS = 3
MAX_ROUNDS = 600
#: Rounds without a better held-out loss before boosting stops.
PATIENCE = 12
#: Refitting on a third more accounts affords some more rounds.
REFIT_ROUNDS = 1.1
PARAMETERS: dict[str, Any] = {
    "objective": "binary:logistic",
    "multi_strategy": "multi_output_tree",
    "tree_method": "hist",
    "max_bin": 64,
    "max_depth": 3,
    "eta": 0.1,
    "subsample": 0.8,
    "min_child_weight": 10,
    # One thread per metric; several metrics run at once. Sums then run in one order.
    "nthread": 1,
}


@dataclass(frozen=True)
class DistributionRegression:
    """A smooth model of the inner knots, and a booster of what it leaves over, if any."""

    smooth: SmoothLogit
    booster: xgboost.Booster | None
    seed: int
    gain: float
    gain_error: float

    def cdf(self, dimensions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Predict F at every knot, sorted along the knots; see `PeerModel.cdf`."""
        margin = self.smooth.margin(dimensions)
        if self.booster is None:
            return with_ends(sigmoid(margin))
        data = _matrix(dimensions, self.smooth.terms.categories, margin)
        return with_ends(self.booster.predict(data).astype(np.float64).reshape(margin.shape))

    def refit(self, sample: Sample) -> DistributionRegression:
        """Fit again on more accounts, with somewhat more rounds."""
        cells = sample.gather(self.smooth.terms.steps)
        smooth = fit_smooth(cells, self.smooth.terms, self.smooth.strength, self.smooth)
        if self.booster is None:
            return replace(self, smooth=smooth)
        rounds = int(self.booster.num_boosted_rounds() * REFIT_ROUNDS)
        return replace(self, smooth=smooth, booster=_boost(cells, smooth, self.seed, rounds))

    @property
    def steps(self) -> tuple[tuple[int, float], ...]:
        """Dimension and rank of the steps of the smooth part."""
        return self.smooth.terms.steps

    def effective_peers(self, dimensions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Count the accounts that inform each place; see `PeerModel.effective_peers`."""
        return self.smooth.effective_peers(dimensions)

    def describe(self) -> dict[str, Any]:
        """Say what was kept, and what it gained on the selection accounts."""
        return {
            "estimator": "distribution_regression",
            "penalty": self.smooth.strength,
            "pieces": self.smooth.terms.pieces,
            "steps": [list(step) for step in self.smooth.terms.steps],
            "rounds": 0 if self.booster is None else self.booster.num_boosted_rounds(),
            "selection_gain": self.gain,
            "selection_gain_standard_error": self.gain_error,
        }

    def booster_json(self) -> bytes | None:
        """Give the ensemble as XGBoost's JSON; None if there is none."""
        return None if self.booster is None else bytes(self.booster.save_raw("json"))


def fit_distribution_regression(
    fitting: Sample, selection: Sample, *, seed: int
) -> DistributionRegression | Marginal:
    """Fit to `fitting`; `selection` chooses the penalty, the steps and the number of rounds.

    The first of marginal, smooth, smooth with steps and boosted is kept whose successor does not
    gain at least one standard error in held-out log-loss. For fewer than `MIN_ACCOUNTS` accounts
    or a constant metric the marginal distribution is returned with the reason.
    """
    if reason := reason_for_marginal(fitting, selection):
        return Marginal(fitting.knots, reason, len(fitting))
    smooth = _choose_smooth(fitting, selection)
    smooth = _add_steps(fitting, selection, smooth)
    held_out = selection.gather(smooth.terms.steps)
    model = DistributionRegression(smooth, None, seed, 0.0, 0.0)
    model = _try_boosting(fitting, held_out, model)
    alone = with_ends(np.tile(shares(fitting.cells), (len(held_out.accounts), 1)))
    gain, error = compare_losses(alone, model.cdf(held_out.dimensions), held_out)
    if gain < error:
        return Marginal(fitting.knots, NO_GAIN, len(fitting))
    return replace(model, gain=gain, gain_error=error)


def with_ends(inner: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sort F along the inner knots and put 0 and 1 at its ends."""
    zeros, ones = np.zeros((len(inner), 1)), np.ones((len(inner), 1))
    return np.concatenate([zeros, np.sort(inner, axis=1), ones], axis=1)


def _choose_smooth(fitting: Sample, selection: Sample) -> SmoothLogit:
    terms = SmoothTerms(fitting.categories)
    smooth = _choose_strength(fitting.cells, selection.cells, terms)
    # Categories may be too many for a table, and served models have splines of one fineness.
    tabled = fitting.is_gathered and not any(fitting.categories)
    if smooth.strength > LOOSE or len(fitting) < MANY_ACCOUNTS or not tabled:
        return smooth
    terms = replace(terms, pieces=FINE_PIECES)
    finer = _choose_strength(fitting.cells, selection.cells, terms)
    held_out = selection.cells
    gain, error = compare_losses(
        _smooth_cdf(smooth, held_out), _smooth_cdf(finer, held_out), held_out
    )
    return finer if gain > error else smooth


def _choose_strength(fitting: CellCounts, held_out: CellCounts, terms: SmoothTerms) -> SmoothLogit:
    """Take the strongest penalty whose held-out loss is within one standard error of the best."""
    models: list[SmoothLogit] = []
    losses: list[float] = []
    for strength in STRENGTHS:
        models.append(fit_smooth(fitting, terms, strength, models[-1] if models else None))
        losses.append(float(log_losses(_smooth_cdf(models[-1], held_out), held_out).sum()))
        if losses[-1] > min(losses):
            break
    best = models[int(np.argmin(losses))]
    for model in models:
        worse, error = compare_losses(
            _smooth_cdf(model, held_out), _smooth_cdf(best, held_out), held_out
        )
        if worse <= error:
            break
    return model


def _smooth_cdf(smooth: SmoothLogit, cells: CellCounts) -> NDArray[np.float64]:
    return with_ends(sigmoid(smooth.margin_of(cells)))


def _add_steps(fitting: Sample, selection: Sample, smooth: SmoothLogit) -> SmoothLogit:
    """Add the clearest step, and the next, while held-out accounts gain by it."""
    while len(smooth.terms.steps) < MAX_STEPS:
        steps = smooth.terms.steps
        cells = fitting.gather(steps)
        stiff = smooth if smooth.strength >= TYPICAL else fit_smooth(cells, smooth.terms, TYPICAL)
        found = find_step(fitting, cells, sigmoid(stiff.margin_of(cells)))
        if found is None or found in steps:
            return smooth
        terms = replace(smooth.terms, steps=tuple(sorted((*steps, found))))
        held_out = selection.gather(terms.steps)
        stepped = _choose_strength(fitting.gather(terms.steps), held_out, terms)
        gain, error = compare_losses(
            _smooth_cdf(smooth, held_out), _smooth_cdf(stepped, held_out), held_out
        )
        if gain < error:
            return smooth
        smooth = stepped
    return smooth


def _try_boosting(
    fitting: Sample, held_out: CellCounts, model: DistributionRegression
) -> DistributionRegression:
    smooth = model.smooth
    cells = fitting.gather(smooth.terms.steps)
    booster = _boost(cells, smooth, model.seed, MAX_ROUNDS, stop_by=held_out)
    boosted = replace(model, booster=booster[: booster.best_iteration + 1])
    gain, error = compare_losses(
        model.cdf(held_out.dimensions), boosted.cdf(held_out.dimensions), held_out
    )
    return boosted if gain > error else model


def _boost(
    cells: CellCounts,
    smooth: SmoothLogit,
    seed: int,
    rounds: int,
    stop_by: CellCounts | None = None,
) -> xgboost.Booster:
    stopping: dict[str, Any] = {}
    if stop_by is not None:
        stopping = {
            "evals": [(_training_matrix(stop_by, smooth), "selection")],
            "early_stopping_rounds": PATIENCE,
            "verbose_eval": False,
        }
    data = _training_matrix(cells, smooth)
    return xgboost.train({**PARAMETERS, "seed": seed}, data, rounds, **stopping)


def _training_matrix(cells: CellCounts, smooth: SmoothLogit) -> xgboost.DMatrix:
    margin = smooth.margin_of(cells)
    data = _matrix(cells.dimensions, smooth.terms.categories, margin)
    data.set_label(cells.at_or_below[:, 1:-1] / cells.accounts[:, None])
    data.set_weight(cells.accounts)
    return data


def _matrix(
    dimensions: NDArray[np.float64], categories: tuple[int, ...], margin: NDArray[np.float64]
) -> xgboost.DMatrix:
    """Numbers as they are, categories one-hot: vector-leaf trees know no categories."""
    columns = [
        (dimensions[:, [position]] == np.arange(count)) if count else dimensions[:, [position]]
        for position, count in enumerate(categories)
    ]
    data = xgboost.DMatrix(np.concatenate(columns, axis=1, dtype=np.float32), nthread=1)
    data.set_base_margin(margin)
    return data
