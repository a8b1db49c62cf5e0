"""`scorecard keys`: who may come in through the gateway."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from serving.commands.moments import duration, moment

_FILE = click.option(
    "--keys",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The keys file.",
)
_PEPPER = click.option(
    "--pepper",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File of the pepper.  [default: the keys file's name with .pepper added]",
)


@contextmanager
def _explained() -> Iterator[None]:
    from serving.gateway.keys import KeysError

    try:
        yield
    except (KeysError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    except OverflowError:
        raise click.ClickException("the key would end after the year 9999") from None


def _granted(_: click.Context, option: click.Parameter, value: Any) -> Any:
    """Check one of `Grants`' fields, so that a mistake names the option it stands in."""
    from serving.gateway.grants import Grants

    if value:
        try:
            Grants(**{str(option.name): value})
        except ValueError as error:
            raise click.BadParameter(str(error)) from None
    return value or None


def _end(moment: dt.datetime | None) -> str:
    return f"ends {moment.isoformat(timespec='seconds')}" if moment else "has no end"


def _show_once(key_id: str, name: str, secret: str) -> None:
    click.echo(f"key {key_id} for {name}; keep it now, it is not shown again:", err=True)
    click.echo(secret)


@click.group()
def keys() -> None:
    """Issue, list, rotate and revoke the gateway's keys.

    \b
    Example:
      scorecard keys issue einstein-studio --keys build/keys.json
    """


@keys.command()
@click.argument("name")
@_FILE
@_PEPPER
@click.option("--expires", callback=duration, help="After how long it ends: 90d.")
@click.option("--not-before", callback=moment, help="When it begins: 2026-12-01.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    callback=_granted,
    help="What it may do.  [default: score:invoke]",
)
@click.option(
    "--endpoint",
    "endpoints",
    multiple=True,
    callback=_granted,
    help="Its endpoints.  [default: all]",
)
@click.option("--rate", callback=_granted, help="How often it may ask: 10/second.")
@click.option("--quota", callback=_granted, help="How often in longer times: 1000/day.")
def issue(
    name: str,
    path: Path,
    pepper: Path | None,
    expires: dt.timedelta | None,
    not_before: dt.datetime | None,
    scopes: tuple[str, ...] | None,
    endpoints: tuple[str, ...] | None,
    rate: str | None,
    quota: str | None,
) -> None:
    """Issue a key to a caller, who may have several; it is shown once and stored nowhere.

    \b
    Example:
      scorecard keys issue einstein-studio --keys build/keys.json --expires 90d --rate 10/second
    """
    from serving.gateway.grants import INVOKE, Grants
    from serving.gateway.keys import issue as issue_key

    now = dt.datetime.now(dt.UTC)
    with _explained():
        grants = Grants(scopes or (INVOKE,), endpoints, rate, quota)
        expires_at = expires and (not_before or now) + expires
        key = issue_key(
            path,
            name,
            now,
            grants=grants,
            not_before=not_before,
            expires_at=expires_at or None,
            pepper_path=pepper,
        )
    _show_once(key.key_id, name, key.secret)


@keys.command("list")
@_FILE
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(path: Path, as_json: bool) -> None:
    """List the keys: who has them, since when, what they open, and whether they still do.

    \b
    Example:
      scorecard keys list --keys build/keys.json
    """
    from serving.gateway.keys import list_keys

    with _explained():
        records = list_keys(path)
    now = dt.datetime.now(dt.UTC)
    shown = [_shown(record, now) for record in records]
    if as_json:
        click.echo(json.dumps(shown, indent=1))
        return
    for entry in shown:
        ends = f" until {entry['expires_at']}" if entry["expires_at"] else ""
        state = f"revoked {entry['revoked_at']}" if entry["revoked_at"] else entry["state"] + ends
        opens = " ".join([*entry["scopes"], *_limits_of(entry)])
        click.echo(f"{entry['key_id']}  {entry['created_at']}  {state}  {opens}  {entry['name']}")


