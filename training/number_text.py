"""Numbers for people: few digits that keep what was promised, and how many there are."""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from serving.scoring.enough_text import enough_text, exact_text

#: Significant digits of values.
_DIGITS = 4
#: Up to here every whole number is written with all its digits.
_WHOLE = 1e15
#: Scores have two decimals.
_CENT = Decimal("0.01")


def value_text(value: float | None) -> str:
    """Write a value with few digits; a dash for none."""
    if value is None:
        return "-"
    plain = abs(value) < _WHOLE and (value == round(value) or abs(value) >= 10**_DIGITS)
    return f"{value:.0f}" if plain else f"{value:.{_DIGITS}g}"


def goal_text(
    value: float, *, higher_is_better: bool, bounds: tuple[float, float] = (-math.inf, math.inf)
) -> str:
    """Write a goal of a metric, such as `Goal.value`, in few digits that still bring it.

    Parameters
    ----------
    value : float
        In the metric's unit; finite. A whole number is written with all its digits, any other
        with four or more: rounded up where higher is better, else down.
    bounds : tuple of float
        The metric's lower and upper bound; see `metric_bounds`. There are more digits where fewer
        would lead beyond them.

    Returns
    -------
    str
        What `float` reads as a value that brings the goal's score. Only the number beside 0 is
        told in words: ``more than 0``, or ``less than 0`` where lower is better.

    Examples
    --------
    >>> goal_text(4.6000000000000005, higher_is_better=True)
    '4.601'
    >>> goal_text(4.6000000000000005, higher_is_better=True, bounds=(0.0, 4.6003))
    '4.6001'
    >>> goal_text(14471050.0, higher_is_better=True), goal_text(5e-324, higher_is_better=True)
    ('14471050', 'more than 0')
    """
    lower, upper = bounds
    return enough_text(value, rising=higher_is_better, enough=lambda read: lower <= read <= upper)


def score_text(score: float | None) -> str:
    """Write a score with at most two decimals; a dash for none."""
    return "-" if score is None else f"{score:.2f}".rstrip("0").rstrip(".")


def needed_text(score: float) -> str:
    """Write a score that is needed, rounded up to two decimals.

    Examples
    --------
    >>> needed_text(66.333333334), needed_text(70.0)
    ('66.34', '70')
    """
    return score_text(float(Decimal(repr(score)).quantize(_CENT, ROUND_CEILING)))


def reached_text(score: float) -> str:
    """Write a score that is reached, rounded down to two decimals: never as a band it is not in.

    Examples
    --------
    >>> reached_text(74.9999)
    '74.99'
    """
    return score_text(float(Decimal(repr(score)).quantize(_CENT, ROUND_FLOOR)))


def plain_text(value: float | str | bool | None) -> str:
    """Write an input as it was given."""
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else exact_text(value)


def counted(count: int, noun: str) -> str:
    """Write how many there are of what.

    Examples
    --------
    >>> counted(1, "account"), counted(2000, "account")
    ('1 account', '2,000 accounts')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
