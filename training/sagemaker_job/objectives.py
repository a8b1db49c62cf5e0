"""Figures of an evaluation as lines that SageMaker's regular expressions find, ``name=value;``."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from statistics import fmean
from typing import Any, TextIO

#: What a tuning job should make small: how much is told by peers, whatever is tuned.
OBJECTIVE = "rank_crps_ratio"

#: By the name in `evaluation.json`, how the metrics' figures become one.
_OVERALL: Mapping[str, Callable[[list[float]], float]] = {
    OBJECTIVE: fmean,
    "rank_crps_knn_ratio": fmean,
    "pit_ks": fmean,
    "worst_cell_ks": max,
}
#: What is printed of each metric too.
_EACH = (OBJECTIVE, "pit_ks")


def figures_of(evaluation: Mapping[str, Any]) -> dict[str, float]:
    """Give all figures by name; those of one metric are called ``figure:metric``.

    A figure that no metric has is not there; neither is one of a metric without values.
    """
    metrics = evaluation["metrics"]
    figures = {}
    for name, together in _OVERALL.items():
        values = [told[name] for told in metrics.values() if told.get(name) is not None]
        if values:
            figures[name] = float(together(values))
    figures["evaluated_accounts"] = float(evaluation["accounts"])
    for name in _EACH:
        figures |= {
            f"{name}:{metric}": float(told[name])
            for metric, told in metrics.items()
            if told.get(name) is not None
        }
    return figures


def regex_of(name: str) -> str:
    """Give the expression of a metric definition; it matches the lines of this figure alone."""
    return f"{re.escape(name)}=(.*?);"


class Reporter:
    """Prints figures, a line each; any thread may."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._fitted = 0

    def fitted(self, _name: str, _total: int) -> None:
        """Count a fitted metric."""
        with self._lock:
            self._fitted += 1
            self._line("metrics_fitted", self._fitted)

    def evaluated(self, evaluation: Mapping[str, Any]) -> None:
        """Print what an evaluation says."""
        with self._lock:
            for name, value in figures_of(evaluation).items():
                self._line(name, value)

    def _line(self, name: str, value: float) -> None:
        self._stream.write(f"{name}={value!r};\n")
        self._stream.flush()
