"""Explains scores with the numbers that the scorer itself computes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise, repeat

import numpy as np
from numpy.typing import NDArray

from serving.scoring.bands import band_places
from serving.scoring.drivers import Drivers
from serving.scoring.errors import InvalidInput
from serving.scoring.explain_peers import PeerExplainer
from serving.scoring.explain_signals import SignalExplainer
from serving.scoring.explained_metrics import ExplainedMetrics
from serving.scoring.explanation import AnyMetric, Explanation
from serving.scoring.flags import Flag
from serving.scoring.goals import ScoreSteps
from serving.scoring.many_accounts import ManyAccounts
from serving.scoring.next_band_finder import NextBandFinder, Rescore, Wish
from serving.scoring.overlay import PeerComparison, ScoreOverlay, nobody
from serving.scoring.raising import Raiser
from serving.scoring.scores import Scores
from serving.scoring.signals.signal import Status


class Explainer:
    """Explains the scores of one artifact. Immutable; safe to share by threads.

    Parameters
    ----------
    many : ManyAccounts
    columns : sequence of str
        The inputs, in the order in which accounts hold them.
    metric_keys : sequence of str
        The key of each metric's score, in the order of the scorecard's metrics.
    overlay : ScoreOverlay or None
        Of the artifact, if it holds one.
    rescore : callable
        From accounts to their scores, to try what brings the next band.
    """

    def __init__(
        self,
        many: ManyAccounts,
        columns: Sequence[str],
        metric_keys: Sequence[str],
        overlay: ScoreOverlay | None,
        rescore: Rescore,
    ) -> None:
        card = self._card = many.scorecard
        self._many = many
        self._names = [metric.name for metric in card.metrics]
        keys = dict(zip(self._names, metric_keys, strict=True))
        self._peers = None if many.peers is None else PeerExplainer(many.peers, card, keys)
        self._signals = SignalExplainer(many, keys)
        self._drivers = Drivers(card)
        # Most accounts have the same statuses.
        self._coverage = lru_cache(maxsize=256)(self._coverage_of)
        self._top = ScoreSteps(card.scale).top
        self._overlay = None
        if card.overlay is not None:
            self._overlay = overlay or nobody(card.overlay)
            self._sizes = [list(columns).index(name) for name in card.overlay.dimensions]
        # Where the scores hold each metric's, by the metric's number.
        place = {number: place for place, number in enumerate(many.shown)}
        self._places = [place[number] for number in range(len(self._names))]
        numbers = {name: number for number, name in enumerate(self._names)}
        self._peer_places = [self._places[numbers[each.name]] for each in card.peer_metrics]
        self._next_band = NextBandFinder(
            card.bands,
            card.scale.maximum,
            {name: column for column, name in enumerate(columns)},
            dict(zip(self._names, self._places, strict=True)),
            rescore,
        )

    def explain(
        self,
        accounts: NDArray[np.float64],
        scored: Scores,
        bands: Sequence[float] = (),
        target: float | None = None,
    ) -> list[Explanation]:
        """Explain accounts; the arguments are those of `Scorer.explain`, and what was scored.

        Raises
        ------
        InvalidInput
            If the bands do not ascend within the scale, or the target is not on it.
        """
        self._check_bands(bands)
        self._check_target(target)
        values = scored.values
        compared: Iterable[ExplainedMetrics] = repeat(ExplainedMetrics((), {}), len(accounts))
        if self._peers is not None:
            compared = self._peers.explain(
                accounts, values[:, self._peer_places], scored.ranks, bands
            )
        signals = self._signals.explain(accounts, bands)
        coverage = [self._coverage(tuple(statuses)) for statuses in scored.statuses.tolist()]
        named: Iterable[int] = repeat(-1, len(accounts))
        if self._card.bands:
            named = band_places(values[:, -1], self._card.bands).tolist()
        told = zip(
            accounts, compared, signals, values.tolist(), coverage, named,
            scored.flags.tolist(), scored.statuses.tolist(), strict=True,
        )  # fmt: skip
        explained = []
        wishes: dict[int, Wish] = {}
        for row, account in enumerate(told):
            why, raisers = self._one(*account)
            above = self._next_band.target_above(why.overall.score, target)
            if above is not None:
                wishes[row] = Wish(accounts[row], why.overall, raisers, above)
            explained.append(why)
        if not wishes:
            return explained
        found = dict(zip(wishes, self._next_band.find([*wishes.values()]), strict=True))
        return [why._replace(next_band=found.get(row)) for row, why in enumerate(explained)]

    def _one(
        self,
        account: NDArray[np.float64],
        compared: ExplainedMetrics,
        signals: ExplainedMetrics,
        values: list[float],
        coverage: list[float],
        band: int,
        flags: int,
        statuses: list[int],
    ) -> tuple[Explanation, Mapping[str, Raiser]]:
        scores = [values[place] for place in self._places]
        applies = [status != Status.NOT_APPLICABLE for status in statuses]
        *components, overall = self._drivers.deal(scores, values[len(scores) :], coverage, applies)
        metrics: list[AnyMetric] = [*compared.metrics, *signals.metrics]
        told = {each.metric: each for each in metrics}
        why = Explanation(
            maximum=self._card.scale.maximum,
            metrics=tuple(told[self._names[number]] for number in self._many.shown),
            components=tuple(components),
            overall=overall,
            flags=tuple(str(flag.name).lower() for flag in Flag(flags)),
            band=self._card.bands[band].name if band >= 0 else None,
            next_band=None,
            peers=self._compared(account, overall.score),
        )
        return why, {**compared.raisers, **signals.raisers}

    def _coverage_of(self, statuses: tuple[int, ...]) -> list[float]:
        """Give the coverage of all means, for accounts whose metrics have these statuses."""
        alone = [np.array([status], dtype=np.uint8) for status in statuses]
        return [float(each.share[0]) for each in self._many.coverage.of(alone)]

    def _compared(self, account: NDArray[np.float64], score: float | None) -> PeerComparison | None:
        if self._overlay is None:
            return None
        return self._overlay.compare(account[self._sizes].tolist(), score)

    def _check_bands(self, bands: Sequence[float]) -> None:
        top = self._top
        twice = sorted({band for band in bands if list(bands).count(band) > 1})
        if twice:
            raise InvalidInput(f"the band {twice[0]:g} is given twice")
        ascend = all(low < high for low, high in pairwise(bands))
        if not (ascend and all(0.0 <= band <= top for band in bands)):
            raise InvalidInput(f"bands are thresholds that ascend from 0 to {top:g}, not {bands}")

    def _check_target(self, target: float | None) -> None:
        maximum = self._card.scale.maximum
        if target is not None and not 0.0 <= target <= maximum:
            raise InvalidInput(f"a target is a score from 0 to {maximum:g}, not {target}")
