"""How right an artifact's scores are, as a table and a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from serving.scoring import InvalidInput
from serving.scoring.signals.signal import Status
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
        """Draw calibration, metric by metric, with its band of chance.

        Raises
        ------
        InvalidInput
            If no metric is compared with peers: then there is no calibration.
        """
        if not self.told["metrics"]:
            raise InvalidInput("no metric is compared with peers, so none has a calibration")
        return calibration_figure(self.told)

    def signals(self) -> pd.DataFrame:
        """Give a row per metric that is worth what it is, whoever the others are.

        Returns
        -------
        DataFrame
            Index ``metric``; ``kind``; how many accounts have a score (``ok``), and how many have
            none for each reason; ``q25``, ``median`` and ``q75`` of the score.
        """
        rows = [
            {
                "metric": name,
                "kind": told["kind"],
                **{status.name.lower(): told["statuses"].get(status.name.lower(), 0)
                   for status in Status},
                **dict(zip(_QUARTILES, told["quartiles"] or [None] * 3, strict=True)),
            }
            for name, told in self.told.get("signals", {}).items()
        ]  # fmt: skip
        columns = ["metric", "kind", *(status.name.lower() for status in Status), *_QUARTILES]
        return pd.DataFrame(rows, columns=columns).set_index("metric")

    def _heading(self) -> str:
        if self.told["metrics"]:
            return headline(self.told)
        return f"{self.told['global']['accounts']:,} accounts have a global score"

    def _facts(self) -> Mapping[str, object]:
        facts: dict[str, object] = {
            "measured on": f"{self.told['accounts']:,} accounts ({self.told['on']})"
        }
        if self.told["metrics"]:
            facts["with few peers"] = f"{self.told['flags']['few_peers']:,}"
        if "bands" in self.told:
            counts = self.told["bands"].items()
            facts["bands"] = ", ".join(f"{name} {count:,}" for name, count in counts)
        return facts | {name: word for name, word in verdicts(self.told).items() if word != RIGHT}

    def _table(self) -> pd.DataFrame:
        return (self.frame() if self.told["metrics"] else self.signals()).round(4)


_QUARTILES = ("q25", "median", "q75")
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
