"""`scorecard query`: SQL on what a prediction job has stored, reading only."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from training.cli.options import FILE


@click.command()
@click.argument("sql")
@click.option("--state", type=FILE, required=True, help="The SQLite file of a prediction job.")
@click.option("--limit", type=click.IntRange(1), default=1000, show_default=True,
              help="The most rows to print; --out writes all.")  # fmt: skip
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object a line.")
@click.option("--out", type=FILE, help="Write all rows to .csv or .parquet instead.")
def query(sql: str, state: Path, limit: int, as_csv: bool, as_json: bool, out: Path | None) -> None:
    """Look with one SELECT at the inputs and scores that a prediction job has stored.

    The tables are AccountMini, product_metrics and usage_metrics (the newest row of each
    account), the one named after the job (the newest scores), that name with _history (every
    scoring, with artifact_version and scored_at), changed, files, refused_rows and runs. Nothing
    can be changed from here, and a job may be at work meanwhile.

    \b
    Examples:
      scorecard query "select * from runs" --state scores.sqlite
      scorecard query "select acct_id, global_score from scores" --state scores.sqlite --out s.csv
    """
    from training.prediction_job.query import answered
    from training.prediction_job.tables import (
        limited,
        write_csv,
        write_file,
        write_json,
        write_text,
    )

    if sum((as_csv, as_json, out is not None)) > 1:
        raise click.UsageError("give one of --csv, --json and --out")
    with answered(state, sql) as table:
        if out is not None:
            click.echo(f"{write_file(table, out):,} rows in {out}", err=True)
            return
        rows, has_more = limited(table, limit)
    write = write_csv if as_csv else write_json if as_json else write_text
    write(table.columns, rows, sys.stdout)
    if has_more:
        click.echo(f"there are more than {limit:,} rows: raise --limit, or use --out", err=True)
