"""What tasks counted and refused: sent beside the rows, and added up on the driver.

A cluster reads the pieces of a file without knowing what stands before them, so there are no line
numbers: a refused row is told of by its account, or by how its line begins.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from training.reading.refusals import KEPT_ENTRIES, Refusals

#: Refused rows that a task lists; beyond them it counts.
TASK_ENTRIES = 1000

_SHOWN = 3
_SHOWN_CHARACTERS = 60


@dataclass
class Tally:
    """Counts of a task, or of several added up.

    Attributes
    ----------
    rows : Counter of str
        Data rows by file, refused ones included.
    refused : Counter of (str, str)
        Refused rows by file and kind of reason.
    entries : list of (str, str, str)
        File, account or beginning of the line, and reason of the first of them.
    left_out : Counter of (int, int, int)
        Rows that were not needed, or replace others: by table, `LeftOut`'s note, and file.
    absent : Counter of int
        Accounts without a usable row, by table.
    accounts : int
    newest : int or None
        The newest `last_updated` of the rows used, in µs.
    errors : list of str
        Why a file cannot be used at all.
    """

    rows: Counter[str] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    entries: list[tuple[str, str, str]] = field(default_factory=list)
    left_out: Counter[tuple[int, int, int]] = field(default_factory=Counter)
    absent: Counter[int] = field(default_factory=Counter)
    accounts: int = 0
    newest: int | None = None
    errors: list[str] = field(default_factory=list)

    def took(self, refusals: Refusals, row_text: Callable[[int], str]) -> None:
        """Add what was refused of a batch; `row_text` says of a line what to call the row."""
        self.refused.update(refusals.counts)
        for entry in refusals.entries[: max(0, TASK_ENTRIES - len(self.entries))]:
            text = row_text(entry.line)[:_SHOWN_CHARACTERS]
            self.entries.append((entry.file, text, entry.reason))

    def used(self, newest: int) -> None:
        """Note the newest moment of some rows."""
        self.newest = newest if self.newest is None else max(self.newest, newest)

    def add(self, other: Tally) -> None:
        """Add another's counts to these, and of its entries as many as are kept."""
        self.rows += other.rows
        self.refused += other.refused
        self.entries += other.entries[: max(0, KEPT_ENTRIES - len(self.entries))]
        self.left_out += other.left_out
        self.absent += other.absent
        self.accounts += other.accounts
        self.errors += [error for error in other.errors if error not in self.errors]
        if other.newest is not None:
            self.used(other.newest)

    def to_json(self) -> str:
        """Write it as a text."""
        return json.dumps(
            {
                "rows": self.rows,
                "refused": [[*key, count] for key, count in self.refused.items()],
                "entries": self.entries,
                "left_out": [[*key, count] for key, count in self.left_out.items()],
                "absent": list(self.absent.items()),
                "accounts": self.accounts,
                "newest": self.newest,
                "errors": self.errors,
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Tally:
        """Read what `to_json` wrote."""
        told = json.loads(text)
        return cls(
            rows=Counter(told["rows"]),
            refused=Counter({(file, kind): count for file, kind, count in told["refused"]}),
            entries=[(file, row, reason) for file, row, reason in told["entries"]],
            left_out=Counter({(table, *key): count for table, *key, count in told["left_out"]}),
            absent=Counter(dict(told["absent"])),
            accounts=told["accounts"],
            newest=told["newest"],
            errors=told["errors"],
        )


class RefusedRows(Refusals):
    """The refusals of a run on a cluster: told by account or beginning of the line."""

    def __init__(self, tally: Tally) -> None:
        super().__init__()
        self._rows = tally.rows
        # Tasks end in any order; what is said of the same data should not depend on it.
        self._counts = Counter(dict(sorted(tally.refused.items())))
        self.listed = sorted(tally.entries)

    def write_csv(self, path: Path) -> None:
        """Write the listed rows as a CSV with the columns file, row and reason."""
        with path.open("w", encoding="utf-8", newline="") as stream:
            rows = csv.writer(stream, lineterminator="\n")
            rows.writerow(["file", "row", "reason"])
            rows.writerows(self.listed)

    def _first_of(self, file: str, kind: str, count: int) -> str:
        """Say how the first rows that were refused for a reason begin."""
        texts = [
            repr(row)
            for its_file, row, reason in self.listed
            if its_file == file and reason.partition(":")[0] == kind
        ][:_SHOWN]
        return ", ".join(texts) + (", …" if count > len(texts) else "")
