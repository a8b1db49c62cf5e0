"""Metrics with an absolute score: what a value is worth whoever the others are.

Each kind is one file: a frozen dataclass whose fields are the keys of the definition, checked where
they contradict themselves, a pure function from columns to points, and the way back from points to
a value. `KINDS` is the only table of them; the grammar, the checks of an artifact and the scorer
read it. To add a kind, write its file and its line here.

Read `signal.py` first; `ratio.py` is the plainest kind.
"""

from __future__ import annotations

from collections.abc import Mapping

from serving.scoring.signals.growth import Growth
from serving.scoring.signals.indicator import Indicator
from serving.scoring.signals.learned_risk import LearnedRisk
from serving.scoring.signals.linear import Linear
from serving.scoring.signals.penalty import Penalty
from serving.scoring.signals.ratio import Ratio
from serving.scoring.signals.recency import Recency
from serving.scoring.signals.signal import Signal
from serving.scoring.signals.tier import Tier

#: By the word that stands as `kind`.
KINDS: Mapping[str, type[Signal]] = {
    kind.kind: kind
    for kind in (Ratio, Growth, Indicator, Recency, Linear, Tier, Penalty, LearnedRisk)
}

__all__ = ["KINDS", "Signal"]
