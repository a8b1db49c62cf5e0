"""`scorecard pull`: a published artifact onto this machine."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("uri")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--version", help="Which version.  [default: the current one]")
def pull(uri: str, folder: Path, version: str | None) -> None:
    """Fetch an artifact from a registry, every file verified.

    AWS_ENDPOINT_URL reaches moto or another S3-compatible store.

    \b
    Example:
      scorecard pull s3://my-bucket/models build/pulled
    """
    from serving.registry import pull as pull_artifact

    fetched = pull_artifact(uri, folder, version=version)
    click.echo(f"artifact: {folder}, version {fetched}")
