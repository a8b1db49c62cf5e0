"""`scorecard publish`: an artifact to where serving finds it."""

from __future__ import annotations

from pathlib import Path

import click

from training.cli.options import ARTIFACT


@click.command()
@click.argument("artifact", type=ARTIFACT)
@click.argument("uri")
@click.option("--note", default="", help="A sentence for whoever reads the registry later.")
def publish(artifact: Path, uri: str, note: str) -> None:
    """Upload an artifact to a registry as an immutable version.

    The first version of an empty registry becomes the current one; a later one does not: what is
    served never changes by publishing. AWS_ENDPOINT_URL reaches moto or another S3-compatible
    store; file:///folder is a registry on a disk.

    \b
    Example:
      scorecard publish build/artifact s3://my-bucket/models --note "first"
    """
    from training.registry import publish as publish_artifact

    done = publish_artifact(artifact, uri, note=note)
    what = "uploaded" if done.uploaded else "was there already"
    state = "it is the current one" if done.is_current else "the current one is another"
    click.echo(f"version {done.version} {what}; {state}")
