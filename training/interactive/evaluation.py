"""How right an artifact's scores are, as a table and a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from training.interactive.showing import Shown
from training.plots import Picture, calibration_figure
from training.quality_report import error_interval
from training.quality_verdict import RIGHT, headline, verdicts


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation(Shown):
    """What was measured on accounts.

    Attributes
    ----------
    told : mapping
        All of it, as `training.evaluate.evaluate` gives it and ``evaluation.json`` holds it.
    """

    told: Mapping[str, Any]

    def frame(self) -> pd.DataFrame:
        """Give a row per metric.

        Returns
        -------
        DataFrame
            Index ``metric``. ``verdict`` in words; ``accounts`` measured on; ``error``, the largest
            error of a rank, 0 to 1, with the ends of its 95 % interval and the ``limit`` that
            chance alone keeps it below 19 times of 20; ``crps_ratio`` to no peers and
            ``crps_knn_ratio`` to nearest peers, below 1 is better; NaN where nothing was measured.
        """
        metrics = self.told["metrics"]
        rows = [_row(name, word, metrics[name]) for name, word in verdicts(self.told).items()]
        return pd.DataFrame(rows, columns=["metric", *_COLUMNS]).set_index("metric")

    def figure(self) -> Picture:
        """Draw calibration, metric by metric, with its band of chance."""
        return calibration_figure(self.told)

    def _heading(self) -> str:
        return headline(self.told)

    def _facts(self) -> Mapping[str, object]:
        facts: dict[str, object] = {
            "measured on": f"{self.told['accounts']:,} accounts ({self.told['on']})",
            "with few peers": f"{self.told['flags']['few_peers']:,}",
        }
        return facts | {name: word for name, word in verdicts(self.told).items() if word != RIGHT}

    def _table(self) -> pd.DataFrame:
        return self.frame().round(4)


_COLUMNS = (
    "verdict", "accounts", "error", "error_low", "error_high", "limit",
    "crps_ratio", "crps_knn_ratio",
)  # fmt: skip


def _row(name: str, word: str, result: Mapping[str, Any]) -> dict[str, Any]:
    row = {"metric": name, "verdict": word, "accounts": result["accounts"]}
    if not result["accounts"]:
        return row
    low, high = error_interval(result)
    return row | {
        "error": result["pit_ks"],
        "error_low": low,
        "error_high": high,
        "limit": result["pit_ks_noise_95"],
        "crps_ratio": result["rank_crps_ratio"],
        "crps_knn_ratio": result.get("rank_crps_knn_ratio"),
    }
