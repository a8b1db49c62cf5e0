"""Metric scores → component scores → the global score."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from serving.scoring.coverage import Covered
from serving.scoring.scorecard import MissingPolicy, Scorecard

#: What is averaged: the scores of many accounts, or of one.
_Scores = TypeVar("_Scores", NDArray[np.float64], float)


class _Mean(NamedTuple):
    """One weighted mean; `children` are places among the metrics and the means before it."""

    children: tuple[int, ...]
    weights: tuple[float, ...]


class RollUp:
    """The means of a scorecard: its components, children before their parents, and the whole.

    Parameters
    ----------
    metrics : sequence of str
        The order in which metric scores will be given.
    """

    def __init__(self, scorecard: Scorecard, metrics: Sequence[str]) -> None:
        self._missing = scorecard.missing
        metric = {name: place for place, name in enumerate(metrics)}
        components = scorecard.all_components
        component = {node.name: place for place, node in enumerate(components, len(metrics))}
        self._means = [
            _Mean(
                (
                    *(metric[name] for name in node.metrics),
                    *(component[child.name] for child in node.components),
                ),
                (*node.metrics.values(), *(child.weight for child in node.components)),
            )
            for node in components
        ]
        top = scorecard.components
        self._means.append(
            _Mean(tuple(component[node.name] for node in top), tuple(node.weight for node in top))
        )

    def many(
        self,
        scores: Sequence[NDArray[np.float64]],
        covered: Sequence[Covered] | None = None,
        applies: Sequence[NDArray[np.bool_]] = (),
    ) -> list[NDArray[np.float64]]:
        """Give all means of many accounts, the global score last; arrays of shape (n_accounts,).

        Parameters
        ----------
        covered : sequence of Covered, optional
            Of every mean, where some may be withheld, or some metrics may not apply.
        applies : sequence of ndarray of bool, shape (n_accounts,)
            Goes with `covered`: of every metric, where it applies.
        """
        if covered is None:
            return self._all(scores, weighted_mean)
        known = list(scores)
        counted = [*applies, *(~np.isnan(each.share) for each in covered)]
        for (children, weights), each in zip(self._means, covered, strict=True):
            mean = weighted_mean(
                [known[child] for child in children],
                weights,
                missing=self._missing,
                applies=[counted[child] for child in children],
            )
            known.append(np.where(each.withheld, np.nan, mean))
        return known[len(scores) :]

    def one(self, scores: Sequence[float]) -> list[float]:
        """Give all means of one account: bit for bit what `many` gives for it."""
        return self._all(scores, mean_of_one)

    def _all(self, scores: Sequence[_Scores], mean: Callable[..., _Scores]) -> list[_Scores]:
        known = list(scores)
        for children, weights in self._means:
            known.append(mean([known[child] for child in children], weights, missing=self._missing))
        return known[len(scores) :]


def weighted_mean(
    scores: Sequence[NDArray[np.float64]],
    weights: Sequence[float],
    *,
    missing: MissingPolicy,
    applies: Sequence[NDArray[np.bool_]] | None = None,
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
    applies : sequence of ndarray of bool, shape (n_accounts,), optional
        Where each child applies to an account at all. What does not is no missing score: it counts
        under neither policy. Left out: everywhere.

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
        present = score == score  # not NaN
        total += np.where(present, score, 0.0) * weight
        present_weight += present * weight
        best = np.fmax(best, score) if weight > 0 else best
    divisor = present_weight if missing == "skip" else _whole_weight(weights, applies, len(total))
    mean: NDArray[np.float64] = np.divide(
        total, divisor, out=np.full_like(total, np.nan), where=present_weight > 0
    )
    # Weights such as 0.2, 0.7 and 0.1 add up to less than 1, and three tens to more than ten.
    np.minimum(mean, best, out=mean)
    return mean


def _whole_weight(
    weights: Sequence[float], applies: Sequence[NDArray[np.bool_]] | None, accounts: int
) -> NDArray[np.float64]:
    whole = np.full(accounts, float(sum(weights)))
    if applies is None or all(each.all() for each in applies):
        return whole
    counted = np.zeros(accounts)
    for weight, each in zip(weights, applies, strict=True):
        counted += weight * each
    # To the bit what it is for who is scored alone.
    return np.where(np.all(applies, axis=0), whole, counted)


def mean_of_one(
    scores: Sequence[float], weights: Sequence[float], *, missing: MissingPolicy
) -> float:
    """Average the scores of one account: bit for bit what `weighted_mean` gives for it.

    Examples
    --------
    >>> mean_of_one([8.0, math.nan], [3, 1], missing="zero")
    6.0
    """
    total = present_weight = 0.0
    best = math.nan
    for score, weight in zip(scores, weights, strict=True):
        if score == score:  # there is one
            total += score * weight
            present_weight += weight
            if weight > 0 and not best >= score:
                best = score
    if not present_weight > 0:
        return math.nan
    return min(total / (present_weight if missing == "skip" else sum(weights)), best)


def roll_up(
    scorecard: Scorecard, metric_scores: Mapping[str, NDArray[np.float64]]
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.float64]]:
    """Compute every component's score, children before their parents, and the global score.

    All arrays have shape (n_accounts,). Nothing is rounded here.
    """
    *components, overall = RollUp(scorecard, list(metric_scores)).many([*metric_scores.values()])
    names = (node.name for node in scorecard.all_components)
    return dict(zip(names, components, strict=True)), overall
