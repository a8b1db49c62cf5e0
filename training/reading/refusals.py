"""Rows that cannot be used: which, how many, and why. Nothing is dropped without a word."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from training.errors import DataError, TooManyRefused

#: Beyond this many, refusals are only counted: a list this long is no longer read by anyone.
KEPT_ENTRIES = 100_000

_SHOWN_LINES = 3


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that is not used; `line` is the physical line in the file, the header being line 1."""

    file: str
    line: int
    reason: str


#: A file of which less is left is not the one that was meant.
_MOST_OF_A_FILE = 0.5


class Refusals:
    """Collects refused rows over all files of a run.

    A reason's kind is its text up to the first colon; what follows is the row's own detail.

    Attributes
    ----------
    entries : list of Refusal
        The first `KEPT_ENTRIES` refusals, in the order they were added.
    """

    def __init__(self) -> None:
        self._rows: Counter[str] = Counter()
        self.entries: list[Refusal] = []
        self._counts: Counter[tuple[str, str]] = Counter()
        self._first_lines: dict[tuple[str, str], list[int]] = {}

    def saw(self, file: str, rows: int) -> None:
        """Count data rows of a file, refused ones included, blank lines not."""
        self._rows[file] += rows

    @property
    def rows_read(self) -> int:
        """How many data rows all files have."""
        return self._rows.total()

    @property
    def total(self) -> int:
        """How many rows were refused."""
        return self._counts.total()

    @property
    def counts(self) -> dict[tuple[str, str], int]:
        """How many rows were refused, by file and kind of reason."""
        return dict(self._counts)

    def add(self, file: str, line: int, reason: str) -> None:
        """Refuse one row."""
        kind = (file, reason.partition(":")[0])
        self._counts[kind] += 1
        first_lines = self._first_lines.setdefault(kind, [])
        if len(first_lines) < _SHOWN_LINES:
            first_lines.append(line)
        if len(self.entries) < KEPT_ENTRIES:
            self.entries.append(Refusal(file, line, reason))

    def add_all(self, file: str, lines: Iterable[int], reason: str) -> None:
        """Refuse several rows of one file for the same reason."""
        for line in lines:
            self.add(file, line, reason)

    def extend(self, later: Refusals) -> None:
        """Add what was collected over rows that come after these: as if it were collected here."""
        self._rows.update(later._rows)
        self._counts.update(later._counts)
        for kind, lines in later._first_lines.items():
            first_lines = self._first_lines.setdefault(kind, [])
            first_lines += lines[: _SHOWN_LINES - len(first_lines)]
        self.entries += later.entries[: KEPT_ENTRIES - len(self.entries)]

    def summary(self) -> str:
        """Say for people what was refused: a line per file and kind of reason, or nothing."""
        return "\n".join(
            f"{file}: {count} {'row' if count == 1 else 'rows'}: {kind} "
            f"({self._first_of(file, kind, count)})"
            for (file, kind), count in self._counts.items()
        )

    def _first_of(self, file: str, kind: str, count: int) -> str:
        """Say where the first rows that were refused for a reason stand."""
        return _lines(self._first_lines[file, kind], count)

    def write_csv(self, path: Path) -> None:
        """Write the kept entries as a CSV with the columns file, line and reason."""
        with path.open("w", encoding="utf-8", newline="") as stream:
            rows = csv.writer(stream, lineterminator="\n")
            rows.writerow(["file", "line", "reason"])
            rows.writerows((entry.file, entry.line, entry.reason) for entry in self.entries)

    def check(self, max_share: float) -> None:
        """Stop the run when more than `max_share` (0 to 1) of all rows were refused.

        Also when more than half of one file's were, and than `max_share`: beside a million good
        events, thirty accounts whose facts are all refused are a small share.

        Raises
        ------
        TooManyRefused
            Naming the counts, the share and every kind of reason.
        DataError
            If `max_share` is no share: 5 for 5 % would let everything through.
        """
        if not 0.0 <= max_share <= 1.0:
            raise DataError(f"{max_share} is no share of rows: give 0 to 1, such as 0.05 for 5 %")
        share = self.total / self.rows_read if self.rows_read else 0.0
        if share > max_share:
            raise TooManyRefused(
                f"{self.total} of {self.rows_read} rows ({share:.3%}) were refused, "
                f"more than the allowed {max_share:.3%}:\n{self.summary()}",
                self,
            )
        refused: Counter[str] = Counter()
        for (file, _), rows in self._counts.items():
            refused[file] += rows
        for file, rows in refused.items():
            if rows > max(max_share, _MOST_OF_A_FILE) * self._rows[file]:
                raise TooManyRefused(
                    f"{rows} of the {self._rows[file]} rows of {file} were refused:\n"
                    f"{self.summary()}",
                    self,
                )


def _lines(first: list[int], count: int) -> str:
    shown = ", ".join(map(str, first))
    return f"line{'s' if count > 1 else ''} {shown}{', …' if count > len(first) else ''}"
