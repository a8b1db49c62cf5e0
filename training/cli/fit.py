"""`scorecard train · build · pack · lint`: from a definition to an artifact."""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path

import click

from training.cli.options import (
    ARTIFACT,
    FILE,
    FOLDER,
    SEED,
    check_outside,
    evaluation_table,
    gated,
    reads_accounts,
    report,
)


@click.command()
@click.option("--data", "data_", type=FOLDER, required=True, help="CSVs; peer_dims.csv among them.")
@click.option("--scorecard", type=FILE, help="A definition.  [default: service_cloud_mini.yaml]")
@click.option("--out", type=ARTIFACT, required=True, help="Directory of the artifact.")
@click.option("--seed", type=SEED, default=0, show_default=True)
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True,
              help="Metrics fitted at once; the artifact does not depend on it.")  # fmt: skip
@reads_accounts
def train(
    data_: Path,
    scorecard: Path | None,
    out: Path,
    seed: int,
    jobs: int,
    max_refused: float,
    refused: Path | None,
    scoring_date: datetime | None,
) -> None:
    """Fit a scorecard, evaluate it on accounts kept out, and write its artifact.

    \b
    Example:
      scorecard train --data data/sample --out build/artifact
    """
    from training.definition import default_scorecard
    from training.for_people import PAGE
    from training.progress import progress_bar
    from training.train import train as run

    started = time.perf_counter()
    with gated(refused), progress_bar("metrics fitted") as done:
        result = run(
            data_,
            scorecard or default_scorecard(),
            out,
            seed=seed,
            jobs=jobs,
            max_refused_share=max_refused,
            scoring_date=scoring_date.date() if scoring_date else None,
            done=done,
        )
    report(result.accounts.refusals, result.accounts.notes, refused)
    click.echo(evaluation_table(result.evaluation))
    click.echo(
        f"{len(result.accounts.frame):,} accounts, {time.perf_counter() - started:.1f} s, "
        f"version {result.scorer.artifact.version}"
    )
    click.echo(f"artifact: {out}\nmodel card: {out / PAGE}")


@click.command()
@click.option("--scorecard", type=FILE, required=True, help="The changed definition.")
@click.option("--from", "source", type=ARTIFACT, help="The artifact whose tables to use.")
@click.option("--out", type=ARTIFACT, required=True, help="Directory of the new artifact.")
def build(scorecard: Path, source: Path | None, out: Path) -> None:
    """Re-issue an artifact with other weights or another scale, without fitting again.

    \b
    Example:
      scorecard build --scorecard my_weights.yaml --from build/artifact --out build/reweighted
    """
    from training.build import NeedsFit
    from training.build import build as run

    try:
        scorer = run(scorecard, source, out)
    except NeedsFit as error:
        if source is None:
            raise click.UsageError(str(error)) from None
        raise
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


@click.command()
@click.argument("scorecard", type=FILE, required=False)
@click.option("--write-schema", type=FILE, help="Write the JSON Schema that editors complete from.")
def lint(scorecard: Path | None, write_schema: Path | None) -> None:
    """Check a scorecard definition; every mistake is reported, with its line.

    \b
    Example:
      scorecard lint data/scorecards/service_cloud_mini.yaml
    """
    from training.definition import definition_schema, read_definition

    if scorecard is None and write_schema is None:
        raise click.UsageError("give a definition, or --write-schema")
    if write_schema is not None:
        write_schema.parent.mkdir(parents=True, exist_ok=True)
        write_schema.write_text(json.dumps(definition_schema(), indent=2) + "\n")
    if scorecard is not None:
        definition = read_definition(scorecard)
        click.echo(
            f"{scorecard}: {len(definition.metric_names)} metrics, "
            f"{len(definition.components)} components, no mistakes"
        )
