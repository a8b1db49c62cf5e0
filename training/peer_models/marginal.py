"""The distribution over all accounts: what is left when peers say nothing, or are too few."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.peer_models.interface import Sample


@dataclass(frozen=True)
class Marginal:
    """Ignores the peer dimensions. In the coordinate of pooled ranks its F is the identity."""

    knots: NDArray[np.float64]
    reason: str
    accounts: int

    def cdf(self, dimensions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the knots themselves, for every account; see `PeerModel.cdf`."""
        return np.tile(self.knots, (len(dimensions), 1))

    def refit(self, sample: Sample) -> Marginal:
        """Nothing was fitted; there are more accounts."""
        return replace(self, accounts=len(sample))

    @property
    def steps(self) -> tuple[tuple[int, float], ...]:
        """There are none."""
        return ()

    def effective_peers(self, dimensions: NDArray[np.float64]) -> NDArray[np.float64]:
        """All accounts are peers; see `PeerModel.effective_peers`."""
        return np.full(len(dimensions), float(max(self.accounts, 1)))

    def describe(self) -> dict[str, Any]:
        """Say why peers are ignored."""
        return {"estimator": "marginal", "reason": self.reason}

    def booster_json(self) -> None:
        """There is none."""
        return


def fit_marginal(fitting: Sample, selection: Sample, *, seed: int) -> Marginal:  # noqa: ARG001
    """Fit nothing: the pooled distribution is known already."""
    return Marginal(fitting.knots, "asked for by the scorecard", len(fitting))
