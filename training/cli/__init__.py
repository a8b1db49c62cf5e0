"""The commands training adds to `scorecard`. Heavy imports wait inside them."""

from __future__ import annotations

import importlib.util

import click

from training.cli.data import data
from training.cli.diff import diff
from training.cli.explain import explain
from training.cli.fit import build, pack, train
from training.cli.job import job
from training.cli.lint import lint
from training.cli.model import model
from training.cli.promote import promote
from training.cli.publish import publish
from training.cli.query import query
from training.cli.registry import gc, rollback, versions
from training.cli.score import evaluate, score

#: What the commands need; an image without it does not offer them.
_NEEDED = (
    "jsonpath_ng",
    "markdown_it",
    "matplotlib",
    "pandas",
    "pyarrow",
    "pydantic",
    "scipy",
    "tqdm",
    "xgboost",
    "yaml",
)


def add_commands(root: click.Group) -> None:
    """Add this package's commands, if what they need is installed."""
    if all(importlib.util.find_spec(name) for name in _NEEDED):
        for command in (
            data, train, evaluate, score, explain, model, build, diff, pack, lint,
            publish, promote, versions, rollback, gc, job, query,
        ):  # fmt: skip
            root.add_command(command)
