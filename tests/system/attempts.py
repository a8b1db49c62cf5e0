"""Commands run inside the test process: many cases, little time."""

from __future__ import annotations

import csv
import logging
from pathlib import Path

from click.testing import CliRunner

from serving.cli import root
from training.cli import add_commands

add_commands(root)


def attempt(line):
    """Run a command line; the program's own set-up of logging is undone after it."""
    logger = logging.getLogger()
    before, level = logger.handlers[:], logger.level
    try:
        done = CliRunner().invoke(root, line.split() if isinstance(line, str) else line)
    finally:
        logger.handlers[:] = before
        logger.setLevel(level)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def tree(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def read_scores(path_or_text):
    text = path_or_text.read_text() if isinstance(path_or_text, Path) else path_or_text
    rows = list(csv.DictReader(text.splitlines()))
    return [
        {
            key: value if key == "acct_id" else float(value) if value else None
            for key, value in row.items()
            if key != "last_modified"
        }
        for row in rows
    ]
