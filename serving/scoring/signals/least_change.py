"""The way back from points to a value, as far as it is the same for several kinds."""

from __future__ import annotations

import math
from collections.abc import Callable

from serving.scoring.enough_text import enough_text, in_few_digits

#: So many doublings of the last bit mend whatever rounding has done, also beside 0.
_MOST_DOUBLINGS = 200


def least(
    points_at: Callable[[float], float], points: float, near: float, *, rising: bool, whole: bool
) -> float | None:
    """Find the value next to `near` that brings at least `points`, to the bit.

    Parameters
    ----------
    points_at : callable
        From a value to points; rises with it, or falls, as `rising` says.
    near : float
        What arithmetic says; rounding may have put it on the wrong side.
    whole : bool
        Whether only whole values can be.

    Returns
    -------
    float or None
        None if not even the values around bring as much.

    Examples
    --------
    >>> least(lambda reviews: 50.0 * reviews, 60.0, 1.2, rising=True, whole=True)
    2.0
    """
    if not math.isfinite(near):  # beyond the largest number, and so is what is enough
        return None
    towards = 1.0 if rising else -1.0
    if whole:
        # One too far back on purpose: the first that is enough is the least.
        start = float(math.ceil(near) if rising else math.floor(near)) - towards
        values = (start + towards * number for number in range(3))
    else:
        bit = math.ulp(near) if near else 2.0**-_MOST_DOUBLINGS
        steps = (0.0, *(bit * 2.0**power for power in range(_MOST_DOUBLINGS)))
        values = (near + towards * step for step in steps)
    return next((value for value in values if points_at(value) >= points), None)


def difference(column: str, now: float, wanted: float, enough: Callable[[float], bool]) -> str:
    """Say by how much a number would have to be another.

    Parameters
    ----------
    now : float
        NaN is not known.
    enough : callable
        Whether a value is; what is told is. See `enough_text`.

    Examples
    --------
    >>> difference("licenses_active", 55.0, 67.0, lambda value: value >= 67.0)
    '12 more licenses_active'
    >>> difference("alerts", 4.0, 2.0, lambda value: value <= 2.0)
    '2 fewer alerts'
    >>> difference("orders", 4.0, 5.0, lambda value: value >= 5.0)
    '1 more of orders'
    >>> difference("licenses_active", math.nan, 67.0, lambda value: value >= 67.0)
    'licenses_active of 67'
    """
    rising = not wanted < now
    if not math.isnan(now):
        amount = in_few_digits(
            abs(wanted - now),
            rising=True,
            enough=lambda amount: enough(now + amount if rising else now - amount),
        )
        if amount is not None:
            # A column's name is a plural as a rule, of which nobody knows the singular.
            of = "of " if amount == "1" else ""
            return f"{amount} {'more' if rising else 'fewer'} {of}{column}"
    return f"{column} of {enough_text(wanted, rising=rising, enough=enough)}"


def limit(
    column: str, wanted: float, *, rising: bool, enough: Callable[[float], bool] | None = None
) -> str:
    """Say how large, or how small, a number would have to be; `enough` is as of `enough_text`.

    Examples
    --------
    >>> limit("share", 2 / 3, rising=True), limit("page_ms", 1000 / 3, rising=False)
    ('share of at least 0.6667', 'page_ms of at most 333.3')
    """
    told = enough_text(wanted, rising=rising, enough=enough)
    side = "" if told.endswith("than 0") else f"at {'least' if rising else 'most'} "
    return f"{column} of {side}{told}"
