"""What takes long is made once, however many processes run the tests."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Give a folder in which `make` has worked; nobody may change what is in it."""
    base = factory.getbasetemp()
    # The folders of pytest-xdist's workers lie in one that is theirs together.
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / f"once-{name}"
    finished = folder / ".finished"
    folder.mkdir(exist_ok=True)
    with (folder / ".lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not finished.exists():
            make(folder)
            finished.touch()
    return folder
