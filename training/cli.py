"""The commands training adds to `scorecard`. Heavy imports wait inside them."""

from __future__ import annotations

import importlib.util
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from training.refusals import Refusals

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)
ARTIFACT = click.Path(path_type=Path)
DATE = click.DateTime(formats=["%Y-%m-%d"])

_refused_options = [
    click.option(
        "--max-refused",
        type=click.FloatRange(0, 1),
        default=0.01,
        show_default=True,
        help="Largest share of rows that may be refused before the run is.",
    ),
    click.option("--refused", type=FILE, help="Write every refused row here: file, line, reason."),
    click.option(
        "--scoring-date",
        type=DATE,
        help="Dates count as days before it.  [default: the newest last_updated]",
    ),
]


def reads_accounts(command: Any) -> Any:
    """Add the options of every command that reads accounts."""
    for option in reversed(_refused_options):
        command = option(command)
    return command


def add_commands(root: click.Group) -> None:
    """Add this package's commands, if what they need is installed."""
    if importlib.util.find_spec("pandas") is None or importlib.util.find_spec("xgboost") is None:
        return
    for command in (data, train, evaluate, score, build, pack, lint):
        root.add_command(command)


@contextmanager
def _gated(refused: Path | None) -> Iterator[None]:
    """Turn a refused run into exit code 3, with the list written where it was asked for."""
    from training.errors import TooManyRefused

    try:
        yield
    except TooManyRefused as error:
        if refused is not None:
            error.refusals.write_csv(refused)
        click.echo(f"refused: {error}", err=True)
        raise click.exceptions.Exit(3) from None


def _report(refusals: Refusals, notes: tuple[str, ...], refused: Path | None) -> None:
    """Say what was not used: nothing is dropped silently."""
    for note in notes:
        click.echo(f"note: {note}", err=True)
    if refusals.total:
        click.echo(refusals.summary(), err=True)
        if refused is None:
            click.echo("list them with --refused FILE.csv", err=True)
    if refused is not None:
        refusals.write_csv(refused)


@click.group()
def data() -> None:
    """Make or fetch accounts to try things with."""


@data.command("sample")
@click.option("--accounts", type=click.IntRange(1), default=5000, show_default=True)
@click.option("--seed", type=int, default=2026, show_default=True)
@click.option("--out", type=FOLDER, required=True, help="Where the three CSVs go.")
def data_sample(accounts: int, seed: int, out: Path) -> None:
    """Make synthetic accounts whose true peer ranks are known.

    \b
    Example:
      scorecard data sample --accounts 5000 --seed 2026 --out build/sample
    """
    from training.synthetic import write_sample

    write_sample(out, accounts, seed)
    click.echo(f"{accounts:,} accounts in {out}")


@data.command("reference")
@click.option("--out", type=FOLDER, required=True, help="Where the CSVs go.")
@click.option("--sdist", type=FILE, help="A css-mini sdist you already have.")
def data_reference(out: Path, sdist: Path | None) -> None:
    """Fetch the real tutorial data of css-mini: 100,000 accounts, with pip, checked by sha256.

    \b
    Example:
      scorecard data reference --out build/reference
    """
    from training.reference_data import fetch_reference

    written = fetch_reference(out, sdist=sdist)
    click.echo(f"100,000 accounts in {out}" + ("" if written else " (they were there already)"))


