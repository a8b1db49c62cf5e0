"""Metric scores → component scores → the global score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from serving.scoring.scorecard import MissingPolicy, Scorecard


def weighted_mean(
    scores: Sequence[NDArray[np.float64]], weights: Sequence[float], *, missing: MissingPolicy
) -> NDArray[np.float64]:
    """Average scores by weight, account by account.

    Parameters
    ----------
    scores : sequence of ndarray of shape (n_accounts,)
        One array per child; NaN means "no score".
    weights : sequence of float
        One per child, not negative; they need not sum to 1.
    missing : {"skip", "zero"}
        "skip" renormalises the weights of what is there; "zero" counts a missing score as 0,
        as css-mini does.

    Returns
    -------
    ndarray of shape (n_accounts,)
        NaN where no child with a positive weight has a score, under both policies.

    Examples
    --------
    >>> full, none = np.array([8.0]), np.array([np.nan])
    >>> weighted_mean([full, none], [3, 1], missing="skip")
    array([8.])
    >>> weighted_mean([full, none], [3, 1], missing="zero")
    array([6.])
    """
    total = np.zeros(len(scores[0]))
    present_weight = np.zeros(len(scores[0]))
    best = np.full(len(scores[0]), np.nan)
    # Child by child and not as a matrix product: a BLAS product may add in another order for
    # another number of rows, and an account's score must not depend on who else is in the batch.
    for score, weight in zip(scores, weights, strict=True):
        present = ~np.isnan(score)
        total += np.where(present, score, 0.0) * weight
        present_weight += present * weight
        best = np.fmax(best, score) if weight > 0 else best
    divisor = present_weight if missing == "skip" else np.full_like(total, sum(weights))
    mean: NDArray[np.float64] = np.divide(
        total, divisor, out=np.full_like(total, np.nan), where=present_weight > 0
    )
    # Weights such as 0.2, 0.7 and 0.1 add up to less than 1, and three tens to more than ten.
    np.minimum(mean, best, out=mean)
    return mean


def roll_up(
    scorecard: Scorecard, metric_scores: Mapping[str, NDArray[np.float64]]
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.float64]]:
    """Compute every component's score, children before their parents, and the global score.

    All arrays have shape (n_accounts,). Nothing is rounded here.
    """
    scores: dict[str, NDArray[np.float64]] = {}
    for node in scorecard.all_components:
        scores[node.name] = weighted_mean(
            [metric_scores[name] for name in node.metrics]
            + [scores[child.name] for child in node.components],
            [*node.metrics.values(), *(child.weight for child in node.components)],
            missing=scorecard.missing,
        )
    overall = weighted_mean(
        [scores[top.name] for top in scorecard.components],
        [top.weight for top in scorecard.components],
        missing=scorecard.missing,
    )
    return scores, overall
