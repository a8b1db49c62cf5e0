"""Turn raw account metrics into a scorecard.

This is the ground floor: numpy and the standard library, nothing else. The inference container
scores with it and training evaluates with it, so a rank in an evaluation and the rank behind a
score on the wire come out of the same lines of code.

Read in this order:
    scorecard.py     what is scored: inputs, metrics, components, weights, scale
    distribution.py  a value's rank among all accounts
    peer_axes.py     where an account is in the grid of peer dimensions
    ruler.py         where a value is between the knots: bounds, ties, atoms
    peer_table.py    one metric of one account, ranked among its peers
    lookup.py        the same for many accounts and metrics at once
    rollup.py        metric scores to component scores to the global score
    peers.py         what the scorer asks of whatever knows an account's peers
    many_accounts.py all of it for many accounts, with arrays
    one_account.py   all of it for one account, without
    inverse.py       from a share of the peers back to a value
    goals.py         the value that brings a higher score, or that none does
    drivers.py       which metrics a component lost its points with
    explain.py       all of it for an account; explanation.py says what there is
    scorer.py        the door: load_scorer(path).score(accounts)
    artifact.py      how all of it is stored and read back
"""

from serving.scoring.column import Input
from serving.scoring.errors import (
    ArtifactCorrupt,
    ArtifactError,
    InvalidInput,
    InvalidScorecard,
    MissingColumns,
    ScoringError,
    UnsupportedFormat,
)
from serving.scoring.scorer import Flag, Scorer, Scores, load_scorer

__all__ = [
    "ArtifactCorrupt",
    "ArtifactError",
    "Flag",
    "Input",
    "InvalidInput",
    "InvalidScorecard",
    "MissingColumns",
    "Scorer",
    "Scores",
    "ScoringError",
    "UnsupportedFormat",
    "load_scorer",
]
