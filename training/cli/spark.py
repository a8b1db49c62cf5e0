"""`--engine spark` of `score` and `train`: its options, and how it scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

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
    engine: str, master: str | None, *, places: Sequence[str | None], of_one_machine: Sequence[str]
) -> None:
    """Refuse what the engine would not heed, or would take for the name of something here.

    Parameters
    ----------
    places : sequence of str
        What is read and written.
    of_one_machine : sequence of str
        The parameters of the command that Spark does not heed.
    """
    if engine == "spark":
        _check_not_given(of_one_machine)
        return
    if master is not None:
        raise click.UsageError("--master is Spark's: give --engine spark, too")
    for place in places:
        if place is not None and "://" in place:
            raise click.UsageError(
                f"{place} is not on this machine: copy it, or take --engine spark, which reads and "
                "writes folders there"
            )


def _check_not_given(names: Sequence[str]) -> None:
    context = click.get_current_context()
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if parameter.name in names and source is ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"{parameter.opts[0]} is for one machine: leave it out with --engine spark"
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
