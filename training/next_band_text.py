"""What brings an account to the next band, and how it stands beside others, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from serving.scoring.explanation import Explanation
from serving.scoring.next_band import Alone, NextBand, Raised
from serving.scoring.overlay import STATUSES, PeerComparison
from training.number_text import needed_text, reached_text, score_text, value_text


def next_band_lines(why: Explanation) -> Iterator[str]:
    """Write what reaches the next band: metrics alone, or the fewest together."""
    found = why.next_band
    if found is None:
        return
    name = f"{found.band} ({score_text(found.target)})" if found.band else score_text(found.target)
    yield f"to reach {name}:"
    for alone in found.alone:
        if alone.change is not None:
            yield f"  {_reaching(alone, alone.change)}"
    have = why.overall.score or 0.0
    for alone in found.alone:
        if alone.change is None and alone.best > have:
            yield f"  {alone.label}: not reachable alone; best {reached_text(alone.best)}"
    if all(alone.best <= have for alone in found.alone):
        yield "  nothing that is known of the account can be changed to bring it"
    yield from _together(found)


def _reaching(alone: Alone, change: Raised) -> str:
    needed = ""
    # A change for the sake of a metric that reads the same input brings the band without it.
    if alone.needed is not None and change.score >= alone.needed:
        needed = f" needs {needed_text(alone.needed)}"
    return (
        f"{alone.label} {score_text(alone.score)}{needed}: {_said(change)}"
        f" (then {_then(alone.global_score)})"
    )


def _then(score: float | None) -> str:
    return "-" if score is None else reached_text(score)


def _said(change: Raised) -> str:
    return change.text if change.usual else f"{change.text}, beyond 95 % of the peers: no advice"


def _together(found: NextBand) -> Iterator[str]:
    if found.together is None:
        return
    changes = "; ".join(f"{each.label}: {_said(each)}" for each in found.together.changes)
    score = reached_text(found.together.global_score)
    if found.together.reached:
        yield f"  together they reach {score}: {changes}"
    else:
        yield f"  all that can be changed reaches {score}: {changes}"


def peers_line(peers: PeerComparison) -> str:
    """Write how the whole score stands beside those of accounts of similar size."""
    if peers.quartiles is None or peers.sizes is None:
        return f"peers: {STATUSES[peers.status]}"
    sizes = ", ".join(
        f"{name} about {value_text(low)} to {value_text(high)}"
        for name, (low, high) in peers.sizes.items()
    )
    told = f"beside {peers.accounts} accounts of similar size ({sizes}): {_shares(peers.quartiles)}"
    if peers.percentile is None or peers.percentile_low is None or peers.percentile_high is None:
        return told
    return (
        f"{told}; {peers.percentile:.0%} of them score lower"
        f" ({peers.percentile_low:.0%} to {peers.percentile_high:.0%})"
    )


def _shares(quartiles: Sequence[float]) -> str:
    low, median, high = map(score_text, quartiles)
    return f"half of them score {low} to {high}, the median is {median}"
