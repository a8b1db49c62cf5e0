"""What `scorecard model show` says of an artifact and of one of its metrics: plain JSON values."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from serving.scoring import InvalidInput, Scorer, load_scorer
from serving.scoring.absolute import AbsoluteMetric
from serving.scoring.artifact import read_files
from serving.scoring.manifest import from_json
from serving.scoring.scorecard import PeerMetric
from training.baseline import descriptions
from training.fit_report import bounds_text
from training.inspection import describe_dimension, quartiles_by_place, steps_in_units
from training.quality_verdict import nearest_peers_are_better, worst_cell_is_off
from training.signal_report import keys_text

_EVALUATION = "evaluation.json"
#: A learned distribution rests on noise below so many accounts.
FEW_ACCOUNTS = 1000
#: A score that changes by more points of 10 than this without the account doing anything.
LARGE_JUMP = 1.0


def report_model(artifact: Path) -> dict[str, Any]:
    """Describe every metric of an artifact in a few figures.

    Raises
    ------
    ArtifactError
        If the artifact cannot be used.
    """
    scorer, evaluation = _read(artifact)
    return {
        **_head(scorer, evaluation),
        "metrics": {
            metric.name: _summary(scorer, metric, evaluation)
            for metric in scorer.scorecard.peer_metrics
        },
        "signals": {
            metric.name: _signal(scorer, metric, evaluation)
            for metric in scorer.scorecard.absolute_metrics
        },
        "risks": dict(evaluation.get("risks", {})),
    }


def report_metric(artifact: Path, name: str) -> dict[str, Any]:
    """Describe one metric of an artifact: everything there is to say of it.

    Raises
    ------
    ArtifactError
        If the artifact cannot be used.
    InvalidInput
        If it has no such metric; names those it has.
    """
    scorer, evaluation = _read(artifact)
    metrics = {metric.name: metric for metric in scorer.scorecard.metrics}
    if name not in metrics:
        raise InvalidInput(_no_such(name, list(metrics)))
    metric = metrics[name]
    if not isinstance(metric, PeerMetric):
        head = _head(scorer, evaluation)
        return {**head, "metric": name, **_signal(scorer, metric, evaluation)}
    result = evaluation.get("metrics", {}).get(name)
    summary = _summary(scorer, metric, evaluation)
    return {
        **_head(scorer, evaluation),
        "metric": name,
        **summary,
        "ties": metric.ties,
        "higher_is_better": metric.higher_is_better,
        "fit": dict(descriptions(scorer).get(name, {})),
        "evaluation": result,
        "peer_dimensions": [describe_dimension(axis) for axis in scorer.peers.axes],
        "peer_quartiles": [
            {
                "dimension": place.dimension,
                "place": place.place,
                "value": place.value,
                "quartiles": [None if np.isnan(value) else value for value in place.quartiles],
            }
            for place in quartiles_by_place(scorer, metric)
        ],
        "warnings": _warnings(summary, result, len(scorer.scorecard.peer_metrics)),
    }


def _no_such(name: str, names: list[str]) -> str:
    near = difflib.get_close_matches(name, names, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"the artifact has no metric {name!r}.{hint} It has {', '.join(names)}"


def _read(artifact: Path) -> tuple[Scorer, Mapping[str, Any]]:
    scorer = load_scorer(artifact)
    files = read_files(artifact)
    if _EVALUATION not in files:
        return scorer, {}
    evaluation: Mapping[str, Any] = from_json(files[_EVALUATION], _EVALUATION)
    return scorer, evaluation


def _head(scorer: Scorer, evaluation: Mapping[str, Any]) -> dict[str, Any]:
    training = scorer.artifact.manifest["training"]
    return {
        "scorecard": scorer.scorecard.id,
        "version": scorer.artifact.version,
        "training_accounts": training.get("accounts"),
        "evaluated_on": evaluation.get("on"),
        "baseline": evaluation.get("baseline"),
        "jump": evaluation.get("jump"),
    }


def _signal(
    scorer: Scorer, metric: AbsoluteMetric, evaluation: Mapping[str, Any]
) -> dict[str, Any]:
    """Describe a metric that is worth what it is, whoever the others are."""
    counted = evaluation.get("signals", {}).get(metric.name, {})
    model = getattr(metric.signal, "model", None)
    lacks = model is not None and model not in scorer.artifact.models
    return {
        "kind": metric.kind,
        "label": metric.label,
        "product": metric.product,
        "how": keys_text(metric),
        "inputs": [column.to_dict() for column in metric.inputs],
        "statuses": counted.get("statuses"),
        "quartiles": counted.get("quartiles"),
        "warnings": [f"there is no model {model}: model_missing"] if lacks else [],
    }


def _summary(scorer: Scorer, metric: PeerMetric, evaluation: Mapping[str, Any]) -> dict[str, Any]:
    fit = descriptions(scorer).get(metric.name, {})
    tables = scorer.peers
    table = tables.metrics[metric.name]
    learned = [bound if np.isfinite(bound) else None for bound in (table.lower, table.upper)]
    result = evaluation.get("metrics", {}).get(metric.name, {})
    return {
        **{key: fit.get(key) for key in ("estimator", "family", "reason", "accounts", "zeros")},
        "missing": _missing(scorer, fit),
        "bounds": bounds_text(metric, learned),
        "steps": steps_in_units(tables.axes, fit.get("steps", ())),
        **{
            key: result.get(key)
            for key in (
                "rank_crps_ratio",
                "rank_crps_knn_ratio",
                "pit_ks",
                "pit_ks_noise_95",
                "worst_cell_ks",
                "worst_cell_noise_95",
            )
        },
    }


def _missing(scorer: Scorer, fit: Mapping[str, Any]) -> int | None:
    """Count the accounts that were fitted to and do not have the metric."""
    split = scorer.artifact.manifest["training"].get("split", {}).get("accounts", {})
    if "fit" not in split or "accounts" not in fit:
        return None
    return int(split["fit"] + split["select"] - fit["accounts"])


def _warnings(
    summary: Mapping[str, Any], result: Mapping[str, Any] | None, metrics: int
) -> list[str]:
    """Say what a careful reader should look at before trusting the scores of one of `metrics`."""
    found = []
    if summary["reason"]:
        found.append(f"peers are ignored: {summary['reason']}")
    if summary["accounts"] is not None and summary["accounts"] < FEW_ACCOUNTS:
        found.append(f"fitted to {summary['accounts']} accounts only")
    if result is None or not result["accounts"]:
        return [*found, "not evaluated: how right its scores are is not known"]
    if result["pit_ks"] > result["pit_ks_noise_95"]:
        found.append("KS is beyond its noise: right scores are so once in twenty times")
    if worst_cell_is_off(result, metrics):
        found.append("in one cell of the peer dimensions scores are far from uniform")
    if nearest_peers_are_better(result):
        found.append("plain nearest peers predict better")
    if (result.get("jump_p99") or 0.0) > LARGE_JUMP:
        found.append(f"scores jump by up to {result['jump_p99']:.1f} points between near accounts")
    return found
