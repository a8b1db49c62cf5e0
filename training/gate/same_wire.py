"""Whether callers of the champion get from the candidate what they expect."""

from __future__ import annotations

from serving.scoring import Scorer
from training.gate.limits import Limits
from training.gate.report import Verdict, listed

NAME = "same wire"
_LIMITS = ("allow_other_wire",)


def judge_wire(candidate: Scorer, champion: Scorer, limits: Limits) -> Verdict:
    """Compare inputs (names, order, types), outputs and the scale.

    A category that came or went is no change of the wire: values that are not known are scored.
    """
    ours = [f"{entry.name} ({entry.type})" for entry in candidate.inputs]
    theirs = [f"{entry.name} ({entry.type})" for entry in champion.inputs]
    scales = [f"0 to {scorer.scorecard.scale.maximum:g}" for scorer in (champion, candidate)]
    changes = [
        *_changes("input", theirs, ours),
        *_changes("output", list(champion.outputs), list(candidate.outputs)),
        *([f"scores were {scales[0]} and are {scales[1]}"] if scales[0] != scales[1] else []),
    ]
    if not changes:
        count = f"{len(ours)} inputs and {len(candidate.outputs)} outputs"
        return Verdict(NAME, True, f"{count} are those of the champion, in the same order")
    if limits.allow_other_wire:
        return Verdict(NAME, True, f"allowed to change: {listed(changes)}")
    return Verdict(NAME, False, f"callers would break: {listed(changes)}", limits=_LIMITS)


def _changes(what: str, before: list[str], after: list[str]) -> list[str]:
    gone = [f"{what} {name} is gone" for name in before if name not in after]
    new = [f"{what} {name} is new" for name in after if name not in before]
    if gone or new or before == after:
        return [*gone, *new]
    place = next(i for i, (old, now) in enumerate(zip(before, after, strict=True)) if old != now)
    return [f"{what}s come in another order: number {place + 1} was {before[place]}, "
            f"is {after[place]}"]  # fmt: skip
