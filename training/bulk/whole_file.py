"""A file appears whole or not at all; what is no file, such as a pipe, is written as it comes."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

from serving.scoring import InvalidInput

#: Instead of a name: standard input or output.
STDIO = "-"


@contextmanager
def whole_file(out: str) -> Iterator[BinaryIO]:
    """Open for writing; a file appears only when all of it is written, others stream.

    Raises
    ------
    OSError
        With the name `out`, if it cannot be written.
    """
    if out == STDIO:
        stdout = standard_stream(sys.stdout, "stdout")
        yield stdout
        stdout.flush()
        return
    # What a link points to is replaced, not the link.
    target = Path(os.path.realpath(out))
    mode = _mode(Path(out))
    if mode is not None and not stat.S_ISREG(mode):
        # A pipe or a device must be written to: a file put in its place would reach nobody.
        with Path(out).open("wb") as file:
            yield file
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, scratch = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:
        # Name what was asked for, not the scratch file.
        raise OSError(error.errno, error.strerror, out) from None
    try:
        with _named(out), os.fdopen(handle, "wb") as file:
            yield file
        # mkstemp makes it private; a result is as readable as the file it replaces, or as any.
        Path(scratch).chmod(_default_mode() if mode is None else stat.S_IMODE(mode))
        Path(scratch).replace(target)
    finally:
        Path(scratch).unlink(missing_ok=True)


def standard_stream(text: TextIO | None, name: str) -> BinaryIO:
    """Give the bytes of standard input or output; raises InvalidInput if it is closed."""
    if text is None:
        raise InvalidInput(f"{name} is closed")
    return text.buffer


def _mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None


def _default_mode() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


@contextmanager
def _named(out: str) -> Iterator[None]:
    """Name the file in an error of writing: the system does not say which it was."""
    try:
        yield
    except OSError as error:
        if error.filename is not None or error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, out) from None
