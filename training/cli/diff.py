"""`scorecard diff`: which accounts another definition moves, before anything is published."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from training.cli.options import (
    ARTIFACT,
    FILE,
    FOLDER,
    check_outside,
    gated,
    reads_accounts,
    report,
)


@click.command()
@click.argument("old", type=ARTIFACT)
@click.argument("new", type=ARTIFACT)
@click.option("--data", "data_", type=FOLDER, required=True, help="CSVs; peer_dims.csv among them.")
@click.option("--from", "source", type=ARTIFACT,
              help="The artifact whose tables and models a definition takes.  "
              "[default: the one of OLD and NEW that is an artifact]")  # fmt: skip
@click.option("--csv", "csv_", type=FILE, help="Write every account that changes here.")
@click.option("--top", type=click.IntRange(0), default=10, show_default=True,
              help="Largest moves that are listed.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@reads_accounts
def diff(
    old: Path,
    new: Path,
    data_: Path,
    source: Path | None,
    csv_: Path | None,
    top: int,
    as_json: bool,
    max_refused: float,
    refused: Path | None,
    scoring_date: datetime | None,
) -> None:
    """Show which accounts come into another band under NEW; nothing is changed by it.

    OLD and NEW are artifacts (a directory or a model.tar.gz) or definitions (.yaml), which are
    built in memory. You see what NEW defines otherwise, how many accounts go from which band to
    which, and the largest moves with the metric that moved each. Without bands on both sides
    accounts count whose global score moves by more than a step of the scale, or by a point.

    \b
    Examples:
      scorecard diff build/artifact my_weights.yaml --data data/sample/account_health
      scorecard diff old.yaml new.yaml --data data/sample/account_health --csv moved.csv
    """
    from training.diff import diff as run
    from training.diff import write_changed

    for artifact in (old, new):
        check_outside(artifact, csv_, refused)
    with gated(refused):
        found, accounts = run(
            old, new, data_, tables=source, max_refused_share=max_refused,
            scoring_date=scoring_date,
        )  # fmt: skip
    report(accounts.refusals, accounts.notes, refused)
    if csv_ is not None:
        write_changed(found, csv_)
    told = found.to_dict(top)
    click.echo(json.dumps(told, indent=1) if as_json else "\n".join(_lines(told)))


def _lines(told: Mapping[str, Any]) -> list[str]:
    from training.number_text import counted

    lines = [f"changed in the definition: {change}" for change in told["definition"]]
    lines = lines or ["the definitions are the same"]
    share = told["changed"] / max(told["accounts"], 1)
    change, have = ("changes", "has") if told["changed"] == 1 else ("change", "have")
    how = f"{change} band" if told["bands"] else f"{have} {told['changed_by']}"
    accounts = counted(told["accounts"], "account")
    lines.append(f"{told['changed']:,} of {accounts} {how} ({share:.1%})")
    if told["only_one"]:
        lines.append(f"{counted(told['only_one'], 'account')} could be read for one side only")
    if told["bands"]:
        lines += ["", *_matrix(told["bands"])]
    move = told["movement"]
    lines += [
        "",
        f"global score: {move['up']:,} up, {move['down']:,} down, mean move {move['mean']:.2f}, "
        f"largest {move['largest']:.2f}, all together {move['total']:,.1f}; "
        f"{move['came']:,} get{'s' * (move['came'] == 1)} a score, "
        f"{move['went']:,} lose{'s' * (move['went'] == 1)} it",
    ]
    return [*lines, *_largest(told["largest"])]


#: The corner of the table: rows are before, columns after.
_CORNER = "from, to"


def _matrix(bands: Mapping[str, Any]) -> list[str]:
    width = max(map(len, [*bands["before"], _CORNER]))
    cells = [max(len(name), 9) for name in bands["after"]]
    head = "".join(f"  {name:>{size}}" for name, size in zip(bands["after"], cells, strict=True))
    rows = [
        f"{name:{width}}"
        + "".join(f"  {count:>{size},}" for count, size in zip(counts, cells, strict=True))
        for name, counts in zip(bands["before"], bands["counts"], strict=True)
    ]
    return [f"{_CORNER:{width}}{head}", *rows]


def _largest(rows: list[Mapping[str, Any]]) -> list[str]:
    if not rows:
        return []
    width = max(len(row["acct_id"]) for row in rows)
    lines = ["", "largest moves"]
    for row in rows:
        moved = "" if row["metric"] is None else f", {row['metric']} {row['metric_move']:+.2f}"
        bands = " -> ".join(str(row[key] or "-") for key in ("old_band", "new_band"))
        scores = " -> ".join(_score(row[key]) for key in ("old_score", "new_score"))
        lines.append(f"  {row['acct_id']:{width}}  {scores}  {bands}{moved}")
    return lines


def _score(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f}"
