"""`scorecard versions`, `rollback`, `gc`: what a registry holds, and what of it is served."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from training.cli.options import number

if TYPE_CHECKING:
    from training.registry import VersionRow

#: As `training.registry.remove` has it, which takes long to import.
_LEAST_AGE = timedelta(hours=1)
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


def _duration(text: str) -> timedelta:
    parts = re.fullmatch(r"([0-9]{1,5})([dhm])", text)
    if parts is None:
        raise click.BadParameter(f"{text!r} is not a duration; write 7d, 12h or 90m")
    age = timedelta(**{_UNITS[parts[2]]: int(parts[1])})
    if age < _LEAST_AGE:
        raise click.BadParameter(f"{text} is too young: somebody may be at work on it; at least 1h")
    return age


@click.command()
@click.argument("uri")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def versions(uri: str, as_json: bool) -> None:
    """List the versions of a registry, the newest first.

    Of each: when it was published, how many accounts it was trained with, its least calibrated
    metric with its distance from perfect (KS) beside what is noise, and which version is current.
    An incomplete one is what a publication that was cut off has left: publish it again, or let
    `scorecard gc` remove it.

    \b
    Example:
      scorecard versions s3://my-bucket/models
    """
    from training.registry import list_versions

    rows = list_versions(uri)
    if as_json:
        click.echo(json.dumps([row.to_dict() for row in rows], indent=1))
        return
    if not rows:
        click.echo(f"there is no version at {uri}; use `scorecard publish`")
        return
    click.echo(
        f"{'version':34}{'published (UTC)':18}{'scorecard':18}{'accounts':>10}{'KS':>8}{'noise':>8}"
        "  state; worst metric; note"
    )
    for row in rows:
        click.echo(_line(row))


def _line(row: VersionRow) -> str:
    accounts = "-" if row.accounts is None else f"{row.accounts:,}"
    worst = row.worst
    told = [_state(row), worst.metric if worst else "", row.note]
    return (
        f"{row.version:34}{row.published_at[:16].replace('T', ' '):18}{row.scorecard or '-':18}"
        f"{accounts:>10}{number(worst.pit_ks if worst else None):>8}"
        f"{number(worst.noise if worst else None):>8}  {'; '.join(filter(None, told))}"
    ).rstrip()


def _state(row: VersionRow) -> str:
    states = {
        "being removed": row.removing,
        "incomplete": row.incomplete,
        "current": row.current,
        "previous": row.previous,
    }
    return ", ".join(state for state, so in states.items() if so)


@click.command()
@click.argument("uri")
@click.option(
    "--to",
    metavar="VERSION",
    help="The version to go back to, or its first 6 characters or more.  [default: the one that "
    "was current before]",
)
@click.option("--note", default="", help="Why; stored with the change.")
def rollback(uri: str, to: str | None, note: str) -> None:
    """Serve again what was served before.

    The version is verified first; no gate is asked. Every worker that follows the registry takes
    it within its poll interval.

    \b
    Examples:
      scorecard rollback s3://my-bucket/models --note "scores of small accounts jumped"
      scorecard rollback s3://my-bucket/models --to 5f0c2a
    """
    from training.registry import rollback as roll_back

    done = roll_back(uri, to=to, note=note)
    if done.moved:
        click.echo(f"version {done.version} is current again, instead of {done.previous}")
    else:
        click.echo(f"version {done.version} is the current one already")


@click.command()
@click.argument("uri")
@click.option(
    "--older-than",
    type=_duration,
    metavar="AGE",
    default="7d",
    show_default=True,
    help="Keep what is younger: 7d, 12h, 90m; at least 1h.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
def gc(uri: str, older_than: timedelta, dry_run: bool) -> None:
    """Remove old versions from a registry, and what publications that were cut off have left.

    Never the current version, the previous one, or one with an object that is younger. Others may
    publish, promote and roll back meanwhile.

    \b
    Example:
      scorecard gc s3://my-bucket/models --older-than 30d --dry-run
    """
    from training.registry import remove_old_versions

    removed = remove_old_versions(uri, older_than=older_than, dry_run=dry_run)
    for version in removed.versions:
        click.echo(f"version {version} {'would be' if dry_run else 'was'} removed")
    if not removed.versions:
        click.echo("nothing to remove")
    if removed.left:
        click.echo(f"{len(removed.left)} more are old enough; run this again")
