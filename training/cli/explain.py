"""`scorecard explain`: why an account has its scores, and what would bring higher ones."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import click

from training.cli.options import (
    ARTIFACT,
    FOLDER,
    check_outside,
    gated,
    reads_accounts,
    report,
)


@click.command()
@click.argument("artifact", type=ARTIFACT)
@click.option("--data", "data_", type=FOLDER, required=True, help="CSVs; peer_dims.csv among them.")
@click.option("--account", required=True, help="The account's acct_id.")
@click.option("--set", "changes", multiple=True, metavar="NAME=VALUE",
              help="What if this input were another? Nothing after = is: not known.")  # fmt: skip
@click.option("--band", "bands", type=float, multiple=True,
              help="A threshold on the scale; says which value brings the next one.")  # fmt: skip
@click.option("--target", type=float,
              help="A global score to reach, instead of the scorecard's next band.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with all digits.")
@reads_accounts
def explain(
    artifact: Path,
    data_: Path,
    account: str,
    changes: tuple[str, ...],
    bands: tuple[float, ...],
    target: float | None,
    as_json: bool,
    max_refused: float,
    refused: Path | None,
    scoring_date: datetime | None,
) -> None:
    """Say why an account has its scores, and which values would bring higher ones.

    Of each metric you see the account's value beside the quartiles of its own peers, its rank
    among them with an interval (there are only so many peers), its score, and the value at which
    the next point begins, rounded to the safe side. A value that 95 % of the peers do not reach is
    no advice, and is marked. Of an absolute metric you see what was read, and what the next point
    takes. Where the scorecard has bands, or with --target, then follows what reaches the next one:
    the least change of one input, metric by metric, or the fewest metrics together. Then follow
    the points that the global score and every component lost, metric by metric: with the score
    they add up to the maximum.

    The figures are those of POST /explain.

    \b
    Examples:
      scorecard explain build/artifact --data data/sample --account fa61cdbba7b
      scorecard explain build/artifact --data data/sample --account fa61cdbba7b --set macro=12
      scorecard explain build/artifact --data data/sample --account fa61cdbba7b --json
    """
    from training.batch import read_for
    from training.explain_account import explain_account, read_changes
    from training.explanation_text import explanation_text

    check_outside(artifact, refused)
    with gated(refused):
        scorer, accounts, date = read_for(artifact, data_, max_refused, scoring_date)
    report(accounts.refusals, accounts.notes, refused)
    told = explain_account(
        scorer,
        accounts.frame,
        account,
        changes=read_changes(scorer.inputs, changes),
        bands=sorted(bands),
        target=target,
        scoring_date=date,
    )
    click.echo(json.dumps(told.to_dict(), indent=1) if as_json else explanation_text(told))
