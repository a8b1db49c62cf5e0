"""What several commands share: options, the gate on refused rows, how results are printed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from training.quality_report import fitted_as
from training.signal_report import quartiles_text, statuses_text

if TYPE_CHECKING:
    from training.reading.refusals import Refusals

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)
ARTIFACT = click.Path(path_type=Path)
DATE = click.DateTime(formats=["%Y-%m-%d"])
#: What both numpy and XGBoost take.
SEED = click.IntRange(0, 2**63 - 1)


class _Share(click.FloatRange):
    """A number from 0 to 1; click's own range lets NaN through, which then allows everything."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        share: float = super().convert(value, param, ctx)
        if math.isnan(share):
            self.fail(f"{value} is not a number from 0 to 1", param, ctx)
        return share


_refused_options = [
    click.option(
        "--max-refused",
        type=_Share(0, 1),
        default=0.01,
        show_default=True,
        help="Largest share of rows that may be refused before the run is.",
    ),
    click.option("--refused", type=FILE, help="Write every refused row here: file, line, reason."),
    click.option(
        "--scoring-date",
        type=DATE,
        help="Dates count as days before it.  [default: the newest last_updated in --data]",
    ),
]


def reads_accounts(command: Any) -> Any:
    """Add the options of every command that reads accounts."""
    for option in reversed(_refused_options):
        command = option(command)
    return command


@contextmanager
def gated(refused: Path | None) -> Iterator[None]:
    """Turn a refused run into exit code 3, with the list written where it was asked for."""
    from training.errors import TooManyRefused

    if refused is not None:
        # Before the work: whether the list can be written must not show after it.
        refused.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except TooManyRefused as error:
        if refused is not None:
            error.refusals.write_csv(refused)
        click.echo(f"refused: {error}", err=True)
        raise click.exceptions.Exit(3) from None


def check_outside(artifact: Path, *outputs: Path | None) -> None:
    """Refuse to write into an artifact: with a file more than it lists, it no longer loads."""
    for output in outputs:
        if output is not None and artifact.resolve() in output.resolve().parents:
            raise click.UsageError(
                f"{output} is inside the artifact {artifact}, which would then no longer load; "
                "choose another place"
            )


def check_apart(out: Path, refused: Path | None) -> None:
    """Refuse to write two things to one file: the one that is written first would be lost."""
    if refused is not None and out.resolve() == refused.resolve() and not out.is_char_device():
        raise click.UsageError(f"{out} is given for both --out and --refused: name two files")


def check_unread(source: str, *outputs: Path | None) -> None:
    """Refuse to replace a file that is read: scores would stand where accounts were."""
    place = Path(source)
    for output in outputs:
        if output is None or not output.is_file() or not place.exists():
            continue
        if output.samefile(place) or place.resolve() in output.resolve().parents:
            raise click.UsageError(
                f"{output} is what accounts are read from, and would be replaced: choose another "
                "place"
            )


def report(refusals: Refusals, notes: tuple[str, ...], refused: Path | None) -> None:
    """Say what was not used: nothing is dropped silently."""
    for note in notes:
        click.echo(f"note: {note}", err=True)
    if refusals.total:
        click.echo(refusals.summary(), err=True)
        if refused is None:
            click.echo("list them with --refused FILE.csv", err=True)
    if refused is not None:
        refusals.write_csv(refused)


def evaluation_table(evaluation: Mapping[str, Any]) -> str:
    """Lay an evaluation out for a terminal: a line per metric."""
    return "\n".join(
        [
            *(_peer_lines(evaluation) if evaluation["metrics"] else []),
            *counted_lines(evaluation),
            *risk_lines(evaluation.get("risks", {})),
        ]
    )


def counted_lines(evaluation: Mapping[str, Any]) -> list[str]:
    """Say of absolute metrics who has a score; nothing where an evaluation does not count them."""
    if "global" not in evaluation:
        return []
    overall = evaluation["global"]
    lines = [
        f"{_on(evaluation)}: {overall['accounts']:,} have a global score, "
        f"quartiles {quartiles_text(overall['quartiles'])}"
    ]
    if evaluation["signals"]:
        lines.append(f"{'metric':22}{'kind':14}{'scored':>9}  {'quartiles':22}without a score")
    lines += [
        f"{name:22}{told['kind']:14}{told['statuses'].get('ok', 0):>9,}  "
        f"{quartiles_text(told['quartiles']):22}{statuses_text(told['statuses'])}"
        for name, told in evaluation["signals"].items()
    ]
    bands = [f"{name} {count:,}" for name, count in evaluation.get("bands", {}).items()]
    return [*lines, *([f"bands: {', '.join(bands)}"] if bands else [])]


def risk_lines(risks: Mapping[str, Any]) -> list[str]:
    """Say how good the models of risk are, a line each."""
    return [
        f"model {name}: AUC {told['auc']:.3f}, log-loss {told['log_loss']:.4f} (base rate "
        f"{told['base_rate']['log_loss']:.4f}) on {told['contracts']:,} contracts"
        for name, told in risks.items()
    ]


def _peer_lines(evaluation: Mapping[str, Any]) -> list[str]:
    lines = [
        f"{_on(evaluation)}; KS below noise is as right as can be seen; "
        "CRPS below 1: peers tell something,",
        "with its 95 % interval; to kNN: below 1 is better than plain nearest peers",
        "cell KS: in the worst of many cells of peers, so it may exceed one cell's noise",
        f"{'metric':22}{'accounts':>9}{'CRPS':>7}  {'95 % interval':13}{'to kNN':>8}"
        f"{'KS':>7}{'noise':>7}{'cell KS':>9}{'its noise':>11}  fitted as",
    ]
    for name, result in evaluation["metrics"].items():
        if not result["accounts"]:
            lines.append(f"{name:22}{0:>9}   no account has a value that can be ranked")
            continue
        lines.append(
            f"{name:22}{result['accounts']:>9,}{result['rank_crps_ratio']:>7.3f}"
            f"  {_interval(result):13}{number(result.get('rank_crps_knn_ratio')):>8}"
            f"{result['pit_ks']:>7.3f}{result['pit_ks_noise_95']:>7.3f}"
            f"{number(result['worst_cell_ks']):>9}{number(result['worst_cell_noise_95']):>11}"
            f"  {fitted_as(result)}"
        )
    baseline = evaluation.get("baseline")
    if baseline is not None and baseline["reason"]:
        lines.append(f"no nearest peers to compare with: {baseline['reason']}")
    return lines


def _on(evaluation: Mapping[str, Any]) -> str:
    """Say how many accounts were evaluated, and of how many, where not all were."""
    kept_out = evaluation.get("accounts_kept_out")
    of = "" if kept_out is None else f" of {kept_out:,}"
    return f"on {evaluation['accounts']:,}{of} accounts ({evaluation['on']})"


def _interval(result: Mapping[str, Any]) -> str:
    low, high = result["rank_crps_ratio_interval"]
    return f"{low:.3f}-{high:.3f}"


def number(value: float | None) -> str:
    """Write a figure of an evaluation; a dash where there is none."""
    return "-" if value is None else f"{value:.3f}"
