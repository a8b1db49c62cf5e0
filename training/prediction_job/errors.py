"""What can go wrong in a prediction job.

InvalidInput
├── InvalidJob         the job's files have mistakes, all of them listed
├── JobRefused         the job may not run: its model, its state, or another job is in the way
├── StateFailed        the state could not be written: it is locked, the disk is full
├── DataError
│   └── FileReplaced   a file changed while it was read, or is not whole; nothing was kept
└── CallFailed         the model's door gave no answer that can be used
    ├── TryLater       the next attempt may do better
    ├── RowsRefused    single accounts cannot be scored; the others can
    └── TooLargeBatch  the server takes smaller ones only
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from serving.scoring.errors import InvalidInput
from training.errors import DataError


class InvalidJob(InvalidInput):
    """A job's files have mistakes, all of them listed."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        #: One line per mistake: "FILE:LINE: path.to.key: what is wrong".
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(self.mistakes))


class JobRefused(InvalidInput):
    """A job may not run as things are; the message says what is in the way."""


class StateFailed(InvalidInput):
    """A job's state could not be read or written; what was written before is whole."""


class FileReplaced(DataError):
    """A file is not the one that was listed, or not whole yet; it is read in another run."""


class CallFailed(InvalidInput):
    """A batch was not scored; nothing of it was stored."""


class TryLater(CallFailed):
    """A batch was not scored this time.

    Attributes
    ----------
    after_s : float
        Seconds the server asked to wait; 0 if it did not ask.
    """

    def __init__(self, message: str, after_s: float = 0.0) -> None:
        self.after_s = after_s
        super().__init__(message)


class RowsRefused(CallFailed):
    """The model refuses single accounts of a batch.

    Attributes
    ----------
    reasons : mapping of int to str
        By position in the batch, why.
    """

    def __init__(self, reasons: Mapping[int, str]) -> None:
        self.reasons = dict(reasons)
        super().__init__(f"{len(self.reasons)} accounts refused")


class TooLargeBatch(CallFailed):
    """The server takes no batch as large as this."""
