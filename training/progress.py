"""Progress of long work: a bar on a terminal, a line per step elsewhere."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm

_log = logging.getLogger(__name__)


@contextmanager
def progress_bar(what: str, total: int | None = None) -> Iterator[Callable[[str], None]]:
    """Give a function to call with the name of every finished step; any thread may call it."""
    if not sys.stderr.isatty():
        yield lambda name: _log.info("%s: %s", what, name)
        return
    with tqdm(total=total, desc=what, file=sys.stderr, leave=False) as bar:

        def step(name: str) -> None:
            bar.set_postfix_str(name, refresh=False)
            bar.update()

        yield step
