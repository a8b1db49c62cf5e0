"""What a prediction can hold beside the scores, where the container is told to give it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.scoring import Flag, Scorer, Scores

#: Words of the setting, in the order in which their keys follow the scores.
EXTRAS = ("intervals", "flags", "artifact_version")

#: How sure an interval is.
INTERVAL_LEVEL = 0.9


def extra_outputs(scorer: Scorer, extras: Collection[str]) -> dict[str, str]:
    """Give the keys that follow the scores, each with its type in JSON."""
    outputs: dict[str, str] = {}
    if "intervals" in extras:
        for key in scorer.metric_keys:
            outputs |= {f"{key}_low": "number", f"{key}_high": "number"}
    if "flags" in extras:
        outputs["flags"] = "array"
    if "artifact_version" in extras:
        outputs["artifact_version"] = "string"
    return outputs


def extra_values(
    scorer: Scorer, extras: Collection[str], accounts: NDArray[np.float64], scores: Scores
) -> Mapping[str, Sequence[Any]]:
    """Give, for each key of `extra_outputs` in its order, a value per account.

    | word | values |
    |---|---|
    | ``intervals`` | ends of the `INTERVAL_LEVEL` interval of each metric's score, on the scale; \
the score itself is within; NaN where there is no score |
    | ``flags`` | list of what to know about the account: names of `Flag` in lower case |
    | ``artifact_version`` | the version that scored |
    """
    values: dict[str, Sequence[Any]] = {}
    if "intervals" in extras:
        maximum = scorer.scorecard.scale.maximum
        intervals = scorer.intervals(accounts, level=INTERVAL_LEVEL)
        for position, key in enumerate(scorer.metric_keys):
            # The score is rounded to its step, the ends are not: it must not seem to lie outside.
            shown = scores.values[:, scorer.outputs.index(key)]
            low = np.minimum(intervals.low[:, position] * maximum, shown)
            high = np.maximum(intervals.high[:, position] * maximum, shown)
            values[f"{key}_low"], values[f"{key}_high"] = low.tolist(), high.tolist()
    if "flags" in extras:
        values["flags"] = [_names(flags) for flags in scores.flags.tolist()]
    if "artifact_version" in extras:
        values["artifact_version"] = [scorer.artifact.version] * len(accounts)
    return values


def _names(flags: int) -> list[str]:
    return [str(flag.name).lower() for flag in Flag(flags)]