@click.command()
@click.option("--data", "data_", type=FOLDER, required=True, help="CSVs; peer_dims.csv among them.")
@click.option("--scorecard", type=FILE, help="A definition.  [default: service_cloud_mini.yaml]")
@click.option("--out", type=ARTIFACT, required=True, help="Directory of the artifact.")
@click.option("--seed", type=int, default=0, show_default=True)
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
    from training.progress import progress_bar
    from training.train import train as run

    started = time.perf_counter()
    with _gated(refused), progress_bar("metrics fitted") as done:
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
    _report(result.accounts.refusals, result.accounts.notes, refused)
    click.echo(_evaluation_table(result.evaluation))
    click.echo(
        f"{len(result.accounts.frame):,} accounts, {time.perf_counter() - started:.1f} s, "
        f"version {result.scorer.artifact.version}"
    )
    click.echo(f"artifact: {out}\nmodel card: {out / 'model_card.md'}")


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
    from training.batch import read_for
    from training.split import Split, split_accounts
    from training.train import evaluate_accounts

    with _gated(refused):
        scorer, accounts, date = read_for(artifact, data_, max_refused, scoring_date)
    kept_out = None
    if not everyone:
        salt = scorer.artifact.manifest["training"]["split"]["salt"]
        kept_out = split_accounts(accounts.frame["acct_id"], salt=salt) == Split.EVALUATE
    result = evaluate_accounts(scorer, accounts, kept_out, scoring_date=date)
    _report(accounts.refusals, accounts.notes, refused)
    click.echo(json.dumps(result, indent=1) if as_json else _evaluation_table(result))


def _evaluation_table(evaluation: Mapping[str, Any]) -> str:
    lines = [
        f"on {evaluation['accounts']:,} accounts ({evaluation['on']}); "
        "KS below noise is as right as can be seen; CRPS below 1: peers tell something",
        f"{'metric':24}{'accounts':>10}{'CRPS':>8}{'KS':>8}{'noise':>8}"
        f"{'worst cell':>12}{'noise':>8}",
    ]
    for name, result in evaluation["metrics"].items():
        if not result["accounts"]:
            lines.append(f"{name:24}{0:>10}   no account has a value")
            continue
        lines.append(
            f"{name:24}{result['accounts']:>10,}{result['rank_crps_ratio']:>8.3f}"
            f"{result['pit_ks']:>8.3f}{result['pit_ks_noise_95']:>8.3f}"
            f"{result['worst_cell_ks']:>12.3f}{result['worst_cell_noise_95']:>8.3f}"
        )
    return "\n".join(lines)


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
@reads_accounts
def score(
    artifact: Path,
    data_: Path | None,
    csv_: str | None,
    out: str,
    max_refused: float,
    refused: Path | None,
    scoring_date: datetime | None,
) -> None:
    """Score accounts in bulk: acct_id and the wire's 18 keys, a row per account, in order.

    \b
    Examples:
      scorecard score build/artifact --data data/sample --out scores.csv
      cat accounts.csv | scorecard score build/artifact --csv - --out -
    """
    from training.batch import read_for, score_folder, score_stream
    from training.refusals import Refusals

    started = time.perf_counter()
    refusals, notes = Refusals(), tuple[str, ...]()
    with _gated(refused):
        if data_ is not None and csv_ is None:
            scorer, accounts, date = read_for(artifact, data_, max_refused, scoring_date)
            count = score_folder(scorer, accounts, out, scoring_date=date)
            refusals, notes = accounts.refusals, accounts.notes
        elif csv_ is not None and data_ is None:
            count = score_stream(
                artifact, csv_, out, refusals, max_refused_share=max_refused,
                scoring_date=scoring_date.date() if scoring_date else None,
            )  # fmt: skip
        else:
            raise click.UsageError("give one of --data and --csv")
    _report(refusals, notes, refused)
    click.echo(f"{count:,} accounts scored, {time.perf_counter() - started:.1f} s", err=True)


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
    from training.build import build as run

    scorer = run(scorecard, source, out)
    click.echo(f"artifact: {out}, version {scorer.artifact.version}")


@click.command()
@click.argument("artifact", type=ARTIFACT)
@click.option("--out", type=FILE, required=True, help="The archive, by custom model.tar.gz.")
def pack(artifact: Path, out: Path) -> None:
    """Pack an artifact as a model.tar.gz; the same artifact gives the same bytes.

    \b
    Example:
      scorecard pack build/artifact --out build/model.tar.gz
    """
    from training.batch import pack_to

    size = pack_to(artifact, out)
    click.echo(f"{out}: {size:,} bytes")


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
        write_schema.write_text(json.dumps(definition_schema(), indent=2) + "\n")
    if scorecard is not None:
        definition = read_definition(scorecard)
        click.echo(
            f"{scorecard}: {len(definition.metric_names)} metrics, "
            f"{len(definition.components)} components, no mistakes"
        )
