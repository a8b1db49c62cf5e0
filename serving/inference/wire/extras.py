"""What a prediction can hold beside the scores, where the container is told to give it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from serving.scoring import Flag, Scorer, Scores
from serving.scoring.bands import band_places
from serving.scoring.coverage import Coverage
from serving.scoring.signals.signal import Status

#: How sure an interval is.
INTERVAL_LEVEL = 0.9

#: Keys with a value for each account.
_Values: TypeAlias = Mapping[str, Sequence[Any]]


class Output(NamedTuple):
    """A key of a prediction.

    Attributes
    ----------
    kind : str
        ``number``, ``string`` or ``array`` (of strings); of the first two, null as well.
    words : tuple of str, or None
        All the strings that there can be; None where nobody knows them beforehand.
    """

    kind: str
    words: tuple[str, ...] | None = None


class _Extra(NamedTuple):
    """A word of the setting: its keys, and what gives their values."""

    outputs: Mapping[str, Output]
    values: Callable[[NDArray[np.float64], Scores], _Values]


class Extras:
    """What answers of one model hold beside its scores. Built once; safe to share by threads.

    | word | values |
    |---|---|
    | ``intervals`` | ends of the `INTERVAL_LEVEL` interval of each score that is a peer rank, on \
the scale; the score itself is within; NaN where there is no score |
    | ``statuses`` | of each metric why it has its score, or none: a name of `Status` in lower \
case |
    | ``flags`` | list of what to know about the account: names of `Flag` in lower case |
    | ``band`` | the name of the global score's band; None without a score, or without bands |
    | ``coverage`` | how much of the weight that applies to the account has scores, 0 to 1; NaN \
where nothing applies |
    | ``artifact_version`` | the version that scored |

    Attributes
    ----------
    outputs : mapping of str to Output
        The keys, in their order.
    """

    def __init__(self, scorer: Scorer, words: Collection[str]) -> None:
        self._extras = [MAKERS[word](scorer) for word in EXTRAS if word in words]
        self.outputs: dict[str, Output] = {}
        for extra in self._extras:
            self.outputs |= extra.outputs

    def values(self, accounts: NDArray[np.float64], scores: Scores) -> _Values:
        """Give a value per account for each of `outputs`.

        Parameters
        ----------
        accounts : ndarray of shape (n_accounts, n_inputs)
        scores : Scores
            Of these accounts.
        """
        values: dict[str, Sequence[Any]] = {}
        for extra in self._extras:
            values |= extra.values(accounts, scores)
        return values


def _intervals(scorer: Scorer) -> _Extra:
    card = scorer.scorecard
    keys = dict(zip((metric.name for metric in card.metrics), scorer.metric_keys, strict=True))
    # In the order of the ranks.
    ranked = [keys[metric.name] for metric in card.peer_metrics]
    ends = {f"{key}_{end}": Output("number") for key in ranked for end in ("low", "high")}

    def values(accounts: NDArray[np.float64], scores: Scores) -> _Values:
        found: dict[str, Sequence[Any]] = {}
        if not ranked:
            return found
        intervals = scorer.intervals(accounts, level=INTERVAL_LEVEL)
        for position, key in enumerate(ranked):
            # The score is rounded to its step, the ends are not: it must not seem to lie outside.
            shown = scores.values[:, scorer.outputs.index(key)]
            low = np.minimum(intervals.low[:, position] * card.scale.maximum, shown)
            high = np.maximum(intervals.high[:, position] * card.scale.maximum, shown)
            found[f"{key}_low"], found[f"{key}_high"] = low.tolist(), high.tolist()
        return found

    return _Extra(ends, values)


def _statuses(scorer: Scorer) -> _Extra:
    words = status_words()
    places = [scorer.metric_keys.index(key) for key in scorer.outputs[: len(scorer.metric_keys)]]
    keys = [f"{scorer.metric_keys[place].removesuffix('_score')}_status" for place in places]

    def values(_accounts: NDArray[np.float64], scores: Scores) -> _Values:
        told = scores.statuses.T[places].tolist()
        return {key: [words[status] for status in own] for key, own in zip(keys, told, strict=True)}

    return _Extra(dict.fromkeys(keys, Output("string", words)), values)


def _flags(_scorer: Scorer) -> _Extra:
    def values(_accounts: NDArray[np.float64], scores: Scores) -> _Values:
        return {"flags": [_names(flags) for flags in scores.flags.tolist()]}

    return _Extra({"flags": Output("array", tuple(_names(sum(Flag))))}, values)


def _band(scorer: Scorer) -> _Extra:
    bands = scorer.scorecard.bands
    # The last is what -1 finds: no score.
    names = [*(band.name for band in bands), None]

    def values(_accounts: NDArray[np.float64], scores: Scores) -> _Values:
        places = band_places(scores.values[:, -1], bands) if bands else [-1] * len(scores.values)
        return {"global_band": [names[place] for place in places]}

    return _Extra({"global_band": Output("string", tuple(band.name for band in bands))}, values)


def _coverage(scorer: Scorer) -> _Extra:
    card = scorer.scorecard
    coverage = Coverage(card, [metric.name for metric in card.metrics])

    def values(_accounts: NDArray[np.float64], scores: Scores) -> _Values:
        return {"global_coverage": coverage.of([*scores.statuses.T])[-1].share.tolist()}

    return _Extra({"global_coverage": Output("number")}, values)


def _artifact_version(scorer: Scorer) -> _Extra:
    def values(accounts: NDArray[np.float64], _scores: Scores) -> _Values:
        return {"artifact_version": [scorer.artifact.version] * len(accounts)}

    return _Extra({"artifact_version": Output("string")}, values)


#: Words of the setting, in the order in which their keys follow the scores.
MAKERS: Mapping[str, Callable[[Scorer], _Extra]] = {
    "intervals": _intervals,
    "statuses": _statuses,
    "flags": _flags,
    "band": _band,
    "coverage": _coverage,
    "artifact_version": _artifact_version,
}
EXTRAS = tuple(MAKERS)


def status_words() -> tuple[str, ...]:
    """Give the words for `Status`, by its numbers."""
    return tuple(status.name.lower() for status in sorted(Status))


def _names(flags: int) -> list[str]:
    return [str(flag.name).lower() for flag in Flag(flags)]
