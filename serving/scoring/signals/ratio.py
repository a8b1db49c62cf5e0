"""`ratio`: a part of a whole, in hundredths."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from serving.scoring.column import Input
from serving.scoring.signals.least_change import difference, least, limit
from serving.scoring.signals.options import Column, option
from serving.scoring.signals.signal import MAX_POINTS, Change, Judged, Signal, in_proportion, judged

#: Of points made from a share: more than a share in hundredths of a percent needs, fewer than
#: where the last bit stands.
_DECIMALS = 12


@dataclass(frozen=True, kw_only=True)
class Ratio(Signal):
    """100 times numerator over denominator, at most 100; or 100 times a share that is one already.

    Examples
    --------
    >>> active = Ratio(name="activation", numerator="active", denominator="bought")
    >>> active.judge([np.array([67.0, 120.0, 5.0]), np.array([100.0, 100.0, 0.0])]).points
    array([ 67., 100.,  nan])
    """

    kind: ClassVar[str] = "ratio"

    numerator: Column | None = option(
        "The column with the part.", example="licenses_active", default=None
    )
    denominator: Column | None = option(
        "The column with the whole. Where it is 0 there is no score.",
        example="licenses_purchased",
        default=None,
    )
    share: Column | None = option(
        "Instead of both: a column that holds their ratio, such as 0.67.",
        example="activation_rate",
        default=None,
    )

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The numerator and the denominator, or the share; none may be negative."""
        names = (self.share,) if self.share else (self.numerator, self.denominator)
        return tuple(Input(name, minimum=0.0) for name in names if name is not None)

    def judge(self, columns: Sequence[NDArray[np.float64]]) -> Judged:
        """See `Signal.judge`."""
        if self.share:
            (share,) = columns
            with np.errstate(over="ignore"):
                # Rounded, because 100 · 0.57 is a bit less than 57, which may be where a band ends.
                return judged(np.round(MAX_POINTS * np.minimum(share, 1.0), _DECIMALS))
        part, whole = columns
        points = in_proportion(part, whole, MAX_POINTS)
        return judged(points, missing=np.isnan(part) | np.isnan(whole), no_denominator=whole == 0.0)

    def change(self, values: Sequence[float], points: float) -> Change | None:
        """Find the least part, counted in whole ones where both are, that is enough."""
        points_at = partial(self.points_with, values, 0)
        if self.share:
            near, column, whole = points / MAX_POINTS, self.share, False
        else:
            part, of = values
            if self.numerator is None or not of > 0.0:
                return None
            near, column = points * of / MAX_POINTS, self.numerator
            whole = float(of).is_integer() and (math.isnan(part) or float(part).is_integer())
        wanted = least(points_at, points, near, rising=True, whole=whole)
        if wanted is None:
            return None
        text = (
            limit(column, wanted, rising=True)
            if self.share
            else difference(column, values[0], wanted, lambda value: points_at(value) >= points)
        )
        return Change(column, wanted, points_at(wanted), text)

    @classmethod
    def mistakes(cls, body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Find a share beside a numerator or denominator, or one of those without the other."""
        pair = [key for key in ("numerator", "denominator") if body.get(key) is not None]
        if body.get("share") is not None:
            for key in pair:
                yield key, "is for a ratio of two columns; leave it out where `share` is given"
        elif not pair:
            yield "numerator", "missing; give numerator and denominator, or share"
        elif len(pair) == 1:
            other = "denominator" if pair == ["numerator"] else "numerator"
            yield other, f"missing; `{pair[0]}` alone is no ratio"
        if len(pair) == 2 and body["numerator"] == body["denominator"]:
            yield "denominator", "is the numerator too, so the ratio is always 1"
