"""`scorecard model`: what is in an artifact, metric by metric."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from training.cli.options import ARTIFACT, number, risk_lines
from training.fit_report import step_text
from training.quality_report import fitted_as, ratio_text, worst_cell_text
from training.signal_report import quartiles_text, statuses_text


@click.group()
def model() -> None:
    """Look into an artifact: what was fitted, and how right it is.

    \b
    Example:
      scorecard model show build/artifact bots
    """


@model.command()
@click.argument("artifact", type=ARTIFACT)
@click.argument("metric", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(artifact: Path, metric: str | None, as_json: bool) -> None:
    """Show every metric of an artifact in a line, or all there is to say of one METRIC.

    ARTIFACT is a directory or a model.tar.gz. Nothing is fitted or measured: all figures were
    stored by `scorecard train`. Of one metric you see the estimator and what it chose, how many
    accounts it saw, whether its scores are calibrated on accounts kept out, where the peers are,
    and what is usual among them.

    \b
    Examples:
      scorecard model show build/artifact
      scorecard model show build/artifact bots
      scorecard model show build/model.tar.gz bots --json
    """
    from training.model_report import report_metric, report_model

    told = report_model(artifact) if metric is None else report_metric(artifact, metric)
    if as_json:
        click.echo(json.dumps(told, indent=1))
        return
    click.echo("\n".join(_model(told) if metric is None else _metric(told)))


def _model(told: Mapping[str, Any]) -> list[str]:
    return [
        _head(told),
        *(_peer_metrics(told) if told["metrics"] else []),
        *(_signals(told["signals"]) if told["signals"] else []),
        *risk_lines(told["risks"]),
    ]


def _signals(signals: Mapping[str, Any]) -> list[str]:
    lines = [f"{'metric':22}{'kind':14}{'scored':>9}  {'quartiles':22}how; without a score"]
    for name, told in signals.items():
        statuses = told["statuses"]
        scored = None if statuses is None else statuses.get("ok", 0)
        without = "" if statuses is None else f"; {statuses_text(statuses)}"
        lines.append(
            f"{name:22}{told['kind']:14}{_count(scored):>9}  "
            f"{quartiles_text(told['quartiles']):22}{told['how']}{without}"
        )
        lines += [f"warning: {name}: {warning}" for warning in told["warnings"]]
    return lines


def _signal(told: Mapping[str, Any]) -> list[str]:
    statuses = told["statuses"]
    counted = []
    if statuses is not None:
        counted = [
            f"  accounts     {_count(statuses.get('ok', 0))} have a score "
            f"(figures on: {told['evaluated_on']}); without one: {statuses_text(statuses)}",
            f"  quartiles    {quartiles_text(told['quartiles'])}",
        ]
    return [
        _head(told),
        "",
        told["metric"] if told["label"] is None else f"{told['metric']}: {told['label']}",
        f"  kind         {told['kind']}; other accounts do not change its score",
        f"  how          {told['how']}",
        *([f"  product      {told['product']}"] if told["product"] else []),
        f"  inputs       {', '.join(_input(column) for column in told['inputs'])}",
        *counted,
        *(f"warning: {warning}" for warning in told["warnings"]),
    ]


def _input(column: Mapping[str, Any]) -> str:
    return f"{column['name']} ({column['type']})"


def _peer_metrics(told: Mapping[str, Any]) -> list[str]:
    lines = [
        f"{'metric':22}{'n':>9}{'missing':>9}{'zeros':>9}{'CRPS':>7}{'to kNN':>8}{'KS':>7}"
        f"{'noise':>7}{'cell KS':>9}{'its noise':>11}  bounds; steps; fitted as",
    ]
    for name, metric in told["metrics"].items():
        steps = ", ".join(f"{step['dimension']} {step['value']:g}" for step in metric["steps"])
        lines.append(
            f"{name:22}{_count(metric['accounts']):>9}{_count(metric['missing']):>9}"
            f"{_count(metric['zeros']):>9}{number(metric['rank_crps_ratio']):>7}"
            f"{number(metric['rank_crps_knn_ratio']):>8}{number(metric['pit_ks']):>7}"
            f"{number(metric['pit_ks_noise_95']):>7}{number(metric['worst_cell_ks']):>9}"
            f"{number(metric['worst_cell_noise_95']):>11}"
            f"  {metric['bounds']}; {steps or 'none'}; {fitted_as(metric)}"
        )
    return lines


def _head(told: Mapping[str, Any]) -> str:
    on = told["evaluated_on"]
    seen = f"figures on: {on}" if on else "it was not evaluated"
    return f"scorecard {told['scorecard']}, version {told['version']}; {seen}"


def _metric(told: Mapping[str, Any]) -> list[str]:
    if told.get("kind") is not None:
        return _signal(told)
    better = "higher" if told["higher_is_better"] else "lower"
    lines = [
        _head(told),
        "",
        told["metric"],
        f"  fitted as    {fitted_as(told)}",
        *_parameters(told["fit"]),
        f"  accounts     {_count(told['accounts'])}, zeros {_count(told['zeros'])}, "
        f"missing in {_count(told['missing'])} more",
        f"  bounds       {told['bounds']}",
        f"  ties         {told['ties']}; {better} is better",
        *(f"  step         {step_text(step)}" for step in told["steps"]),
        "",
        *_evaluation(told),
        "peers (training accounts)",
        *(f"  {_dimension(dimension)}" for dimension in told["peer_dimensions"]),
        "",
        f"usual among peers: quartiles of {told['metric']}, other numbers at their median",
        *(f"  {_place(place)}" for place in told["peer_quartiles"]),
    ]
    return [*lines, *(f"warning: {warning}" for warning in told["warnings"])]


#: Said elsewhere, in the words of people.
_SAID = {
    "estimator", "family", "reason", "accounts", "zeros", "steps", "steps_at", "learned_bounds",
}  # fmt: skip


def _parameters(fit: Mapping[str, Any]) -> list[str]:
    chosen = {key: value for key, value in fit.items() if key not in _SAID}
    return [f"    {key:32}{_value(value)}" for key, value in chosen.items()]


def _evaluation(told: Mapping[str, Any]) -> list[str]:
    result = told["evaluation"]
    if result is None or not result["accounts"]:
        return []
    lines = [
        f"how right, on {result['accounts']:,} accounts ({told['evaluated_on']})",
        f"  CRPS to no peers       {ratio_text(result, 'rank_crps_ratio')}; "
        "below 1: peers tell something",
        f"  CRPS to nearest peers  {ratio_text(result, 'rank_crps_knn_ratio')}; "
        "below 1: better than the plain baseline",
        f"  KS (noise)             {result['pit_ks']:.3f} ({result['pit_ks_noise_95']:.3f}); "
        "below noise is as right as can be seen",
        f"  worst cell (noise)     {worst_cell_text(result)}",
    ]
    if result.get("jump_p99") is not None and told["jump"]:
        lines.append(
            f"  jump                   {result['jump_p99']:.2f} points of 10 when "
            f"{told['jump']['dimension']} moves by {told['jump']['rank']:.1%} of the accounts"
        )
    levels = list(result["coverage"].items())
    return [
        *lines,
        "  calibration: share of accounts at or below a rank, expected and measured",
        "    expected " + " ".join(f"{float(level):6.0%}" for level, _ in levels[1::2]),
        "    measured " + " ".join(f"{share:6.1%}" for _, share in levels[1::2]),
        "",
    ]


def _dimension(dimension: Mapping[str, Any]) -> str:
    if dimension["type"] == "category":
        return f"{dimension['name']}: {', '.join(dimension['categories'])}"
    low, middle, high = (f"{value:g}" for value in dimension["quartiles"])
    return (
        f"{dimension['name']}: {dimension['lowest']:g} to {dimension['highest']:g}; "
        f"quartiles {low}, {middle}, {high}"
    )


def _place(place: Mapping[str, Any]) -> str:
    value = place["value"] if isinstance(place["value"], str) else f"{place['value']:g}"
    low, middle, high = (_value(quartile) for quartile in place["quartiles"])
    return (
        f"{place['dimension']} {value} ({place['place']}): median {middle}, half of {low} to {high}"
    )


def _value(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _count(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"
