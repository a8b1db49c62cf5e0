"""All verdicts on a candidate: none hides another."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from serving.scoring import InvalidInput, Scorer, load_scorer
from serving.scoring.archive import open_files
from serving.scoring.manifest import check_file, from_json
from training.gate import bands, calibrated, not_worse
from training.gate.comparison import Comparison
from training.gate.held_out import MetricLosses, calibration, look, paired_losses
from training.gate.limits import Limits
from training.gate.moves import judge_moves, measure_moves
from training.gate.report import GateReport, Verdict
from training.gate.same_accounts import SameAccounts, read_same_accounts, why_not_comparable
from training.gate.same_wire import judge_wire
from training.risk import gate as risk_gate
from training.risk import read_outcomes

MAX_REASON = 500

_EVALUATION = "evaluation.json"
#: A score that depends on no other account has no calibration.
_NO_PEERS = Verdict(calibrated.NAME, True, "no metric is compared with peers", judged=False)
_NEEDS_BOTH = (
    not_worse.NAME, "stable metrics", "stable components", "stable global score",
    "no score comes or goes",
)  # fmt: skip


def judge(
    candidate: Path,
    champion: Path | None,
    *,
    data: Path | None = None,
    limits: Limits,
    reason: str = "",
    max_refused_share: float = 0.01,
    scoring_date: dt.date | None = None,
) -> GateReport:
    """Judge whether an artifact may take the champion's place.

    Without accounts the evaluations that both artifacts carry are compared, coarsely if they are
    of different accounts, and no score is.

    Parameters
    ----------
    champion : Path or None
        The artifact that is served now; None if there is none, then only calibration is judged.
    data : Path, optional
        A folder of CSVs, scored by both artifacts.
    limits : Limits
        ``Limits()``, or others for a `reason`.
    reason : str
        One line; kept in the report, and stored with the version.
    max_refused_share : float
        As `read_accounts` takes it.
    scoring_date : date, optional
        Dates become days before it; the newest ``last_updated`` if not given.

    Raises
    ------
    InvalidInput
        If limits are changed without a reason, the reason is not one line, or the accounts
        cannot be used.
    ArtifactError
        If an artifact must not be used.
    """
    _check_reason(limits, reason)
    ours = load_scorer(candidate)
    theirs = None if champion is None else load_scorer(champion)
    odd = None if theirs is None else why_not_comparable(ours, theirs)
    verdicts = [] if theirs is None else _of_definitions(ours, theirs, limits)
    if data is None:
        verdicts += _by_evaluations(
            (ours, _evaluation(candidate, ours)),
            None if theirs is None or champion is None else (theirs, _evaluation(champion, theirs)),
            limits,
        )
        return GateReport(tuple(verdicts), limits.changed(), reason)
    scorers = [ours] if theirs is None or odd else [ours, theirs]
    try:
        same = read_same_accounts(
            data, scorers, max_refused_share=max_refused_share, scoring_date=scoring_date
        )
    except InvalidInput as error:
        # With other inputs than the champion's the champion's accounts cannot be read for it; that
        # it has others is what people are to hear.
        if all(verdict.passed for verdict in verdicts):
            raise
        return GateReport((*verdicts, *_not_judged(str(error))), limits.changed(), reason)
    found, comparison = _by_accounts(scorers, same, limits)
    told = _evaluation(candidate, ours)
    verdicts += [*found, *_of_risks(ours, told, limits)]
    if len(scorers) > 1:
        verdicts += _compared_risks(scorers, same, data, max_refused_share, limits)
    if len(scorers) == 1:
        verdicts += _not_judged(odd or "there is no champion")
    return GateReport(
        tuple(verdicts), limits.changed(), reason, same.describe(), comparison, same.accounts
    )


def _of_definitions(candidate: Scorer, champion: Scorer, limits: Limits) -> list[Verdict]:
    return [
        judge_wire(candidate, champion, limits),
        *risk_gate.judge_lost(candidate, champion, limits),
        *bands.tell_definition(candidate, champion),
    ]


def _of_risks(scorer: Scorer, told: Mapping[str, Any], limits: Limits) -> list[Verdict]:
    """Judge a candidate's classifiers by its own evaluation; nothing where it has none."""
    names = sorted(scorer.artifact.models)
    return risk_gate.judge_evaluations(names, told.get("risks", {}), limits)


