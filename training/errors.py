"""What can go wrong while training, beside the errors of ``serving.scoring``.

InvalidInput
└── DataError            the CSVs cannot be used as they are
    ├── TooManyRefused   more rows than the stated share were refused
    └── TooManyPlaces    the peer dimensions are too many to count accounts by
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from serving.scoring.errors import InvalidInput

if TYPE_CHECKING:
    from training.reading.refusals import Refusals


class DataError(InvalidInput):
    """The accounts' files cannot be used; the message names file, column and line."""


class TooManyPlaces(DataError):
    """Accounts cannot be counted by these peer dimensions: a fit needs them in memory."""


class TooManyRefused(DataError):
    """A larger share of rows was refused than the run allows."""

    def __init__(self, message: str, refusals: Refusals) -> None:
        super().__init__(message)
        #: The refused rows, to be listed for whoever mends the files.
        self.refusals = refusals
