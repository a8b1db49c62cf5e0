"""Progress of long work: a bar on a terminal and in a notebook, a line per step in a log."""

from __future__ import annotations

import itertools
import logging
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

#: Told the name of a finished step and how many steps there are.
Step = Callable[[str, int], None]

_log = logging.getLogger(__name__)


@contextmanager
def progress_bar(what: str) -> Iterator[Step]:
    """Give a function to call with the name of a finished step and how many steps there are.

    Any thread may call it. Where there is neither a terminal nor a notebook the steps are logged,
    which shows nothing unless somebody asked for such lines.
    """
    bar = _bar_for_here(what)
    if bar is None:
        finished = itertools.count(1)
        yield lambda name, total: _log.info("%s, %d of %d: %s", what, next(finished), total, name)
        return
    with bar:
        lock = threading.Lock()  # tqdm's own guards the terminal, not the count.

        def step(name: str, total: int) -> None:
            with lock:
                bar.total = total
                bar.set_postfix_str(name, refresh=False)
                bar.update()

        yield step


def _bar_for_here(what: str) -> Any:
    """Give a bar, or None where nobody would see it."""
    if _in_notebook():
        with warnings.catch_warnings():
            # Without ipywidgets the bar is text, which is as good: no reason to warn.
            warnings.simplefilter("ignore")
            from tqdm.auto import tqdm

        return tqdm(desc=what, leave=False)
    # pythonw and the like have no stderr.
    if sys.stderr is None or not sys.stderr.isatty():
        return None
    from tqdm import tqdm

    return tqdm(desc=what, file=sys.stderr, leave=False, **_size())


def _in_notebook() -> bool:
    """Tell whether this is the kernel of a notebook; asks only who is there already."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and "IPKernelApp" in shell.config


def _size() -> dict[str, int]:
    """Give a terminal that does not know its size a usual one: tqdm would show nothing on it."""
    columns, lines = os.get_terminal_size(sys.stderr.fileno())
    return {} if columns and lines else {"ncols": 80, "nrows": 24}
