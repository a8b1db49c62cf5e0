"""How far scores move, on the same accounts, from champion to candidate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from serving.scoring import Scorer
from training.gate.limits import Limits
from training.gate.report import Verdict, listed
from training.gate.same_accounts import SameAccounts

Kind = Literal["metric", "component", "global"]

#: Scores are compared in points of ten, whatever their scale, as the limits are.
_POINTS = 10.0
#: What is not more than a point, with last bits to spare.
_ONE_POINT = 1.0 + 1e-9
#: Scores that differ by less are the same but for last bits.
_SAME = 1e-9
#: As a part of a limit, with last bits to spare.
_EXCEEDED = 1.0 + 1e-9
#: Accounts scored at a time.
_BLOCK = 2**16
_METRIC_LIMITS = ("moving_share", "largest_move", "mean_move")
_COMPONENT_LIMITS = ("component_moving_share", "component_largest_move", "component_mean_move")
_GLOBAL_LIMITS = ("global_moving_share", "global_largest_move", "global_mean_move")
#: Edges of the histograms, in points: half points, and a quarter to each side of whole ones.
MOVE_EDGES = np.arange(-10.25, 10.5, 0.5)
SCORE_EDGES = np.linspace(0.0, _POINTS, 51)


class Move(NamedTuple):
    """How one score moves; points are of ten.

    Attributes
    ----------
    accounts : int
        Who has the score under both, and not the lowest or the highest one under both.
    share : float
        Share of these that move by more than one point.
    largest, mean : float
        Of the absolute moves of these.
    came_or_went : float
        Share of all accounts that have the score under one artifact only.
    changed : float
        Share of `accounts` that move at all.
    """

    kind: Kind
    accounts: int
    share: float
    largest: float
    mean: float
    came_or_went: float
    changed: float


@dataclass(frozen=True, eq=False)
class Moves:
    """How all scores move that both artifacts have.

    Attributes
    ----------
    scores : mapping of str to Move
        By the key on the wire, in the candidate's order.
    histograms : ndarray of shape (n_scores, len(MOVE_EDGES) - 1)
        How many accounts move how far, candidate minus champion.
    globals : ndarray of shape (50, 50)
        How many accounts had which global score (rows) and have which (columns).
    maximum : float
        The best score on the candidate's scale.
    """

    scores: Mapping[str, Move]
    histograms: NDArray[np.int64]
    globals: NDArray[np.float64]
    maximum: float

    @property
    def point(self) -> float:
        """What a point of ten is on the candidate's scale: people are told its points."""
        return self.maximum / _POINTS


def measure_moves(candidate: Scorer, champion: Scorer, same: SameAccounts) -> Moves:
    """Score all accounts with both artifacts, block by block."""
    keys = [key for key in candidate.outputs[:-1] if key in champion.outputs[:-1]]
    tally = _Tally(len(keys))
    for start in range(0, len(same.frame), _BLOCK):
        rows = slice(start, start + _BLOCK)
        before, after = (_points(scorer, keys, same, rows) for scorer in (champion, candidate))
        tally.add(before, after)
    total = max(len(same.frame), 1)
    counted = np.maximum(tally.counted, 1)
    scores = {
        key: Move(
            _kind(key, candidate),
            int(tally.counted[place]),
            float(tally.moving[place] / counted[place]),
            float(tally.largest[place]),
            float(tally.total[place] / counted[place]),
            float(tally.came_or_went[place] / total),
            float(tally.changed[place] / counted[place]),
        )
        for place, key in enumerate(keys)
    }
    return Moves(scores, tally.histograms, tally.globals, candidate.scorecard.scale.maximum)


def _points(
    scorer: Scorer, keys: list[str], same: SameAccounts, rows: slice
) -> NDArray[np.float64]:
    places = [scorer.outputs.index(key) for key in keys]
    values = scorer.score(same.encode(scorer, rows)).values[:, places]
    return values * (_POINTS / scorer.scorecard.scale.maximum)


def _kind(key: str, scorer: Scorer) -> Kind:
    if key in scorer.metric_keys:
        return "metric"
    return "global" if key == scorer.outputs[-2] else "component"


class _Tally:
    """Counts per score; arrays of shape (n_scores,)."""

    def __init__(self, scores: int) -> None:
        counts = np.zeros((4, scores), dtype=np.int64)
        self.counted, self.moving, self.changed, self.came_or_went = counts
        self.total, self.largest = np.zeros((2, scores))
        self.histograms = np.zeros((scores, len(MOVE_EDGES) - 1), dtype=np.int64)
        self.globals = np.zeros((len(SCORE_EDGES) - 1,) * 2)

    def add(self, before: NDArray[np.float64], after: NDArray[np.float64]) -> None:
        """Count a block; scores in points, shape (n_accounts, n_scores)."""
        self.came_or_went += (np.isnan(before) != np.isnan(after)).sum(axis=0)
        same_end = (before == after) & ((before == 0.0) | (before == _POINTS))
        for place in range(before.shape[1]):
            counts = ~same_end[:, place] & ~np.isnan(before[:, place] + after[:, place])
            moves = (after - before)[counts, place]
            sizes = np.abs(moves)
            self.counted[place] += len(moves)
            self.moving[place] += (sizes > _ONE_POINT).sum()
            self.changed[place] += (sizes > _SAME).sum()
            self.total[place] += sizes.sum()
            self.largest[place] = sizes.max(initial=self.largest[place])
            self.histograms[place] += np.histogram(moves, MOVE_EDGES)[0]
        known = ~np.isnan(before[:, -1] + after[:, -1])
        self.globals += np.histogram2d(before[known, -1], after[known, -1], [SCORE_EDGES] * 2)[0]


