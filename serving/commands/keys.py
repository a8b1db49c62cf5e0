"""`scorecard keys`: who may come in through the gateway."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

_FILE = click.option(
    "--keys",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The keys file.",
)


@contextmanager
def _explained() -> Iterator[None]:
    from serving.gateway.keys import KeysError

    try:
        yield
    except KeysError as error:
        raise click.ClickException(str(error)) from None


@click.group()
def keys() -> None:
    """Issue, list and revoke the gateway's keys.

    \b
    Example:
      scorecard keys issue einstein-studio --keys build/keys.json
    """


@keys.command()
@click.argument("name")
@_FILE
def issue(name: str, path: Path) -> None:
    """Issue a key to a caller; the secret is shown once and stored nowhere.

    \b
    Example:
      scorecard keys issue einstein-studio --keys build/keys.json
    """
    from serving.gateway.keys import issue as issue_key

    with _explained():
        key = issue_key(path, name, dt.datetime.now(dt.UTC))
    click.echo(f"key {key.key_id} for {name}; keep it now, it is not shown again:", err=True)
    click.echo(key.secret)


@keys.command("list")
@_FILE
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(path: Path, as_json: bool) -> None:
    """List the keys: who has them, since when, and which are revoked.

    \b
    Example:
      scorecard keys list --keys build/keys.json
    """
    from serving.gateway.keys import list_keys

    with _explained():
        records = list_keys(path)
    shown = [
        {
            "key_id": record.key_id,
            "name": record.name,
            "created_at": record.created_at.isoformat(timespec="seconds"),
            "revoked_at": record.revoked_at and record.revoked_at.isoformat(timespec="seconds"),
        }
        for record in records
    ]
    if as_json:
        click.echo(json.dumps(shown, indent=1))
        return
    for entry in shown:
        state = f"revoked {entry['revoked_at']}" if entry["revoked_at"] else "live"
        click.echo(f"{entry['key_id']}  {entry['created_at']}  {state}  {entry['name']}")


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
