"""Everything that can go wrong while scoring. Nothing here knows about HTTP.

ScoringError
├── InvalidInput             the caller can fix it
│   ├── MissingColumns
│   └── InvalidScorecard     the definition has mistakes
└── ArtifactError            the operator can fix it
    ├── ArtifactCorrupt      bytes or contents are not what the manifest says
    └── UnsupportedFormat    written by another version of this program
"""

from __future__ import annotations

from collections.abc import Collection, Sequence


class ScoringError(Exception):
    """Base of everything this package raises on purpose."""


class InvalidInput(ScoringError):
    """What was given cannot be scored; the message says what to change."""


class MissingColumns(InvalidInput):
    """The table lacks columns that the scorecard needs."""

    def __init__(self, missing: Collection[str]) -> None:
        #: Sorted, so that messages and tests are stable.
        self.missing = tuple(sorted(missing))
        super().__init__(f"missing columns: {', '.join(self.missing)}")


class InvalidScorecard(InvalidInput):
    """The scorecard definition has mistakes, all of them listed."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        #: One sentence per mistake, in the order of the file.
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(self.mistakes))


class ArtifactError(ScoringError):
    """An artifact cannot be used."""


class ArtifactCorrupt(ArtifactError):
    """Files are missing, altered, or contradict each other."""


class UnsupportedFormat(ArtifactError):
    """The artifact's format version is not one this program reads."""
