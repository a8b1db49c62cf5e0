"""`scorecard train · build · pack`: from a definition to an artifact."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from training.cli.memory_size import takes_memory
from training.cli.options import (
    ARTIFACT,
    FILE,
    SEED,
    check_outside,
    check_unread,
    evaluation_table,
    gated,
    reads_accounts,
    report,
)
from training.cli.spark import check_engine, chooses_engine

if TYPE_CHECKING:
    from training.train import TrainingRun


@click.command()
@click.option("--data", "data_", type=click.Path(file_okay=False), required=True,
              help="CSVs; peer_dims.csv among them. Spark takes a URI, too.")  # fmt: skip
@click.option("--scorecard", type=FILE, help="A definition.  [default: service_cloud_mini.yaml]")
@click.option("--out", type=ARTIFACT, required=True, help="Directory of the artifact.")
@click.option("--seed", type=SEED, default=0, show_default=True)
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True,
              help="Metrics fitted at once; the artifact does not depend on it.")  # fmt: skip
@takes_memory
@chooses_engine("Where accounts are counted: here, or on Apache Spark; the fit is made here, and "
                "the artifact does not depend on it.")  # fmt: skip
@reads_accounts
def train(
    data_: str,
    scorecard: Path | None,
    out: Path,
    seed: int,
    jobs: int,
    memory: int,
    engine: str,
    master: str | None,
    max_refused: float,
    refused: Path | None,
    scoring_date: datetime | None,
) -> None:
    """Fit a scorecard, evaluate it on accounts kept out, and write its artifact.

    Fitted is what the definition needs: the peers of peer metrics, a model behind a learned_risk
    where the data hold renewals.csv, and the comparison of `peers`. A definition that needs none
    of them is made by `scorecard build`.

    \b
    Examples:
      scorecard train --data data/sample --out build/artifact
      scorecard train --data data/sample --out build/artifact --engine spark --master 'local[2]'
    """
    from training.cards import PAGE
    from training.definition import default_scorecard
    from training.progress import progress_bar

    check_engine(engine, master, places=[data_], of_one_machine=["memory"])
    check_unread(data_, refused)
    started = time.perf_counter()
    with gated(refused), progress_bar("metrics fitted") as done:
        result = _run(
            data_,
            scorecard or default_scorecard(),
            out,
            engine=engine,
            master=master,
            memory=memory,
            seed=seed,
            jobs=jobs,
            max_refused_share=max_refused,
            scoring_date=scoring_date.date() if scoring_date else None,
            done=done,
        )
    report(result.accounts.refusals, (*result.accounts.notes, *result.notes), refused)
    click.echo(evaluation_table(result.evaluation))
    click.echo(
        f"{len(result.accounts):,} accounts, {time.perf_counter() - started:.1f} s, "
        f"version {result.scorer.artifact.version}"
    )
    click.echo(f"artifact: {out}\nmodel card: {out / PAGE}")


def _run(
    data: str,
    scorecard: Path,
    out: Path,
    *,
    engine: str,
    master: str | None,
    memory: int,
    **options: Any,
) -> TrainingRun:
    """Train where it was asked for; what the engines have in common is in `options`."""
    if engine == "spark":
        from training.spark.training_run import train_on_spark

        return train_on_spark(data, scorecard, out, master=master, **options)
    from training.train import train as train_here

    return train_here(Path(data), scorecard, out, memory_bytes=memory, **options)


@click.command()
@click.option("--scorecard", type=FILE, required=True, help="The changed definition.")
@click.option("--from", "source", type=ARTIFACT,
              help="The artifact whose tables and models to use.")  # fmt: skip
@click.option("--out", type=ARTIFACT, required=True, help="Directory of the new artifact.")
def build(scorecard: Path, source: Path | None, out: Path) -> None:
    """Make an artifact of a definition without accounts: nothing is fitted.

    A definition whose metrics are all absolute needs nothing else. With --from the tables of peer
    metrics and the models of risk are those of an artifact; weights, scale, bands and what values
    are worth are the definition's.

    \b
    Examples:
      scorecard build --scorecard data/scorecards/account_health.yaml --out build/health
      scorecard build --scorecard my_weights.yaml --from build/artifact --out build/reweighted
    """
    from training.build import NeedsFit, lacking
    from training.build import build as run

    try:
        scorer = run(scorecard, source, out)
    except NeedsFit as error:
        if source is None:
            raise click.UsageError(str(error)) from None
        raise
    for note in lacking(scorer):
        click.echo(f"note: {note}", err=True)
    click.echo(f"artifact: {out}, version {scorer.artifact.version}")


@click.command()
@click.argument("artifact", type=ARTIFACT)
@click.option("--out", type=FILE, required=True,
              help="The archive, by custom model.tar.gz; - writes stdout.")  # fmt: skip
def pack(artifact: Path, out: Path) -> None:
    """Pack an artifact as a model.tar.gz; the same artifact gives the same bytes.

    \b
    Example:
      scorecard pack build/artifact --out build/model.tar.gz
    """
    from training.batch import pack_to

    check_outside(artifact, out)
    size = pack_to(artifact, out)
    click.echo(f"{out}: {size:,} bytes", err=str(out) == "-")
