"""Whether the upstream is quick enough for the worker's loop to wait for it."""

from __future__ import annotations

#: While the loop waits for the upstream it serves nobody else. Handing a request to a thread and
#: back takes a tenth of that, so a quicker upstream is better waited for.
QUICK_S = 0.002
#: How much the last answer counts.
_WEIGHT = 0.05


class Pace:
    """The mean time of an upstream's answers, of late.

    Counted without a lock: an answer that is overlooked now and then does not matter.
    """

    def __init__(self) -> None:
        self._mean_s = 0.0

    def note(self, seconds: float) -> None:
        """Note how long an answer took."""
        self._mean_s += (seconds - self._mean_s) * _WEIGHT

    @property
    def is_quick(self) -> bool:
        """Whether it has been quick of late."""
        return self._mean_s < QUICK_S
