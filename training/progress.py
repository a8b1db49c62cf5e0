"""Progress of long work: a bar on a terminal, a line per step elsewhere."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm

#: Told the name of a finished step and how many steps there are.
Step = Callable[[str, int], None]

_log = logging.getLogger(__name__)


@contextmanager
def progress_bar(what: str) -> Iterator[Step]:
    """Give a function to call with the name of a finished step and how many steps there are.

    Any thread may call it.
    """
    if not sys.stderr.isatty():
        yield lambda name, total: _log.info("%s (of %d): %s", what, total, name)
        return
    with tqdm(desc=what, file=sys.stderr, leave=False, **_size()) as bar:
        lock = threading.Lock()  # tqdm's own guards the terminal, not the count.

        def step(name: str, total: int) -> None:
            with lock:
                bar.total = total
                bar.set_postfix_str(name, refresh=False)
                bar.update()

        yield step


def _size() -> dict[str, int]:
    """Give a terminal that does not know its size a usual one: tqdm would show nothing on it."""
    columns, lines = os.get_terminal_size(sys.stderr.fileno())
    return {} if columns and lines else {"ncols": 80, "nrows": 24}