def judge_moves(moves: Moves, limits: Limits) -> tuple[Verdict, ...]:
    """Judge metrics, components, the global score, and whether scores came or went."""
    by_kind: dict[Kind, dict[str, Move]] = {"metric": {}, "component": {}, "global": {}}
    for key, move in moves.scores.items():
        by_kind[move.kind][key] = move
    return (
        _judge("stable metrics", by_kind["metric"], limits, _METRIC_LIMITS, moves.point),
        _judge("stable components", _several(by_kind), limits, _COMPONENT_LIMITS, moves.point),
        _judge("stable global score", by_kind["global"], limits, _GLOBAL_LIMITS, moves.point),
        _judge_nulls(moves.scores, limits),
    )


def _several(by_kind: Mapping[Kind, Mapping[str, Move]]) -> dict[str, Move]:
    """Give the components of more than one metric.

    A component of one moves as that metric does, which is judged already, and may move further.
    """
    metrics = [move[1:] for move in by_kind["metric"].values()]
    return {
        key: move
        for key, move in by_kind["component"].items()
        if not any(np.allclose(move[1:], one, rtol=1e-9, atol=1e-9) for one in metrics)
    }


def _judge(
    name: str,
    moves: Mapping[str, Move],
    limits: Limits,
    names: tuple[str, str, str],
    point: float,
) -> Verdict:
    if not moves:
        return Verdict(name, True, "no such score, or none that both have", judged=False)
    bounds = [float(getattr(limits, entry)) for entry in names]
    nearness = {key: _nearness(move, bounds) for key, move in moves.items()}
    order = sorted(moves, key=lambda key: nearness[key], reverse=True)
    failures = [
        f"{key}: {_exceeded(moves[key], bounds, names, point)} ({moves[key].accounts:,} accounts)"
        for key in order
        if nearness[key] > _EXCEEDED
    ]
    if failures:
        return Verdict(name, False, listed(failures), limits=names)
    nearest = moves[order[0]]
    return Verdict(
        name,
        True,
        f"{order[0]}: {nearest.share:.1%} of {nearest.accounts:,} accounts move more than "
        f"{'a point' if point == 1.0 else f'{point:g} points'}, the largest by "
        f"{nearest.largest * point:.1f}, the mean by {nearest.mean * point:.2f} "
        f"(at most {bounds[0]:.1%}, {bounds[1] * point:g} and {bounds[2] * point:g})",
    )


def _exceeded(move: Move, bounds: Sequence[float], names: Sequence[str], point: float) -> str:
    """Name the limits that a move exceeds, as they are written after --limit.

    On another scale than that of ten, for which limits are written, its own points stand behind.
    """
    told = zip(names, (move.share, move.largest, move.mean), bounds, strict=True)
    return ", ".join(
        f"{name} {_apart(100 * value, 100 * bound, '%')}"
        if name.endswith("share")
        else f"{name} {_apart(value, bound)}{_own_points(value, bound, point)}"
        for name, value, bound in told
        if _part(value, bound) > _EXCEEDED
    )


def _own_points(value: float, bound: float, point: float) -> str:
    if point == 1.0:
        return ""
    return f" ({_apart(value * point, bound * point)} of {_POINTS * point:g})"


def _apart(value: float, bound: float, unit: str = "") -> str:
    """Write what is above a limit with digits enough to be seen above it."""
    for digits in range(3, 12):
        shown = f"{value:.{digits}g}", f"{bound:.{digits}g}"
        if shown[0] != shown[1]:
            break
    return f"{shown[0]}{unit} > {shown[1]}{unit}"


def _nearness(move: Move, bounds: Sequence[float]) -> float:
    """Say how near the nearest limit is: above 1 it is exceeded."""
    told = zip((move.share, move.largest, move.mean), bounds, strict=True)
    return max(_part(value, bound) for value, bound in told)


def _part(value: float, bound: float) -> float:
    if bound > 0:
        return value / bound
    return math.inf if value > 0 else 0.0


def _judge_nulls(moves: Mapping[str, Move], limits: Limits) -> Verdict:
    name = "no score comes or goes"
    lines = {
        key: f"{key}: {move.came_or_went:.2%} of the accounts have it under one artifact only"
        for key, move in moves.items()
        if move.came_or_went > 0
    }
    failures = [
        line for key, line in lines.items() if moves[key].came_or_went > limits.null_changes
    ]
    if failures:
        return Verdict(
            name,
            False,
            f"at most {limits.null_changes:.2%}: {listed(failures)}",
            limits=("null_changes",),
        )
    text = (
        f"allowed: {listed(list(lines.values()))}" if lines else f"{len(moves)} scores, 0 accounts"
    )
    return Verdict(name, True, text)
