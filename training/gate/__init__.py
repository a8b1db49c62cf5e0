"""The gate at promotion: whether an artifact may take the place of the one that is served.

Read in this order:
    limits.py        what may change, and why so much
    judge.py         the door: judge(candidate, champion, data=..., limits=...)
    same_wire.py     do callers get what they expect?
    calibrated.py    are scores spread as they should be?
    not_worse.py     does it predict held-out accounts as well?
    moves.py         how far do scores move?
    bands.py         into which bands, and what does the definition say otherwise?
    comparison.py    the table behind the verdicts
    plot.py          the same as a picture
"""

from training.gate.comparison import Comparison
from training.gate.judge import judge
from training.gate.limits import Limits
from training.gate.plot import movement_plot
from training.gate.report import GateReport, Verdict

__all__ = ["Comparison", "GateReport", "Limits", "Verdict", "judge", "movement_plot"]
