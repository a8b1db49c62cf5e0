"""`scorecard evaluate · score`: what an artifact says, and how right it is."""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path

import click

from training.cli.memory_size import takes_memory
from training.cli.options import (
    ARTIFACT,
    FOLDER,
    check_apart,
    check_outside,
    check_unread,
    evaluation_table,
    gated,
    reads_accounts,
    report,
)
from training.cli.spark import check_engine, chooses_engine, score_with_spark

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
@click.option("--data", "data_", type=click.Path(file_okay=False),
              help="CSVs; peer_dims.csv among them. Spark takes a URI, too.")  # fmt: skip
@click.option(
    "--csv",
    "csv_",
    type=click.Path(allow_dash=True),
    help="One CSV or Parquet file with acct_id and all inputs; - reads a CSV from stdin.",
)
@click.option(
    "--out",
    type=click.Path(allow_dash=True),
    required=True,
    help="CSV, gzipped if it ends in .gz, or Parquet if in .parquet; - writes stdout. "
    "Of Spark, a folder.",
)
@click.option("--statuses", is_flag=True,
              help="Write every metric's status, too: why it has no score.")  # fmt: skip
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True,
              help="Processes that read and score; the result does not depend on it.")  # fmt: skip
@takes_memory
@chooses_engine("Where to score: here, or on Apache Spark, into a folder of Parquet.")
@reads_accounts
def score(
    artifact: Path,
    data_: str | None,
    csv_: str | None,
    out: str,
    statuses: bool,
    jobs: int,
    memory: int,
    engine: str,
    master: str | None,
    max_refused: float,
    refused: Path | None,
    scoring_date: datetime | None,
) -> None:
    """Score accounts in bulk: acct_id and the keys of the wire, a row per account, in order.

    A scorecard with bands has a column more, global_band, after the scores. Parquet has another,
    artifact_version.

    \b
    Examples:
      scorecard score build/artifact --data data/sample --out scores.csv
      scorecard score build/artifact --data data/sample --out scores.parquet --jobs 2
      cat accounts.csv | scorecard score build/artifact --csv - --out -
      scorecard score build/artifact --data data/sample --out build/scores --engine spark
    """
    from training.bulk.scoring import score_file, score_folder

    if (data_ is None) == (csv_ is None):
        raise click.UsageError("give one of --data and --csv")
    unheeded = ["csv_", "jobs", "memory"]
    check_engine(engine, master, places=[data_, csv_, out], of_one_machine=unheeded)
    check_outside(artifact, Path(out), refused)
    check_apart(Path(out), refused)
    check_unread(data_ or csv_ or "-", Path(out), refused)
    started = time.perf_counter()
    with gated(refused):
        if engine == "spark" and data_ is not None:
            scored = score_with_spark(
                artifact, data_, out, master=master, scoring_date=scoring_date,
                max_refused=max_refused, statuses=statuses,
            )  # fmt: skip
        elif data_ is not None:
            scored = score_folder(
                artifact, Path(data_), out, max_refused_share=max_refused,
                scoring_date=scoring_date, with_statuses=statuses, jobs=jobs, memory_bytes=memory,
            )  # fmt: skip
        elif csv_ is not None:
            scored = score_file(
                artifact, csv_, out, max_refused_share=max_refused,
                scoring_date=scoring_date.date() if scoring_date else None,
                with_statuses=statuses, jobs=jobs,
            )  # fmt: skip
    report(scored.refusals, scored.notes, refused)
    click.echo(f"{scored.count:,} accounts scored, {time.perf_counter() - started:.1f} s", err=True)
