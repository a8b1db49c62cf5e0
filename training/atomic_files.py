"""Several files that belong together appear in a folder together, or visibly not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def arriving_together(folder: Path, names: Sequence[str]) -> Iterator[Path]:
    """Give a scratch folder to write to; at the end move the named files into `folder`.

    The last of `names` is the one without which the folder is of no use: it goes first and comes
    back last. So whenever the writer is killed, `folder` holds the old files, the new files, or
    lacks that one. If the block raises, `folder` is as it was.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # Inside `folder`, because a rename is only atomic within one file system.
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=folder) as scratch:
        yield Path(scratch)
        (folder / names[-1]).unlink(missing_ok=True)
        for name in names:
            (Path(scratch) / name).replace(folder / name)
