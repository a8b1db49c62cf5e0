"""How much of what applies to an account has a score, by weight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from serving.scoring.scorecard import Component, Scorecard
from serving.scoring.signals.signal import Status

#: Plain numbers: to look up an enum's member takes longer than to compare a few statuses with it.
_OK, _NOT_APPLICABLE = int(Status.OK), int(Status.NOT_APPLICABLE)


class Covered(NamedTuple):
    """Coverage of one component, or of the whole, for many accounts.

    Attributes
    ----------
    share : ndarray of shape (n_accounts,)
        The weight that has scores over the weight that applies; NaN where nothing applies.
    withheld : ndarray of bool, shape (n_accounts,)
        Whether that is less than the definition asks for.
    """

    share: NDArray[np.float64]
    withheld: NDArray[np.bool_]


class Coverage:
    """Coverage of a scorecard's components, children before their parents, and of the whole.

    What does not apply to an account is not missing: it counts neither way. A component that is
    withheld counts as missing to its parent. Weights are those of the definition.

    Parameters
    ----------
    metrics : sequence of str
        The order in which statuses will be given.
    """

    def __init__(self, scorecard: Scorecard, metrics: Sequence[str]) -> None:
        self._card = scorecard
        self._place = {name: place for place, name in enumerate(metrics)}
        minima = [node.minimum_coverage for node in scorecard.all_components]
        asked = any(least is not None for least in (*minima, scorecard.minimum_coverage))
        #: Whether a score can be withheld, or a metric that does not apply be taken for a 0.
        self.counts = asked or (scorecard.missing == "zero" and bool(scorecard.absolute_metrics))

    def of(self, statuses: Sequence[NDArray[np.uint8]]) -> list[Covered]:
        """Give the coverage of all means, that of the global score last.

        Parameters
        ----------
        statuses : sequence of ndarray of shape (n_accounts,)
            `Status` of each metric.
        """
        found: dict[str, Covered] = {}
        for node in self._card.all_components:
            leaves = [
                (weight, *_leaf(statuses[self._place[name]]))
                for name, weight in node.metrics.items()
            ]
            below = self._below(node.components, found)
            found[node.name] = _covered([*leaves, *below], node.minimum_coverage)
        whole = _covered(self._below(self._card.components, found), self._card.minimum_coverage)
        return [*found.values(), whole]

    def _below(self, nodes: Sequence[Component], found: dict[str, Covered]) -> list[_Child]:
        children: list[_Child] = []
        for node in nodes:
            share, withheld = found[node.name]
            applies = ~np.isnan(share)
            children.append((node.weight, applies, np.where(applies & ~withheld, share, 0.0)))
        return children


_LAST_BITS = 1e-9

#: A weight, where it applies, and the share of it that is there.
_Child = tuple[float, NDArray[np.bool_], NDArray[np.float64]]


def _leaf(statuses: NDArray[np.uint8]) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    return statuses != _NOT_APPLICABLE, (statuses == _OK).astype(np.float64)


def _covered(children: Sequence[_Child], minimum: float | None) -> Covered:
    there = np.zeros_like(children[0][2])
    applicable = np.zeros_like(there)
    for weight, applies, share in children:
        there += weight * share
        applicable += weight * applies
    with np.errstate(invalid="ignore"):
        covered: NDArray[np.float64] = there / applicable
    # By more than the last bits: weights of 0.2 and 0.7 out of 1 are a little less than 0.9.
    return Covered(covered, covered < (minimum or 0.0) - _LAST_BITS)
