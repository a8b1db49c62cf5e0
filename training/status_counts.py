"""What became of accounts under absolute metrics: statuses, quartiles, bands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.scoring.bands import Band, band_places
from serving.scoring.scorer import Scorer, Scores
from serving.scoring.signals.signal import Status

#: The keys of an evaluation that `count_statuses` makes.
COUNTED = ("signals", "global", "bands")

_QUARTILES = (0.25, 0.5, 0.75)


def count_statuses(scorer: Scorer, scores: Scores) -> dict[str, Any]:
    """Count what the scorer said of accounts: plain JSON values.

    Returns
    -------
    dict
        ``signals``: of each absolute metric its ``kind``, how many accounts had each status
        (``statuses``, by its word, those that somebody had), and the quartiles of its score on the
        card's scale (``quartiles``; None where nobody has one). ``global``: how many ``accounts``
        have a global score, and its ``quartiles``. ``bands``: how many accounts are in each band,
        the best first; absent where the card has none.
    """
    card = scorer.scorecard
    columns = dict(zip(scorer.metric_keys, scores.statuses.T, strict=True))
    place = {key: number for number, key in enumerate(scorer.outputs)}
    overall = scores.values[:, -1]
    signals = {}
    for key, metric in zip(scorer.metric_keys, card.metrics, strict=True):
        if metric.kind != "peer":
            signals[metric.name] = {
                "kind": metric.kind,
                "statuses": status_counts(columns[key]),
                "quartiles": _quartiles(scores.values[:, place[key]]),
            }
    told: dict[str, Any] = {
        "signals": signals,
        "global": {
            "accounts": int((~np.isnan(overall)).sum()),
            "quartiles": _quartiles(overall),
        },
    }
    return told | ({"bands": band_counts(overall, card.bands)} if card.bands else {})


def status_counts(statuses: NDArray[np.uint8]) -> dict[str, int]:
    """Count accounts by status: its word → how many, those that somebody has."""
    counts = np.bincount(statuses, minlength=len(Status))
    return {status.name.lower(): int(counts[status]) for status in Status if counts[status]}


def band_counts(scores: NDArray[np.float64], bands: Sequence[Band]) -> dict[str, int]:
    """Count accounts by band, the best first."""
    places = band_places(scores, bands)
    counts = np.bincount(places[places >= 0], minlength=len(bands))
    named = ((band.name, int(count)) for band, count in zip(bands, counts, strict=True))
    return dict(reversed(list(named)))


def _quartiles(scores: NDArray[np.float64]) -> list[float] | None:
    known = scores[~np.isnan(scores)]
    return np.quantile(known, _QUARTILES).tolist() if len(known) else None
