"""Numbers as people read them: as they were given, or just enough for something in few digits."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal

#: Significant digits to begin with; digits before the point are never rounded away.
_DIGITS = 4
#: As many as a float can have.
_ALL_DIGITS = 17
#: The number beside 0.
_LEAST = math.ulp(0.0)


def enough_text(
    value: float, *, rising: bool, enough: Callable[[float], bool] | None = None
) -> str:
    """Write few digits of a value that is just enough: rounded to the side that helps.

    Parameters
    ----------
    value : float
        Finite. A whole number is written with all its digits.
    rising : bool
        Whether more is enough too; else less is.
    enough : callable, optional
        Whether the number as it would be read is enough; there are more digits until it is. All
        on the side that helps are, if not given.

    Returns
    -------
    str
        What `float` reads as a number that is enough; but for the number beside 0, of which
        ``more than 0`` (``less than 0``) is said.

    Examples
    --------
    >>> enough_text(0.123412, rising=True), enough_text(0.123412, rising=False)
    ('0.1235', '0.1234')
    >>> enough_text(14471050.0, rising=True), enough_text(4.6000000000000005, rising=True)
    ('14471050', '4.601')
    >>> enough_text(0.123412, rising=True, enough=lambda value: value <= 0.12342)
    '0.12342'
    """
    if abs(value) == _LEAST and rising == (value > 0.0):
        return "more than 0" if rising else "less than 0"
    return in_few_digits(value, rising=rising, enough=enough) or exact_text(value)


def in_few_digits(
    value: float, *, rising: bool, enough: Callable[[float], bool] | None = None
) -> str | None:
    """Do as `enough_text` does, but always with a number; None if not even all digits are enough.

    Examples
    --------
    >>> in_few_digits(2.5, rising=True, enough=lambda value: value > 3.0) is None
    True
    """
    if value.is_integer():
        return exact_text(value) if enough is None or enough(value) else None
    # The shortest digits that are read as this value, so whatever lies beyond them helps.
    shortest = Decimal(repr(value))
    rounding = ROUND_CEILING if rising else ROUND_FLOOR
    for digits in range(max(_DIGITS, shortest.adjusted() + 1), _ALL_DIGITS + 1):
        read = float(Context(prec=digits, rounding=rounding).plus(shortest))
        if enough is None or enough(read):
            return exact_text(read)
    return None


def exact_text(value: float) -> str:
    """Write a number with all digits that it has, and a whole one without a point.

    Examples
    --------
    >>> exact_text(1.0), exact_text(0.1), exact_text(-0.0)
    ('1', '0.1', '0')
    """
    # A whole number may be too large for a float.
    return str(value) if isinstance(value, int) else repr(value + 0.0).removesuffix(".0")
