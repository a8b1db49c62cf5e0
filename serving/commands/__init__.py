"""The commands serving adds to `scorecard`. What they need is imported when they run."""

from __future__ import annotations

import importlib.util

import click

from serving.commands.keys import keys
from serving.commands.pull import pull
from serving.commands.run import gateway, serve

#: Command → what it needs; an image without that does not offer it.
_NEEDS = {
    serve: ("flask", "gunicorn", "orjson"),
    gateway: ("flask", "gunicorn", "jwt", "limits"),
    keys: ("jwt",),
    pull: ("boto3",),
}


def add_commands(root: click.Group) -> None:
    """Add the commands whose needs are installed."""
    for command, needed in _NEEDS.items():
        if all(importlib.util.find_spec(name) for name in needed):
            root.add_command(command)
