"""`scorecard publish`: an artifact to where serving finds it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from training.cli.gate_options import Asked, asks_gate
from training.cli.options import ARTIFACT, check_outside
from training.cli.promote import move


@click.command()
@click.argument("artifact", type=ARTIFACT)
@click.argument("uri")
@click.option("--note", default="", help="A sentence for whoever reads the registry later.")
@click.option(
    "--promote",
    "promote_",
    is_flag=True,
    help="Then ask the gate, and make it current; see `scorecard promote --help`.",
)
@asks_gate
def publish(artifact: Path, uri: str, note: str, promote_: bool, **gate_options: Any) -> None:
    """Upload an artifact to a registry as an immutable version.

    The first version of an empty registry becomes the current one; a later one does not: what is
    served never changes by publishing, but with --promote, and then the gate is asked; it judges
    the first version, too, before anything is uploaded. AWS_ENDPOINT_URL reaches moto or another
    S3-compatible store; file:///folder is a registry on a disk.

    \b
    Examples:
      scorecard publish build/artifact s3://my-bucket/models --note "first"
      scorecard publish build/artifact s3://my-bucket/models --promote --data data/sample
      scorecard publish build/artifact s3://my-bucket/models --promote --skip-gate "urgent repair"
    """
    asked = Asked(**gate_options)
    check_outside(artifact, asked.refused, asked.plot)
    if not promote_:
        asked.refuse_any("goes with --promote")
        click.echo(_upload(artifact, uri, note)[1])
        return
    with asked.exits():
        first = _judge_early(artifact, uri, asked)
        version, told = _upload(artifact, uri, note, first)
        click.echo(told, err=asked.as_json)
        move(uri, version, note, asked)


def _upload(
    artifact: Path, uri: str, note: str, gate: Mapping[str, Any] | None = None
) -> tuple[str, str]:
    from training.registry import publish as publish_artifact

    done = publish_artifact(artifact, uri, note=note, gate=gate)
    what = "uploaded" if done.uploaded else "was there already"
    state = "it is the current one" if done.is_current else "the current one is another"
    return done.version, f"version {done.version} {what}; {state}"


def _judge_early(artifact: Path, uri: str, asked: Asked) -> Mapping[str, Any] | None:
    """Judge before the upload what an empty registry would make current, and in a dry run.

    Returns
    -------
    mapping or None
        What the pointer is to say, if the registry is empty.
    """
    from serving.registry import pull
    from serving.registry.store import open_store
    from training.registry import GateRefused, Skipped, decision
    from training.registry.pointing import read_seen

    gate = asked.gate()
    if isinstance(gate, Skipped):
        gate.check()
        return decision(gate, None)
    seen = read_seen(open_store(uri))
    if seen is None:
        found = gate(artifact, None)
        if not found.passed:
            raise GateRefused(found)
        return decision(gate, found)
    if asked.dry_run:
        current = seen.pointer.version
        with tempfile.TemporaryDirectory() as scratch:
            pull(uri, Path(scratch) / current, version=current)
            gate(artifact, Path(scratch) / current)
    return None
