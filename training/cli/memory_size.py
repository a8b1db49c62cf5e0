"""`--memory`: how much a command may keep in memory."""

from __future__ import annotations

import re
from typing import Any

import click

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


def takes_memory(command: Any) -> Any:
    """Add `--memory`, given to the command in bytes."""
    option = click.option(
        "--memory",
        callback=_size,
        default="2GB",
        show_default=True,
        help="What tables in memory may take, in MB, GB or TB; they take some eight times the size "
        "of their files, thirty times if these are compressed. Larger ones are joined on the disk. "
        "Each process takes some 300 MB besides.",
    )
    return option(command)


def _size(_ctx: click.Context, _param: click.Parameter, text: str) -> int:
    """Read a number of bytes, such as 512MB or 2 GB."""
    found = re.fullmatch(r"(\d+) ?([KMGT]?B)?", text.strip().upper())
    if found is None:
        raise click.BadParameter(f"{text} is no size: give a number and a unit, as in 512MB")
    return int(found[1]) * _UNITS[found[2] or ""]
