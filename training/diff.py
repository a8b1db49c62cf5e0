"""What another definition would do to accounts, before anything is published."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serving.scoring import Scorer, Scores, load_scorer
from training.atomic_files import arriving_together
from training.band_moves import BandMoves, band_moves, band_names
from training.batch import read_inputs
from training.build import draft
from training.definition import read_definition
from training.definition_changes import definition_changes
from training.points_lost import points_lost
from training.tables import Accounts

#: Accounts that a report lists.
LISTED = 10
_YAML = (".yaml", ".yml")
#: A move of this much is a move, where there are no bands and no step.
_POINT = 1.0
#: Last bits are no move.
_EXCEEDED = 1.0 + 1e-9
_DIGITS = 9


@dataclass(frozen=True, eq=False)
class Diff:
    """Two definitions on the same accounts.

    Attributes
    ----------
    changes : tuple of str
        What the new one defines otherwise, in words.
    bands : BandMoves or None
        None where one of them has no bands.
    accounts : DataFrame
        A row per account, by id: ``acct_id``, ``old_band``, ``new_band``, ``old_score``,
        ``new_score``, ``move`` (both on the new scale, NaN where one is missing), ``metric`` that
        moved it most, and ``metric_move``: how much of the move that is.
    changed : ndarray of bool, shape (n_accounts,)
        Who comes into another band; without bands, whose score moves by more than `threshold`,
        comes or goes.
    threshold : float
    only_one : int
        Accounts that could be read for one of them only, and are left out.
    """

    changes: tuple[str, ...]
    bands: BandMoves | None
    accounts: pd.DataFrame
    changed: NDArray[np.bool_]
    threshold: float
    only_one: int

    def changed_accounts(self) -> pd.DataFrame:
        """Give who changes, the largest moves first."""
        frame = self.accounts[self.changed]
        size = frame["move"].abs().fillna(np.inf)
        return frame.loc[size.sort_values(ascending=False, kind="stable").index]

    def movement(self) -> dict[str, Any]:
        """Say how far scores move altogether; moves are on the new scale."""
        move = self.accounts["move"].dropna()
        old, new = (self.accounts[key].isna() for key in ("old_score", "new_score"))
        return {
            "accounts": len(move),
            "up": int((move > 0).sum()),
            "down": int((move < 0).sum()),
            "total": round(float(move.abs().sum()), _DIGITS),
            "mean": round(float(move.abs().mean()), _DIGITS) if len(move) else 0.0,
            "largest": round(float(move.abs().max()), _DIGITS) if len(move) else 0.0,
            "came": int((old & ~new).sum()),
            "went": int((~old & new).sum()),
        }

    def to_dict(self, listed: int = LISTED) -> dict[str, Any]:
        """Give all of it but the accounts, of which only the `listed` largest moves: plain JSON."""
        rows = self.changed_accounts().head(listed).to_dict("records")
        return {
            "accounts": len(self.accounts),
            "only_one": self.only_one,
            "definition": list(self.changes),
            "changed": int(self.changed.sum()),
            "changed_by": "band" if self.bands else f"a move of more than {self.threshold:g}",
            "bands": None if self.bands is None else _matrix(self.bands),
            "movement": self.movement(),
            "largest": [{key: _json(value) for key, value in row.items()} for row in rows],
        }


class _Side(NamedTuple):
    scorer: Scorer
    accounts: Accounts
    scores: Scores


def open_side(place: Path, tables: Path | None) -> Scorer:
    """Load an artifact, or build the scorer of a definition in memory.

    Parameters
    ----------
    tables : Path, optional
        The artifact whose tables and models a definition takes.

    Raises
    ------
    NeedsFit
        If a definition needs a fit that `tables` does not hold.
    """
    if place.suffix in _YAML:
        return draft(read_definition(place), tables).scorer()
    return load_scorer(place)


def diff(
    old: Path,
    new: Path,
    data: Path,
    *,
    tables: Path | None = None,
    max_refused_share: float = 0.01,
    scoring_date: dt.datetime | None = None,
) -> tuple[Diff, Accounts]:
    """Compare two definitions on the accounts of a folder; gives the accounts as `new` read them.

    Parameters
    ----------
    old, new : Path
        Artifacts, or definitions (``.yaml``).
    tables : Path, optional
        The artifact whose tables and models definitions take; the other side if that is one.

    Raises
    ------
    InvalidInput
        If a definition has mistakes or needs a fit, or the accounts cannot be used.
    ArtifactError
        If an artifact cannot be used.
    """
    artifacts = [place for place in (old, new) if place.suffix not in _YAML]
    source = tables or next(iter(artifacts), None)
    sides = []
    for place in (old, new):
        scorer = open_side(place, source)
        accounts, date = read_inputs(scorer, data, max_refused_share, scoring_date)
        scores = scorer.score(scorer.encode(accounts.frame, scoring_date=date))
        sides.append(_Side(scorer, accounts, scores))
    return _compare(*sides), sides[1].accounts


def write_changed(found: Diff, out: Path) -> None:
    """Write every account that changes as a CSV, whole or not at all."""
    with arriving_together(out.parent, [out.name]) as scratch:
        found.changed_accounts().to_csv(scratch / out.name, index=False)


def _compare(old: _Side, new: _Side) -> Diff:
    rows = [_by_id(side.accounts) for side in (old, new)]
    both = rows[0].index.intersection(rows[1].index, sort=True)
    kept = [side.loc[both].to_numpy() for side in rows]
    theirs, ours = old.scores.take(kept[0]), new.scores.take(kept[1])
    cards = old.scorer.scorecard, new.scorer.scorecard
    factor = cards[1].scale.maximum / cards[0].scale.maximum
    before, after = theirs.values[:, -1] * factor, ours.values[:, -1]
    bands = None
    if all(card.bands for card in cards):
        bands = band_moves(theirs.values[:, -1], after, cards[0].bands, cards[1].bands)
    threshold = cards[1].scale.step or _POINT
    metric, metric_move = _movers((old.scorer, theirs), (new.scorer, ours), factor)
    move = after - before
    moved = ~np.isnan(move) & (move != 0)
    came_or_went = np.isnan(before) != np.isnan(after)
    changed = bands.changed if bands else came_or_went | (np.abs(move) > threshold * _EXCEEDED)
    frame = pd.DataFrame(
        {
            "acct_id": both.to_numpy(),
            "old_band": band_names(theirs.values[:, -1], cards[0].bands),
            "new_band": band_names(after, cards[1].bands),
            "old_score": before,
            "new_score": after,
            "move": move,
            "metric": pd.Series(metric).where(moved, None),
            "metric_move": np.where(moved, metric_move, np.nan),
        }
    )
    only_one = sum(len(side) for side in rows) - 2 * len(both)
    changes = tuple(definition_changes(cards[1], cards[0]))
    return Diff(changes, bands, frame, changed, threshold, only_one)


def _movers(
    old: tuple[Scorer, Scores], new: tuple[Scorer, Scores], factor: float
) -> tuple[NDArray[np.object_], NDArray[np.float64]]:
    """Find the metric that moved each account most in the direction in which it moved.

    A move is what the metrics lost before minus what they lose now.
    """
    before, after = points_lost(*old), points_lost(*new)
    names = [*after, *(name for name in before if name not in after)]
    none = np.zeros(len(new[1].values))
    moves = np.array([factor * before.get(name, none) - after.get(name, none) for name in names])
    direction = np.sign(moves.sum(axis=0))
    place = np.argmax(moves * direction, axis=0)
    return np.array(names, dtype=object)[place], np.take_along_axis(moves, place[None], 0)[0]


def _by_id(accounts: Accounts) -> pd.Series:
    """Give the row of every account by its id."""
    return pd.Series(np.arange(len(accounts.frame)), index=pd.Index(accounts.frame["acct_id"]))


def _matrix(bands: BandMoves) -> Mapping[str, Any]:
    return {
        "before": list(bands.before),
        "after": list(bands.after),
        "counts": bands.counts.tolist(),
    }


def _json(value: Any) -> Any:
    if isinstance(value, float):
        return None if np.isnan(value) else round(value, _DIGITS)
    return value
