"""What the scorer asks of a fitted classifier, such as one of churn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class RiskModel(Protocol):
    """Predicts how likely an outcome is, from columns."""

    @property
    def inputs(self) -> Sequence[str]:
        """The columns it was fitted to, in order."""

    def probability(self, columns: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
        """Give the calibrated probability of the outcome for each account.

        Parameters
        ----------
        columns : sequence of ndarray of shape (n_accounts,)
            One per input; NaN means "not known", which the model has learned to live with.

        Returns
        -------
        ndarray of shape (n_accounts,)
            In [0, 1]; an account's depends on its own row alone, to the bit.
        """
