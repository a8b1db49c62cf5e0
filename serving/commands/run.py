"""`scorecard serve · gateway`: the two processes."""

from __future__ import annotations

import os
from pathlib import Path

import click


@click.command()
@click.argument("model")
@click.option("--port", type=click.IntRange(1, 65535), help="[default: 8080]")
@click.option("--host", help="[default: 0.0.0.0]")
def serve(model: str, port: int | None, host: str | None) -> None:
    """Serve an artifact directory, a model.tar.gz, or what a registry says is current.

    A registry is s3://bucket/prefix or file:///directory; it is followed, so promotions and
    rollbacks need no restart. Further settings are environment variables, which come after
    options; see deploy/README.md.

    \b
    Examples:
      scorecard serve build/artifact --port 8080
      scorecard serve s3://my-bucket/models
    """
    from serving.inference.server import check_model, main
    from serving.inference.settings import InferenceSettings
    from serving.web.settings import SettingsError, read_settings

    environ = {**os.environ, "SCORECARD_MODEL": model}
    environ |= _given(SCORECARD_HOST=host, SAGEMAKER_BIND_TO_PORT=port)
    try:
        # Here a person waits: an artifact that cannot be read is an error at once, not a 503.
        check_model(read_settings(InferenceSettings, environ))
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    main(environ)


@click.command()
@click.option("--upstream", required=True, help="Where the container is: http://host:port.")
@click.option(
    "--keys",
    "keys_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The keys file; make one with `scorecard keys issue`. Not needed where tokens count.",
)
@click.option("--port", type=click.IntRange(1, 65535), help="[default: 8000]")
@click.option("--host", help="[default: 127.0.0.1]")
def gateway(upstream: str, keys_file: Path | None, port: int | None, host: str | None) -> None:
    """Stand in front of a container and let only callers with a key or a token through.

    Further settings are environment variables; see deploy/README.md.

    \b
    Example:
      scorecard gateway --upstream http://127.0.0.1:8080 --keys build/keys.json
    """
    from serving.gateway.server import main

    environ = {**os.environ, "SCORECARD_UPSTREAM": upstream}
    environ |= _given(SCORECARD_KEYS_FILE=keys_file)
    main(environ | _given(SCORECARD_GATEWAY_PORT=port, SCORECARD_GATEWAY_HOST=host))


def _given(**options: object) -> dict[str, str]:
    return {name: str(value) for name, value in options.items() if value is not None}