def _limits_of(entry: dict[str, Any]) -> list[str]:
    """Name what a key is limited to, where it is not the gateway's default."""
    names = ("endpoints", "rate", "quota")
    told = {name: entry[name] for name in names if entry.get(name) is not None}
    return [
        f"{name}={','.join(value) if isinstance(value, list) else value}"
        for name, value in told.items()
    ]


def _shown(record: Any, now: dt.datetime) -> dict[str, Any]:
    from serving.gateway.key_records import to_entry

    entry = {name: value for name, value in to_entry(record).items() if name != "digest"}
    dates = ("created_at", "not_before", "expires_at", "revoked_at")
    for name in dates:
        date = getattr(record, name)
        entry[name] = date and date.isoformat(timespec="seconds")
    return {**entry, "state": record.state(now)}


@keys.command()
@click.argument("key_id")
@_FILE
@_PEPPER
@click.option(
    "--overlap", callback=duration, default="7d", show_default=True, help="How long both open."
)
def rotate(key_id: str, path: Path, pepper: Path | None, overlap: dt.timedelta) -> None:
    """Issue a key that opens what another opens; that one ends after the overlap.

    \b
    Example:
      scorecard keys rotate 4fT9qLx2 --keys build/keys.json --overlap 7d
    """
    from serving.gateway.keys import list_keys
    from serving.gateway.keys import rotate as rotate_key

    with _explained():
        key = rotate_key(path, key_id, dt.datetime.now(dt.UTC), overlap=overlap, pepper_path=pepper)
        records = {record.key_id: record for record in list_keys(path)}
    # The new one's, too: it lasts as long as the old one was to, which may be an overlap only.
    for each in (key_id, key.key_id):
        click.echo(f"key {each} {_end(records[each].expires_at)}", err=True)
    _show_once(key.key_id, records[key.key_id].name, key.secret)


@keys.command()
@click.argument("key_id")
@_FILE
def revoke(key_id: str, path: Path) -> None:
    """Revoke a key; running gateways refuse it within seconds.

    \b
    Example:
      scorecard keys revoke 4fT9qLx2 --keys build/keys.json
    """
    from serving.gateway.keys import revoke as revoke_key

    with _explained():
        record = revoke_key(path, key_id, dt.datetime.now(dt.UTC))
    click.echo(f"key {record.key_id} of {record.name} is revoked")


@keys.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--issuer", default="https://issuer.localhost", show_default=True, help="`iss`.")
@click.option("--audience", default="scorecard", show_default=True, help="`aud`.")
@click.option("--sub", "subject", default="me", show_default=True, help="Who it is for.")
@click.option("--scope", "scopes", multiple=True, callback=_granted, help="[default: score:invoke]")
@click.option(
    "--expires", callback=duration, default="15m", show_default=True, help="How long it counts."
)
def jwt(
    folder: Path,
    issuer: str,
    audience: str,
    subject: str,
    scopes: tuple[str, ...] | None,
    expires: dt.timedelta,
) -> None:
    """Print a token of an issuer on this machine, for trying out; FOLDER is the issuer's.

    Made once: a key pair, `jwks.json`, and `issuers.json` for SCORECARD_JWT_ISSUERS_FILE.

    \b
    Example:
      scorecard keys jwt build/issuer --expires 15m
    """
    from serving.gateway.grants import INVOKE
    from serving.gateway.local_issuer import ISSUERS, LocalIssuerError, make_token

    try:
        token = make_token(
            folder,
            issuer=issuer,
            audience=audience,
            subject=subject,
            scopes=scopes or (INVOKE,),
            lasts=expires,
            now=dt.datetime.now(dt.UTC),
        )
    except LocalIssuerError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"for gateways with SCORECARD_JWT_ISSUERS_FILE={folder / ISSUERS}:", err=True)
    click.echo(token)
