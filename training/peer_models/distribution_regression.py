"""Distribution regression: one boosted model of P(Y <= t) for all thresholds t at once.

For K thresholds (knots) the targets are the K indicators 1[Y <= t]; one XGBoost ensemble of
vector-leaf trees fits all of them, starting from the marginal distribution. Sorting along the
knots makes F monotone in the value. Accounts are gathered into cells of the peer dimensions
first: the counts per cell are all the likelihood needs, so a fit costs the same for ten thousand
accounts and for ten million.

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

from training.peer_models.interface import CellCounts, MetricSample
from training.peer_models.losses import compare_losses
from training.peer_models.marginal import Marginal

#: Below this many accounts a model of peers is noise.
MIN_ACCOUNTS = 300
MAX_ROUNDS = 600
#: Rounds without a better held-out loss before boosting stops.
PATIENCE = 25
#: Refitting on a third more accounts affords some more rounds.
REFIT_ROUNDS = 1.1
PARAMETERS = {
    "objective": "binary:logistic",
    "multi_strategy": "multi_output_tree",
    "tree_method": "hist",
    "max_bin": 64,
    "max_depth": 3,
    "eta": 0.15,
    "subsample": 0.8,
    "min_child_weight": 10,
    # One thread per metric; several metrics run at once. Sums then run in one order.
    "nthread": 1,
}
#: Shares of exactly 0 or 1 have no logit.
_EDGE = 1e-6


@dataclass(frozen=True)
class DistributionRegression:
    """A fitted booster over the inner knots, and the marginal shares it starts from."""

    booster: xgboost.Booster
    start: NDArray[np.float64]
    categories: tuple[int, ...]
    seed: int
    gain: float = 0.0
    gain_error: float = 0.0

    def cdf(self, dimensions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Predict F at every knot, sorted along the knots; see `PeerModel.cdf`."""
        data = _matrix(dimensions, self.categories, self.start)
        inner = self.booster.predict(data).astype(np.float64).reshape(len(dimensions), -1)
        ends = np.zeros((len(inner), 1)), np.ones((len(inner), 1))
        return np.concatenate([ends[0], np.sort(inner, axis=1), ends[1]], axis=1)

    def refit(self, sample: MetricSample) -> DistributionRegression:
        """Boost again on more accounts, with somewhat more rounds."""
        start = _shares(sample.cells)
        rounds = int(self.booster.num_boosted_rounds() * REFIT_ROUNDS)
        return replace(self, booster=_boost(sample, start, self.seed, rounds), start=start)

    def describe(self) -> dict[str, Any]:
        """Say how many rounds were kept and what they gained on the selection accounts."""
        return {
            "estimator": "distribution_regression",
            "rounds": self.booster.num_boosted_rounds(),
            "selection_gain": self.gain,
            "selection_gain_standard_error": self.gain_error,
        }

    def booster_json(self) -> bytes:
        """Give the ensemble as XGBoost's JSON."""
        return bytes(self.booster.save_raw("json"))


def fit_distribution_regression(
    fitting: MetricSample, selection: MetricSample, *, seed: int
) -> DistributionRegression | Marginal:
    """Boost on `fitting` until `selection` says to stop.

    The model is kept only if its gain in held-out log-loss over the marginal distribution is at
    least one standard error; else, and for fewer than `MIN_ACCOUNTS` accounts or a constant
    metric, the marginal distribution is returned with the reason.
    """
    if reason := _why_not(fitting, selection):
        return Marginal(fitting.knots, reason)
    start = _shares(fitting.cells)
    booster = _boost(fitting, start, seed, MAX_ROUNDS, stop_by=selection)
    best = booster[: booster.best_iteration + 1]
    model = DistributionRegression(best, start, fitting.categories, seed)
    held_out = selection.cells
    alone = np.tile(np.concatenate([[0.0], start, [1.0]]), (len(held_out.accounts), 1))
    gain, error = compare_losses(alone, model.cdf(held_out.dimensions), held_out)
    if gain < error:
        return Marginal(fitting.knots, "peers tell no more than chance about this metric")
    return replace(model, gain=gain, gain_error=error)


def _why_not(fitting: MetricSample, selection: MetricSample) -> str | None:
    """Say why there is nothing to boost; None if there is."""
    accounts = len(fitting) + len(selection)
    if accounts < MIN_ACCOUNTS:
        return f"{accounts} accounts; {MIN_ACCOUNTS} are needed"
    if not len(fitting) or not len(selection):
        return f"no account is left to {'select by' if len(fitting) else 'fit to'}"
    if len(fitting.knots) == 2:
        return "every account has the same value"
    if len(fitting.cells.accounts) == 1:
        return "every account is at the same place in the peer dimensions"
    return None


def _boost(
    sample: MetricSample,
    start: NDArray[np.float64],
    seed: int,
    rounds: int,
    stop_by: MetricSample | None = None,
) -> xgboost.Booster:
    stopping: dict[str, Any] = {}
    if stop_by is not None:
        stopping = {
            "evals": [(_training_matrix(stop_by, start), "selection")],
            "early_stopping_rounds": PATIENCE,
            "verbose_eval": False,
        }
    return xgboost.train(
        {**PARAMETERS, "seed": seed}, _training_matrix(sample, start), rounds, **stopping
    )


def _training_matrix(sample: MetricSample, start: NDArray[np.float64]) -> xgboost.DMatrix:
    cells = sample.cells
    data = _matrix(cells.dimensions, sample.categories, start)
    data.set_label(cells.at_or_below[:, 1:-1] / cells.accounts[:, None])
    data.set_weight(cells.accounts)
    return data


def _matrix(
    dimensions: NDArray[np.float64], categories: tuple[int, ...], start: NDArray[np.float64]
) -> xgboost.DMatrix:
    """Numbers as they are, categories one-hot: vector-leaf trees know no categories."""
    columns = [
        (dimensions[:, [position]] == np.arange(count)) if count else dimensions[:, [position]]
        for position, count in enumerate(categories)
    ]
    data = xgboost.DMatrix(np.concatenate(columns, axis=1, dtype=np.float32), nthread=1)
    data.set_base_margin(np.tile(np.log(start / (1.0 - start)), (len(dimensions), 1)))
    return data


def _shares(cells: CellCounts) -> NDArray[np.float64]:
    """Give the share of accounts at or below each inner knot."""
    shares: NDArray[np.float64] = cells.at_or_below[:, 1:-1].sum(axis=0) / cells.accounts.sum()
    return np.clip(shares, _EDGE, 1.0 - _EDGE)