def _compared_risks(
    scorers: Sequence[Scorer],
    same: SameAccounts,
    data: Path,
    max_refused_share: float,
    limits: Limits,
) -> list[Verdict]:
    """Compare classifiers of the same name on contracts that neither has seen."""
    candidate, champion = (scorer.artifact.models for scorer in scorers)
    both = sorted(set(candidate) & set(champion))
    if not both:
        return []
    inputs = {name for each in both for model in (candidate[each], champion[each])
              for name in model.inputs}  # fmt: skip
    outcomes = read_outcomes(
        data, inputs, until=same.scoring_date, max_refused_share=max_refused_share
    )
    if outcomes is None:
        return [Verdict(risk_gate.NOT_WORSE, True, "the data have no outcomes", judged=False)]
    held_out = set(same.frame["acct_id"][same.held_out_of_both])
    compared = risk_gate.compare_models(
        candidate, champion, outcomes, same.frame, held_out=held_out
    )
    return [risk_gate.judge_compared(compared, both, limits)]


def _check_reason(limits: Limits, reason: str) -> None:
    if limits.changed() and not reason.strip():
        raise InvalidInput("another limit than the default takes a reason, stored with the version")
    if len(reason) > MAX_REASON or not reason.isprintable():
        raise InvalidInput(f"a reason is one line of at most {MAX_REASON} characters")


def _by_accounts(
    scorers: list[Scorer], same: SameAccounts, limits: Limits
) -> tuple[list[Verdict], Comparison | None]:
    candidate = scorers[0]
    verdicts, seen = [_NO_PEERS], None
    if candidate.scorecard.peer_metrics:
        seen = look(candidate, same, same.held_out)
        on = f"held-out accounts of {len(same.frame):,}"
        verdicts = [calibrated.judge_calibration(calibration(seen), on, limits)]
    if len(scorers) == 1:
        return verdicts, None
    champion = scorers[1]
    losses: Mapping[str, MetricLosses] = {}
    if seen is not None and champion.scorecard.peer_metrics:
        if not np.array_equal(same.held_out, same.held_out_of_both):
            seen = look(candidate, same, same.held_out_of_both)
        losses = paired_losses(seen, look(champion, same, same.held_out_of_both))
    count = f"{int(same.held_out_of_both.sum()):,} accounts that neither fit has seen"
    moves = measure_moves(candidate, champion, same)
    verdicts += [
        not_worse.judge_losses(losses, count, limits),
        *judge_moves(moves, limits),
        *bands.judge_bands(candidate, champion, same, limits),
    ]
    metric_names = dict(
        zip(candidate.metric_keys, (m.name for m in candidate.scorecard.metrics), strict=True)
    )
    return verdicts, Comparison(moves, losses, metric_names)


def _by_evaluations(
    ours: tuple[Scorer, Mapping[str, Any]],
    theirs: tuple[Scorer, Mapping[str, Any]] | None,
    limits: Limits,
) -> list[Verdict]:
    names = [metric.name for metric in ours[0].scorecard.peer_metrics]
    on = "by its own evaluation (give --data to measure)"
    verdicts = [_NO_PEERS]
    if names:
        found = calibrated.evaluated(names, ours[1])
        verdicts = [calibrated.judge_calibration(found, on, limits)]
    verdicts += _of_risks(*ours, limits)
    if theirs is None:
        return [*verdicts, *_not_judged("there is no champion")]
    same = _same_accounts(ours[0], theirs[0])
    compare = not_worse.judge_evaluations if same else not_worse.judge_other_evaluations
    new, old = (about[1].get("metrics", {}) for about in (ours, theirs))
    verdicts.append(compare(new, old, limits))
    return [*verdicts, *_not_judged("not compared: give --data")[1:]]


def _not_judged(why: str) -> list[Verdict]:
    return [Verdict(name, True, why, judged=False) for name in _NEEDS_BOTH]


def _same_accounts(candidate: Scorer, champion: Scorer) -> bool:
    """Tell whether both were fitted to the same accounts, dealt in the same way."""
    ours, theirs = (scorer.artifact.manifest["training"] for scorer in (candidate, champion))
    told = [(about.get("data_sha256"), about.get("split")) for about in (ours, theirs)]
    return told[0] == told[1] and None not in told[0]


def _evaluation(artifact: Path, scorer: Scorer) -> Mapping[str, Any]:
    """Read the evaluation that an artifact carries; empty if it has none."""
    listed = scorer.artifact.manifest["files"]
    if _EVALUATION not in listed:
        return {}
    data = open_files(artifact).read(_EVALUATION, listed[_EVALUATION]["bytes"])
    told: Mapping[str, Any] = from_json(check_file(listed, _EVALUATION, data), _EVALUATION)
    return told
