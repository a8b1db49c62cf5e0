"""One account among its peers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serving.scoring import InvalidInput
from serving.scoring.drivers import Driver
from serving.scoring.explanation import Explanation, MetricExplanation, SignalExplanation
from serving.scoring.goals import STATUSES
from training.explain_account import metric_bounds
from training.interactive.accounts import ReadAccounts
from training.interactive.models import Model, as_model
from training.interactive.scores import score, with_inputs
from training.interactive.showing import Shown
from training.number_text import goal_text
from training.peer_standing import Standing, median_peer, peer_standings
from training.plots import Picture, radar_figure, standing_figure

Against = Literal["peers", "everyone", "nobody"]


@dataclass(frozen=True, eq=False, repr=False)
class Account(Shown):
    """One account, its scores explained, and where it stands among its peers.

    Attributes
    ----------
    id : str
    encoded : ndarray of shape (1, n_inputs)
        As the scorer takes it.
    scores : Series
        By key on the wire; NaN where there is no score.
    explanation : Explanation
        Why it has them, and what would bring higher ones; `frame` and `drivers` show it.
    standings : mapping of str to Standing
        Metric → the distribution of its peers, and where the account is in it.
    """

    model: Model
    among: ReadAccounts
    id: str
    encoded: NDArray[np.float64]
    scores: pd.Series
    explanation: Explanation
    standings: Mapping[str, Standing]

    def frame(self) -> pd.DataFrame:
        """Give a row per metric that is compared with peers.

        Returns
        -------
        DataFrame
            Index ``metric``. ``value`` and the peers' ``q25``, ``median``, ``q75`` in the metric's
            unit; ``rank``, ``low``, ``high``: the share of the peers that stand lower, 0 to 1, with
            its 90 % interval; ``score``; ``next_at``: the least value that brings a higher score
            (the largest, where lower is better), ``score_then``: the score it brings, and ``next``:
            whether that is usual among peers, or why there is none; ``effective_peers``. Where
            anything above 0 is enough, ``next_at`` is 5e-324, the least number above 0: it can be
            given to `what_if`, and is shown as "more than 0". If the account was asked for with
            bands, also ``band``: the next of them, and ``band_at``: the value that brings it.
        """
        told = self.explanation.metrics
        compared = [one for one in told if isinstance(one, MetricExplanation)]
        rows = [
            {
                "metric": one.metric,
                "value": one.value,
                **dict(zip(("q25", "median", "q75"), one.peer_quartiles or (), strict=False)),
                "rank": one.rank,
                "low": one.rank_low,
                "high": one.rank_high,
                "score": one.score,
                "next_at": one.next_point.value,
                "score_then": one.next_point.score,
                "next": STATUSES[one.next_point.status],
                "effective_peers": one.effective_peers,
                **_band(one),
            }
            for one in compared
        ]
        columns = [
            "metric", "value", "q25", "median", "q75", "rank", "low", "high", "score", "next_at",
            "score_then", "next", "effective_peers",
            *dict.fromkeys(key for one in compared for key in _band(one)),
        ]  # fmt: skip
        frame = pd.DataFrame(rows, columns=columns).set_index("metric")
        # A column without any value is still one of numbers.
        return frame.astype(dict.fromkeys(set(frame.columns) - {"next"}, "float64"))

    def signals(self) -> pd.DataFrame:
        """Give a row per metric that is worth what it is, whoever the others are.

        Returns
        -------
        DataFrame
            Index ``metric``. ``kind``; ``status``: why it has its score, or has none; ``inputs``
            as people know them; ``points``, 0 to 100; ``score``; ``next``: what brings the next
            score.
        """
        rows = [
            {
                "metric": one.metric,
                "kind": one.kind,
                "status": one.status,
                "inputs": ", ".join(f"{key} {_known(value)}" for key, value in one.inputs.items()),
                "points": one.points,
                "score": one.score,
                "next": "" if one.next_point is None else one.next_point.text,
            }
            for one in self.explanation.metrics
            if isinstance(one, SignalExplanation)
        ]
        columns = ["metric", "kind", "status", "inputs", "points", "score", "next"]
        frame = pd.DataFrame(rows, columns=columns).set_index("metric")
        return frame.astype({"points": "float64", "score": "float64"})

    def drivers(self) -> pd.DataFrame:
        """Say what keeps the overall score from the maximum, what costs most first.

        Returns
        -------
        DataFrame
            Index ``metric``; ``score``, the ``weight`` as applied, and ``points_lost``; the overall
            score and all points lost add up to the maximum. Empty without an overall score.
        """
        rows = [driver._asdict() for driver in self.explanation.overall.drivers]
        return pd.DataFrame(rows, columns=Driver._fields).set_index("metric")

    def what_if(self, changes: Mapping[str, Any]) -> pd.Series:
        """Score the account as if inputs had other values: input → value, None for not known.

        Raises
        ------
        InvalidInput
            If there is no such input, or it takes no such value.
        """
        scorer = self.model.scorer
        date = self.among.scoring_date
        values = scorer.what_if(self.encoded, changes, scoring_date=date).values[0]
        return pd.Series(values, index=list(scorer.outputs[:-1]))

    def figure(self) -> Picture:
        """Draw the account against the distribution of its peers, metric by metric.

        Raises
        ------
        InvalidInput
            If no metric is compared with peers.
        """
        self._check_compared("radar('everyone')")
        return standing_figure(self.standings, self.id)

    def radar(self, against: Against = "peers") -> Picture:
        """Draw its components, beside an account at its peers' medians, or everyone's median.

        Raises
        ------
        InvalidInput
            If `against` is none of ``peers``, ``everyone``, ``nobody``, or is ``peers`` and no
            metric is compared with any.
        """
        if against not in get_args(Against):
            choices = ", ".join(get_args(Against))
            raise InvalidInput(f"against={against!r} is no choice; choose one of {choices}")
        names = [node.name for node in self.model.scorer.scorecard.all_components]
        keys = [f"{name}_component_score" for name in names]
        shown = {f"account {self.id}": self.scores[keys].tolist()}
        if against == "peers":
            self._check_compared("radar('everyone')")
            shown["at its peers' medians"] = self._median_peer()[keys].tolist()
        elif against == "everyone":
            everyone = score(self.model, self.among)[keys].median()
            shown[f"median of {len(self.among):,} accounts"] = everyone.tolist()
        maximum = self.model.scorer.scorecard.scale.maximum
        title = f"Components of account {self.id}, 0 to {maximum:g}"
        return radar_figure(names, shown, maximum=maximum, title=title)

    def _check_compared(self, instead: str) -> None:
        if not self.standings:
            name = self.model.scorer.scorecard.id
            raise InvalidInput(f"{name} compares no metric with peers; .{instead} draws it")

    def _median_peer(self) -> pd.Series:
        scorer = self.model.scorer
        peer = median_peer(scorer, self.encoded, self.standings)
        return pd.Series(scorer.score(peer).values[0], index=list(scorer.outputs[:-1]))

    def _heading(self) -> str:
        overall, band = self.scores.iloc[-1], self.explanation.band
        told = "no score" if np.isnan(overall) else f"{overall:.3g}"
        return f"account {self.id}: {told} overall" + (f", {band}" if band else "")

    def _facts(self) -> Mapping[str, object]:
        scorer = self.model.scorer
        dimensions = {column.name for column in scorer.scorecard.peer_dimensions}
        columns = [column for column in scorer.inputs if column.name in dimensions]
        row = self.among.frame[self.among.frame["acct_id"].astype(str) == self.id].iloc[0]
        facts: dict[str, object] = {column.name: row[column.name] for column in columns}
        means = self.scores.iloc[len(scorer.metric_keys) : -1].to_dict()
        return facts | {str(key): f"{value:.3g}" for key, value in means.items()}

    def _table(self) -> pd.DataFrame:
        if not self.standings:
            return self.signals().round(3)
        exact = self.frame()
        told = exact.round(3)
        bounds = metric_bounds(self.model.scorer)
        rising = {
            each.name: each.higher_is_better for each in self.model.scorer.scorecard.peer_metrics
        }
        for column in {"next_at", "band_at"} & set(told.columns):
            told[column] = [
                "" if pd.isna(value)
                else goal_text(value, higher_is_better=rising[name], bounds=bounds[name])
                for name, value in zip(map(str, exact.index), exact[column], strict=True)
            ]  # fmt: skip
        return told


def _known(value: object) -> str:
    return (
        "not known" if value is None else f"{value:g}" if isinstance(value, float) else f"{value}"
    )


def _band(one: MetricExplanation) -> dict[str, float | None]:
    goal = one.next_band
    return {} if goal is None else {"band": goal.target, "band_at": goal.value}


def account(
    model: Model | str | Path,
    accounts: ReadAccounts | pd.DataFrame | str | Path,
    acct_id: str,
    *,
    bands: Sequence[float] = (),
    scoring_date: dt.date | None = None,
) -> Account:
    """Look at one account among its peers.

    Parameters
    ----------
    acct_id : str
        Compared as text, so that 7 finds the account that pandas reads as a number.
    bands : sequence of float, optional
        Thresholds on the scale. Where there are any, each metric says which value brings the next.
    scoring_date : date, optional
        For a DataFrame, where the scorecard has dates.

    Raises
    ------
    InvalidInput
        If there is no such account, or more than one; or if a band is not on the scale.
    """
    opened = as_model(model)
    read = with_inputs(opened, accounts, scoring_date)
    acct_id = str(acct_id)
    rows = read.frame[read.frame["acct_id"].astype(str) == acct_id]
    if len(rows) != 1:
        raise InvalidInput(f"{len(rows)} of {len(read):,} accounts are called {acct_id!r}")
    scorer = opened.scorer
    encoded = scorer.encode(rows.reset_index(drop=True), scoring_date=read.scoring_date)
    return Account(
        opened,
        read,
        acct_id,
        encoded,
        pd.Series(scorer.score(encoded).values[0], index=list(scorer.outputs[:-1])),
        scorer.explain(encoded, bands=sorted(bands))[0],
        peer_standings(scorer, encoded),
    )
