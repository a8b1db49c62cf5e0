"""`scorecard promote`: a published version becomes the one that is served, if the gate agrees."""

from __future__ import annotations

import json
from typing import Any

import click

from training.cli.gate_options import Asked, asks_gate


@click.command()
@click.argument("uri")
@click.argument("version")
@click.option("--note", default="", help="A sentence for whoever reads the registry later.")
@asks_gate
def promote(uri: str, version: str, note: str, **gate_options: Any) -> None:
    """Make a published version the current one, if the gate lets it pass.

    The gate compares it with the version that is current. With --data both score these accounts:
    calibration and CRPS on those that training kept out, and how far each score moves. Without, it
    goes by the evaluations that both carry, and by inputs and outputs; if they are of other
    accounts, CRPS is compared coarsely, and no score in either case. Exit code 3: it was refused,
    and nothing was changed. VERSION may be its first 6 characters or more.

    \b
    Examples:
      scorecard promote s3://my-bucket/models 5f0c2a --data data/sample --dry-run --plot moves.png
      scorecard promote s3://my-bucket/models 5f0c2a --data data/sample
      scorecard promote s3://my-bucket/models 5f0c2a --limit largest_move=9 --reason "new bots"
    """
    asked = Asked(**gate_options)
    with asked.exits():
        move(uri, version, note, asked)


def move(uri: str, version: str, note: str, asked: Asked) -> None:
    """Promote a version and say so."""
    from training.registry import promote as promote_version

    done = promote_version(uri, version, gate=asked.gate(), note=note)
    if not done.moved:
        asked.say_not_asked()
    if asked.as_json:
        click.echo(json.dumps(asked.told(done), indent=1))
    elif done.moved:
        before = f", {done.previous} before" if done.previous else ""
        click.echo(f"version {done.version} is current{before}")
    else:
        click.echo(f"version {done.version} is current already; nothing was changed")
