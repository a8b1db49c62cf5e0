"""What a gate found: verdicts, each with its numbers in one line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from training.gate.comparison import Comparison
    from training.tables import Accounts

#: Characters of one verdict in the pointer, which every server polls.
_MAX_STORED_TEXT = 600
#: Failures that a verdict names; it counts the others.
_MOST_NAMED = 6


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one check says.

    Attributes
    ----------
    passed : bool
        Whether promotion may go on; True, too, where nothing could be judged.
    text : str
        One line with the numbers.
    judged : bool
        False if there was nothing to compare; `text` says what is missing.
    limits : tuple of str
        The limits that it went by.
    """

    name: str
    passed: bool
    text: str
    judged: bool = True
    limits: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        """What a table shows."""
        return ("passed" if self.judged else "not judged") if self.passed else "REFUSED"


@dataclass(frozen=True, slots=True)
class GateReport:
    """All verdicts on a candidate, and what they rest on.

    Attributes
    ----------
    overrides : mapping of str to number
        The limits that were not the defaults.
    reason : str
        Why not; empty where they were.
    data : mapping of str to Any, or None
        ``sha256``, ``accounts`` and ``held_out`` of the accounts that both artifacts scored.
    comparison : Comparison or None
        Score by score, for a table or a plot; None without data or champion.
    accounts : Accounts or None
        The accounts as read, with the rows that were refused.
    """

    verdicts: tuple[Verdict, ...]
    overrides: Mapping[str, float | bool] = field(default_factory=dict)
    reason: str = ""
    data: Mapping[str, Any] | None = None
    comparison: Comparison | None = None
    accounts: Accounts | None = None

    @property
    def passed(self) -> bool:
        """Whether no verdict refuses."""
        return all(verdict.passed for verdict in self.verdicts)

    @property
    def failed(self) -> tuple[Verdict, ...]:
        """The verdicts that refuse."""
        return tuple(verdict for verdict in self.verdicts if not verdict.passed)

    def to_dict(self) -> dict[str, Any]:
        """Give what the pointer stores: plain JSON values, less than 8 KB."""
        word = "overridden" if self.overrides else "passed"
        return {
            "verdict": word if self.passed else "refused",
            "reason": self.reason,
            "overrides": dict(self.overrides),
            "data": None if self.data is None else dict(self.data),
            "verdicts": [
                {
                    "name": verdict.name,
                    "passed": verdict.passed,
                    "judged": verdict.judged,
                    "text": _cut(verdict.text),
                }
                for verdict in self.verdicts
            ],
        }

    def __str__(self) -> str:
        """Lay the verdicts out for a terminal, a line each."""
        width = max((len(verdict.name) for verdict in self.verdicts), default=0)
        return "\n".join(
            f"{verdict.name:{width}}  {verdict.word:10}  {verdict.text}"
            for verdict in self.verdicts
        )


def listed(failures: list[str]) -> str:
    """Join what failed, the first few by name."""
    more = len(failures) - _MOST_NAMED
    return "; ".join(failures[:_MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_STORED_TEXT else f"{text[: _MAX_STORED_TEXT - 1]}…"
