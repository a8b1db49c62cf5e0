"""`scorecard evaluate · score`: what an artifact says, and how right it is."""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path

import click

from training.cli.options import (
    ARTIFACT,
    FOLDER,
    check_outside,
    evaluation_table,
    gated,
    reads_accounts,
    report,
)

#: Baselines fitted at once.
_JOBS = 2


@click.command()
@click.argument("artifact", type=ARTIFACT)
@click.option("--data", "data_", type=FOLDER, required=True, help="CSVs; peer_dims.csv among them.")
@click.option("--all", "everyone", is_flag=True,
              help="All accounts, not only those training kept out.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@reads_accounts
def evaluate(
    artifact: Path,
    data_: Path,
    everyone: bool,
    as_json: bool,
    max_refused: float,
    refused: Path | None,
    scoring_date: datetime | None,
) -> None:
    """Measure how right an artifact's scores are on accounts its fit has not seen.

    \b
    Example:
      scorecard evaluate build/artifact --data data/sample
    """
    from training.batch import read_for, split_of
    from training.train import evaluate_artifact

    check_outside(artifact, refused)
    with gated(refused):
        scorer, accounts, date = read_for(artifact, data_, max_refused, scoring_date)
    split = None if everyone else split_of(scorer, accounts)
    result = evaluate_artifact(scorer, accounts, split, scoring_date=date, jobs=_JOBS)
    report(accounts.refusals, accounts.notes, refused)
    click.echo(json.dumps(result, indent=1) if as_json else evaluation_table(result))


@click.command()
@click.argument("artifact", type=ARTIFACT)
@click.option("--data", "data_", type=FOLDER, help="CSVs; peer_dims.csv among them.")
@click.option(
    "--csv",
    "csv_",
    type=click.Path(allow_dash=True),
    help="One CSV with acct_id and all inputs; - reads stdin.",
)
@click.option(
    "--out", type=click.Path(allow_dash=True), required=True, help="CSV; - writes stdout."
)
@click.option("--statuses", is_flag=True,
              help="Write every metric's status, too: why it has no score.")  # fmt: skip
@reads_accounts
def score(
    artifact: Path,
    data_: Path | None,
    csv_: str | None,
    out: str,
    statuses: bool,
    max_refused: float,
    refused: Path | None,
    scoring_date: datetime | None,
) -> None:
    """Score accounts in bulk: acct_id and the keys of the wire, a row per account, in order.

    A scorecard with bands has a column more, global_band, after the scores.

    \b
    Examples:
      scorecard score build/artifact --data data/sample --out scores.csv
      cat accounts.csv | scorecard score build/artifact --csv - --out -
    """
    from training.batch import read_for, score_folder, score_stream
    from training.reading.refusals import Refusals

    if (data_ is None) == (csv_ is None):
        raise click.UsageError("give one of --data and --csv")
    check_outside(artifact, Path(out), refused)
    started = time.perf_counter()
    refusals, notes = Refusals(), tuple[str, ...]()
    with gated(refused):
        if data_ is not None:
            scorer, accounts, date = read_for(artifact, data_, max_refused, scoring_date)
            count = score_folder(scorer, accounts, out, scoring_date=date, with_statuses=statuses)
            refusals, notes = accounts.refusals, accounts.notes
        elif csv_ is not None:
            count = score_stream(
                artifact, csv_, out, refusals, max_refused_share=max_refused,
                scoring_date=scoring_date.date() if scoring_date else None,
                with_statuses=statuses,
            )  # fmt: skip
    report(refusals, notes, refused)
    click.echo(f"{count:,} accounts scored, {time.perf_counter() - started:.1f} s", err=True)
