"""`--engine spark` of `score` and `train`: its options, and how it scores."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from training.bulk.scoring import BulkScores


def chooses_engine(meaning: str) -> Callable[[Any], Any]:
    """Give what adds `--engine` and `--master`; `meaning` is told by the former's help."""
    options = [
        click.option(
            "--engine",
            type=click.Choice(["local", "spark"]),
            default="local",
            show_default=True,
            help=meaning,
        ),
        click.option(
            "--master",
            help="Spark's master: local[2], spark://host:7077, yarn.  "
            "[default: as spark-submit says, or all of this machine]",
        ),
    ]

    def add(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def check_engine(
    engine: str, master: str | None, *, data: str | None, file: str | None, out: str
) -> None:
    """Refuse what the engine would not heed, or would take for the name of something here."""
    if engine == "spark":
        if data is None:
            raise click.UsageError("--engine spark takes --data")
        return
    if master is not None:
        raise click.UsageError("--master is for Spark: give --engine spark, too")
    for place in (data, file, out):
        if place is not None and "://" in place:
            raise click.UsageError(
                f"{place} is not on this machine: copy it, or take --engine spark, which reads and "
                "writes folders there"
            )


def score_with_spark(
    artifact: Path,
    data: str,
    out: str,
    *,
    master: str | None,
    scoring_date: datetime | None,
    max_refused: float,
    statuses: bool,
) -> BulkScores:
    """Score a folder on Spark; `--out` is a folder, too."""
    from training.spark.scores import score_on_spark

    if out == "-":
        raise click.UsageError("Spark writes a folder of Parquet files; it takes an --out")
    return score_on_spark(
        artifact,
        data,
        out,
        master=master,
        scoring_date=None if scoring_date is None else scoring_date.date(),
        max_refused_share=max_refused,
        with_statuses=statuses,
    )
