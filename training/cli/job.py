"""`scorecard job`: scores the accounts whose inputs changed, through the gateway."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from training.cli.options import FILE

if TYPE_CHECKING:
    from training.prediction_job.definition import Job


def _print_example(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from training.prediction_job.mapping import jobs_folder

        click.echo((jobs_folder() / "css_mini_job.yaml").read_text(encoding="utf-8"), nl=False)
        ctx.exit()


@click.command()
@click.argument("file", type=FILE)
@click.option("--once", is_flag=True, help="Run once and end; else every so many minutes.")
@click.option("--refresh", is_flag=True, help="With --once: score every account again.")
@click.option("--status", "show_status", is_flag=True, help="Say how the job stands; run nothing.")
@click.option("--export", "export_to", type=FILE,
              help="Write acct_id and the outputs to .csv or .parquet; run nothing.")  # fmt: skip
@click.option("--example", is_flag=True, is_eager=True, expose_value=False,
              callback=_print_example, help="Print a job file to begin with.")  # fmt: skip
def job(file: Path, once: bool, refresh: bool, show_status: bool, export_to: Path | None) -> None:
    """Score the accounts whose inputs changed, as Einstein Studio's streaming job does.

    FILE says where the CSVs of AccountMini, product_metrics and usage_metrics are, in S3 or in
    folders, and which gateway and model to ask; --example prints one to begin with. Newer rows
    replace older ones of the same account; an account whose inputs changed is sent to the model,
    and its scores are stored in the table named after the job. An account without a row of metrics
    is scored without them; a row of metrics waits until its account is known.

    The job ends with 0 if the run was a Success, 1 if it Failed, 2 if FILE has mistakes, 3 if the
    model is not Activated or another job works on the same state. Without --once a failed run is
    tried again next time.

    \b
    Examples:
      scorecard job job.yaml --once
      scorecard job job.yaml --status
      scorecard job job.yaml --export scores.parquet
      scorecard query "select * from css_mini_scores limit 5" --state css_mini_scores.sqlite
    """
    from training.prediction_job.definition import read_job
    from training.prediction_job.errors import InvalidJob, JobRefused

    _check_one(once=once, show_status=show_status, export_to=export_to, refresh=refresh)
    try:
        read = read_job(file)
        if show_status:
            from training.prediction_job.status import status_lines

            for line in status_lines(read):
                click.echo(line)
        elif export_to is not None:
            from training.prediction_job.status import export

            click.echo(f"{export(read, export_to):,} accounts in {export_to}", err=True)
        else:
            _run(read, once=once, refresh=refresh)
    except InvalidJob as error:
        click.echo(f"error: {error}", err=True)
        raise click.exceptions.Exit(2) from None
    except JobRefused as error:
        click.echo(f"refused: {error}", err=True)
        raise click.exceptions.Exit(3) from None


def _check_one(*, once: bool, show_status: bool, export_to: Path | None, refresh: bool) -> None:
    if sum((once, show_status, export_to is not None)) > 1:
        raise click.UsageError("give one of --once, --status and --export")
    if refresh and not once:
        raise click.UsageError("--refresh needs --once")


def _run(read: Job, *, once: bool, refresh: bool) -> None:
    import threading

    from training.prediction_job.job import run_on, run_once

    if not once:
        run_on(read, os.environ, threading.Event())
        return
    sent = run_once(read, os.environ, refresh=refresh)
    click.echo(f"{sent.scored:,} accounts scored, {sent.refused:,} refused by the model")
