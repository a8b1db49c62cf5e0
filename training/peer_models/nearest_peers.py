"""Nearest peers: F is the share of the nearest accounts at or below a value.

The plain baseline that every other estimator must beat. Nothing is fitted but how many accounts
count as near.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.peer_models.interface import Sample
from training.peer_models.marginal import Marginal
from training.peer_models.neighbourhood import Neighbourhood, choose_neighbours
from training.peer_models.prerequisites import NO_GAIN, reason_for_marginal


@dataclass(frozen=True)
class NearestPeers:
    """The accounts by cell, and how many of them count as near."""

    around: Neighbourhood
    neighbours: float
    gain: float
    gain_error: float

    def cdf(self, dimensions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the weighted share of near accounts at or below each knot; see `PeerModel.cdf`."""
        return _shares(self.around.counts(dimensions, [self.neighbours])[0])

    def refit(self, sample: Sample) -> NearestPeers:
        """Take more accounts, and as many more neighbours: a neighbourhood stays as wide."""
        around = Neighbourhood.of(sample)
        grown = around.accounts / self.around.accounts
        return replace(self, around=around, neighbours=self.neighbours * grown)

    @property
    def steps(self) -> tuple[tuple[int, float], ...]:
        """There are none."""
        return ()

    def effective_peers(self, dimensions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Count the near accounts, near ones more; see `PeerModel.effective_peers`."""
        return self.around.effective_accounts(dimensions, self.neighbours)

    def describe(self) -> dict[str, Any]:
        """Say how many neighbours were chosen and what they gained on the selection accounts."""
        return {
            "estimator": "nearest_peers",
            "neighbours": self.neighbours,
            "selection_gain": self.gain,
            "selection_gain_standard_error": self.gain_error,
        }

    def booster_json(self) -> None:
        """There is none."""
        return


def fit_nearest_peers(
    fitting: Sample,
    selection: Sample,
    *,
    seed: int,  # noqa: ARG001
) -> NearestPeers | Marginal:
    """Take `fitting` as peers; `selection` chooses how many of them are near.

    The marginal distribution is returned, with the reason, where nothing can be learned or the
    gain in held-out log-loss over it is less than one standard error.
    """
    if reason := reason_for_marginal(fitting, selection):
        return Marginal(fitting.knots, reason, len(fitting))
    around = Neighbourhood.of(fitting)
    neighbours, gain, error = choose_neighbours(around, selection, _shares)
    if gain < error:
        return Marginal(fitting.knots, NO_GAIN, len(fitting))
    return NearestPeers(around, neighbours, gain, error)


def _shares(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    shares = counts / counts[:, -1:]
    # Accounts that share the lowest value may be no atom: none of them is below the first knot.
    shares[:, 0] = 0.0
    return shares
