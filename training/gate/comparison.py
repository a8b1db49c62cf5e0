"""Champion and candidate, score by score: the table behind the verdicts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from training.gate.held_out import MetricLosses
from training.gate.moves import Moves
from training.rank_crps import ratio, ratio_error

#: Standard errors to each side of a 95 % interval.
_SIDES = 1.96


@dataclass(frozen=True, eq=False)
class Comparison:
    """What two artifacts say of the same accounts.

    Attributes
    ----------
    losses : mapping of str to MetricLosses
        Metric → rank-CRPS of the accounts that neither fit has seen.
    metrics : mapping of str to str
        Key of a metric's score → the metric's name.
    """

    moves: Moves
    losses: Mapping[str, MetricLosses]
    metrics: Mapping[str, str]

    def frame(self) -> pd.DataFrame:
        """Give a row per score that both artifacts have.

        Returns
        -------
        DataFrame
            Index ``score``, the key on the wire. ``kind``; ``accounts``: how many the figures are
            of, all that have the score under both and not the lowest or the highest one under
            both; ``share_changed``: of these, whose score is another; ``share_moving``: of these,
            who moves more than a tenth of the scale; ``mean_move`` and ``largest_move`` of their
            absolute moves (up and down do not cancel out), in points of the candidate's scale;
            ``came_or_went``: share of all accounts that have the score under one artifact only;
            ``crps_ratio``: mean rank-CRPS to the champion's, below 1 is better, with the ends of
            its 95 % interval; NaN but for metrics.
        """
        rows, point = [], self.moves.point
        for key, move in self.moves.scores.items():
            losses = self.losses.get(self.metrics.get(key, ""))
            value = error = float("nan")
            if losses is not None:
                value = ratio(losses.candidate, losses.champion)
                error = ratio_error(losses.candidate, losses.champion)
            rows.append(
                {
                    "score": key,
                    "kind": move.kind,
                    "accounts": move.accounts,
                    "share_changed": move.changed,
                    "share_moving": move.share,
                    "mean_move": move.mean * point,
                    "largest_move": move.largest * point,
                    "came_or_went": move.came_or_went,
                    "crps_ratio": value,
                    "crps_ratio_low": value - _SIDES * error,
                    "crps_ratio_high": value + _SIDES * error,
                }
            )
        return pd.DataFrame(rows).set_index("score")

    def __str__(self) -> str:
        """Lay the table out for a terminal: what its columns are of, and a line per score."""
        told = self.frame()
        width = max(map(len, told.index))
        point = self.moves.point
        moving = ">1 point" if point == 1.0 else f">{point:g} points"
        lines = [
            "of accounts that are not lowest, or highest, in both; mean and largest of absolute "
            f"moves, points of {self.moves.maximum:g}",
            f"{'score':{width}}{'accounts':>10}{'changed':>9}{moving:>12}{'mean':>7}"
            f"{'largest':>9}   CRPS to champion's, 95 %",
        ]
        for key, row in told.to_dict("index").items():
            interval = f"{row['crps_ratio_low']:.3f}-{row['crps_ratio_high']:.3f}"
            crps = f"{row['crps_ratio']:8.3f}  {interval}"
            lines.append(
                f"{key:{width}}{row['accounts']:>10,}{row['share_changed']:>9.1%}"
                f"{row['share_moving']:>12.1%}"
                f"{row['mean_move']:>7.2f}{row['largest_move']:>9.1f}"
                f"{'' if math.isnan(row['crps_ratio']) else crps}"
            )
        return "\n".join(lines)
