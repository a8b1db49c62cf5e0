"""Absolute metrics in words and tables for the model card: what counts how, and who has a score."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from serving.scoring.absolute import AbsoluteMetric
from serving.scoring.scorecard import Scorecard
from training.fit_report import missing_text
from training.markdown_text import plain, table

_NONE = "-"


def signal_section(scorecard: Scorecard) -> list[str]:
    """Give the card's section on metrics whose score does not depend on other accounts."""
    metrics = {metric.name: metric for metric in scorecard.absolute_metrics}
    if not metrics:
        return []
    rows = [
        [plain(node.name), f"{node.weight:g}", plain(name), f"{weight:g}",
         plain(metrics[name].kind), plain(keys_text(metrics[name]))]
        for node in scorecard.all_components
        for name, weight in node.metrics.items()
        if name in metrics
    ]  # fmt: skip
    return [
        "## What is scored whoever the others are",
        "",
        "Points run from 0 to 100, whatever the scale. No other account changes them.",
        "",
        *table(["component", "weight", "metric", "weight", "kind", "how"], rows, left=(0, 2, 4, 5)),
        "",
        *([] if scorecard.peer_metrics else [missing_text(scorecard), ""]),
        *_bands(scorecard),
        *_coverage(scorecard),
    ]


def counted_section(evaluation: Mapping[str, Any]) -> list[str]:
    """Give the card's section on how many accounts have which score, and why others have none."""
    if "global" not in evaluation:
        return []
    accounts, overall = evaluation["accounts"], evaluation["global"]
    return [
        "## Who has which score",
        "",
        f"{overall['accounts']:,} of {accounts:,} accounts ({plain(evaluation['on'])}) have a "
        f"global score; quartiles: {quartiles_text(overall['quartiles'])}.",
        "",
        *table(
            ["metric", "kind", "with a score", "without", "quartiles of the score"],
            (_counted(name, told) for name, told in evaluation["signals"].items()),
            left=(0, 1, 3),
        ),
        "",
        *_band_counts(evaluation.get("bands", {}), accounts),
    ]


def keys_text(metric: AbsoluteMetric) -> str:
    """Say the keys of a metric's definition in one line.

    Examples
    --------
    >>> from serving.scoring.signals import KINDS
    >>> ratio = KINDS["ratio"](name="use", numerator="active", denominator="bought")
    >>> keys_text(AbsoluteMetric(signal=ratio, cohort="insiders"))
    'numerator active, denominator bought; only where insiders'
    """
    body = metric.signal.to_dict()
    told = [
        f"{key} {_value(value)}" for key, value in body.items() if key != "kind" and _said(value)
    ]
    around = [f"only where {metric.cohort}"] if metric.cohort else []
    if metric.as_of:
        around.append(f"stale when {metric.as_of} is more than {metric.max_age_days:g} days ago")
    return "; ".join([", ".join(told), *around])


def statuses_text(statuses: Mapping[str, int]) -> str:
    """Say why accounts have no score, the most frequent reason first."""
    others = sorted(
        ((count, word) for word, count in statuses.items() if word != "ok"), reverse=True
    )
    return ", ".join(f"{word} {count:,}" for count, word in others) or "none"


def quartiles_text(quartiles: Sequence[float] | None) -> str:
    """Write quartiles; a dash where nobody has a score."""
    return _NONE if quartiles is None else " / ".join(f"{value:.4g}" for value in quartiles)


def _said(value: Any) -> bool:
    return value is not None and value != [] and value != {}


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_value(each)}" for key, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(_element, value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "no score"
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _element(value: Any) -> str:
    """Write an element of a list; a pair is a threshold and its points."""
    return ": ".join(map(_value, value)) if isinstance(value, list) else _value(value)


def _bands(scorecard: Scorecard) -> Iterator[str]:
    if scorecard.bands:
        named = (f"{plain(band.name)} from {band.lower:g}" for band in reversed(scorecard.bands))
        yield f"Bands, compared unrounded: {', '.join(named)}."
        yield ""


def _coverage(scorecard: Scorecard) -> Iterator[str]:
    minima = {node.name: node.minimum_coverage for node in scorecard.all_components}
    minima["the global score"] = scorecard.minimum_coverage
    asked = [f"{plain(name)} {least:.0%}" for name, least in minima.items() if least is not None]
    if asked:
        yield (
            "A score is withheld where less than this share of the weight that applies has "
            f"scores: {', '.join(asked)}."
        )
        yield ""


def _counted(name: str, told: Mapping[str, Any]) -> list[str]:
    statuses = told["statuses"]
    return [
        plain(name),
        plain(told["kind"]),
        f"{statuses.get('ok', 0):,}",
        statuses_text(statuses),
        quartiles_text(told["quartiles"]),
    ]


def _band_counts(bands: Mapping[str, int], accounts: int) -> Iterator[str]:
    if not bands:
        return
    rows = (
        [plain(name), f"{count:,}", f"{count / max(accounts, 1):.1%}"]
        for name, count in bands.items()
    )
    yield from table(["band", "accounts", "share"], rows, left=(0,))
    yield ""
