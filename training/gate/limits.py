"""Where the gate draws its lines: every default in this one place, with why it has its value.

What "harmless" and "broken" stand for was measured on synthetic accounts, in sizes of 1,500, 5,000
and 20,000. Harmless: another seed, another sample, 80 % of the accounts, a quarter later (everybody
three months older, half of the numbers new, 6 % more accounts). Broken: a metric's column shuffled
among the accounts, two columns swapped, a metric turned round, a fit to 200 accounts.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Self

from serving.scoring import InvalidInput


def _limit(default: float | bool, why: str, *, least: float = 0.0, most: float = 1.0) -> Any:
    return field(default=default, metadata={"why": why, "least": least, "most": most})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a promotion may change. Shares are from 0 to 1; moves are in points of ten.

    That is whatever the scale: on one of 0 to 100 a limit of 8 is one of 80.

    Accounts that score 0, or full marks, under both artifacts are left out of shares and means of
    moves: those who never used a feature would hide what happens to those who do.
    """

    false_alarms: float = _limit(
        0.01,
        "A check of all metrics at once, CRPS or calibration, refuses an artifact that is as right "
        "as the champion in fewer than 1 % of promotions, however many metrics there are.",
        least=1e-12,
        most=0.5,
    )
    calibration_margin: float = _limit(
        0.03,
        "Every fit is a little wrong, so no KS distance stays within chance for ever: on 800 "
        "held-out accounts a harmless fit reached 0.077, where chance alone may reach 0.069. "
        "Swapped columns reach 0.07 to 0.52.",
    )
    crps_margin: float = _limit(
        0.02,
        "What another sample of 5,000 accounts costs is 1.7 % at most, and 0.9 % as a rule. A "
        "shuffled column costs 4 % where peers tell least, and 88 % where they tell most.",
    )
    other_accounts_crps_margin: float = _limit(
        0.05,
        "Evaluations of other accounts differ by who was drawn, too, and the ratio to no peers by "
        "what there was to tell. A shuffled column loses all that peers told: 80 % of a ratio of "
        "0.56, 5 % of one of 0.95; with less to lose only --data shows it.",
    )
    fewest_accounts: int = _limit(
        100,
        "With fewer held-out accounts a KS distance of 0.2 is within chance: that is no "
        "evaluation.",
        most=1e9,
    )
    moving_share: float = _limit(
        0.08,
        "Another sample of 5,000 accounts moves a metric by more than a point for 2.4 % at most, a "
        "quarter's growth for 5.7 %, where accounts grow past a step; a shuffled column for 8 to "
        "64 %.",
    )
    largest_move: float = _limit(
        8.0,
        "Where two fits place a step one account apart, single accounts move by up to six points "
        "and nothing is wrong; metrics turned round move some by ten.",
        most=10.0,
    )
    mean_move: float = _limit(
        0.6,
        "Harmless fits to 5,000 accounts move a metric by 0.37 points on average at most, to "
        "20,000 by 0.28, to 1,500 by 0.6 as a rule; a shuffled column by 0.64 at least.",
        most=10.0,
    )
    component_moving_share: float = _limit(
        0.03,
        "A component averages its metrics' moves out: another sample of 5,000 accounts moves it by "
        "more than a point for 0.02 % of them, of 1,500 for 0.3 %; weights of 4, 1 and 10 instead "
        "of 2, 1 and 2 for 35 %.",
    )
    component_largest_move: float = _limit(
        4.0,
        "Another sample of 5,000 accounts moves it by 1.2 points at most, of 1,500 by 2.0; a "
        "metric that moves by the 8 it may is half of a component at most as a rule.",
        most=10.0,
    )
    component_mean_move: float = _limit(
        0.5,
        "Another sample of 5,000 accounts moves it by 0.16 points on average, of 1,500 by 0.37; "
        "weights of 4, 1 and 10 instead of 2, 1 and 2 by 0.81.",
        most=10.0,
    )
    global_moving_share: float = _limit(
        0.01,
        "Harmless fits move no global score by more than a point, not even fits to 1,500 "
        "accounts; a fit to 200 moves a fifth of them.",
    )
    global_largest_move: float = _limit(
        2.0,
        "Harmless fits move it by 0.8 points at most, to 1,500 accounts by 1.0; broken ones by "
        "2.4 and more.",
        most=10.0,
    )
    global_mean_move: float = _limit(
        0.3,
        "Harmless fits move it by 0.11 points on average, to 1,500 accounts by 0.17; broken ones "
        "by 0.54 and more.",
        most=10.0,
    )
    band_changing_share: float = _limit(
        0.05,
        "Who sees an account in another band acts on it. A churn model fitted to 80 % of the "
        "contracts moves 3.5 % of 5,000 accounts, peers fitted to another 1,500 move 2.3 %; two "
        "labels of a tier swapped move 9.5 %, shuffled outcomes 24 %.",
    )
    null_changes: float = _limit(
        0.0,
        "Who had a score keeps one, and who had none gets none: a score that comes or goes is a "
        "change of the definition or of the data.",
    )
    allow_other_wire: bool = _limit(
        False,
        "Callers send numbers by position and read keys by name: another order scores silently "
        "wrong, another key breaks them.",
    )
    allow_not_evaluated: bool = _limit(
        False,
        "A metric that nobody evaluated may be anything.",
    )

    def changed(self) -> dict[str, float | bool]:
        """Give the limits that are not the defaults."""
        return {
            entry.name: getattr(self, entry.name)
            for entry in dataclasses.fields(self)
            if getattr(self, entry.name) != entry.default
        }

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Self:
        """Read overrides written ``name=value``; a switch takes 1 or 0, a number may be in ``%``.

        Raises
        ------
        InvalidInput
            If there is no such limit, the value is none, or a limit is given twice.
        """
        found: dict[str, float | bool] = {}
        for text in texts:
            name, _, value = text.partition("=")
            if name in found:
                raise InvalidInput(f"the limit {name} is given twice")
            found[name] = _parse_one(cls, name, value)
        return cls(**found)  # type: ignore[arg-type]  # each was read as its field's type


def _parse_one(limits: type[Limits], name: str, text: str) -> float | bool:
    known = {entry.name: entry for entry in dataclasses.fields(limits)}
    if name not in known:
        names = ", ".join(
            f"{key}={value + 0:g}" for key, value in dataclasses.asdict(limits()).items()
        )
        raise InvalidInput(f"there is no limit {name!r}; the limits and their defaults: {names}")
    least, most = known[name].metadata["least"], known[name].metadata["most"]
    is_switch = isinstance(known[name].default, bool)
    try:
        # Verdicts show shares in percent, and people type what they read.
        percent = text.endswith("%") and not is_switch
        value = float(text.removesuffix("%")) / 100 if percent else float(text)
    except ValueError:
        value = math.nan
    default = known[name].default
    is_whole = isinstance(default, int)
    if not least <= value <= most or (is_whole and value != int(value)):
        what = "a whole number" if is_whole else "a number"
        raise InvalidInput(f"{name}={text}: {what} from {least:g} to {most:g} is needed")
    if isinstance(default, bool):
        return bool(value)
    return int(value) if is_whole else value
