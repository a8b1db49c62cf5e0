"""From a job's channels to tables: which file is of which.

A file is of the table it is named after; else of the table that the nearest folder above it is
named after, the channel's own name being the last of these. So one channel may hold all tables, or
each have its own, and a table may have many files.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from training.errors import DataError
from training.reading.account_files import UPDATE
from training.reading.table_files import AccountFile, AccountFiles
from training.sagemaker_job.job import Job
from training.sagemaker_job.places import Places

#: Channels that hold several tables.
ALL_TABLES = ("train", "training")
#: The channel of the scorecard's definition.
SCORECARD = "scorecard"

_DEFINITIONS = (".yaml", ".yml")
#: A table's files; those that other programs write in parts often have no suffix. What a file holds
#: is seen from its first bytes; its name says that it is meant, and no backup.
_TABLE = re.compile(r"(.+\.csv|[^.]*[^.~])(\.gz)?|.+\.parquet", re.IGNORECASE | re.DOTALL)


def find_channels(places: Places, job: Job) -> dict[str, Path]:
    """Give the folder of every channel, by its name in order.

    Raises
    ------
    DataError
        Naming a channel that is not there, holds nothing, or cannot be read in its mode.
    """
    found = {path.name for path in places.data.iterdir()} if places.data.is_dir() else set()
    # A pipe is called after its channel and a number.
    piped = {name.removesuffix("_0") for name in found if (places.data / name).is_fifo()}
    for name in sorted(piped | set(job.channels)):
        told = job.channels.get(name, {})
        _check_mode(name, "Pipe" if name in piped else told.get("TrainingInputMode"))
        _check_whole(name, told, job.hosts)
    folders = {name for name in found if (places.data / name).is_dir()}
    names = {*job.channels, *folders, *places.channels}
    channels = {name: places.channels.get(name, places.data / name) for name in sorted(names)}
    for name, folder in channels.items():
        if not folder.is_dir():
            raise DataError(f"channel {name} is not there: {folder} is no folder")
    return channels


def _check_mode(name: str, mode: Any) -> None:
    if mode == "Pipe":
        raise DataError(
            f"channel {name} comes in Pipe mode, which is not supported: choose File or FastFile"
        )


def _check_whole(name: str, told: Mapping[str, Any], hosts: Sequence[str]) -> None:
    if len(hosts) > 1 and told.get("S3DistributionType") == "ShardedByS3Key":
        raise DataError(
            f"channel {name} is sharded over {len(hosts)} hosts, but one of them trains, and would "
            "see its part only: choose FullyReplicated"
        )


def account_files(channels: Mapping[str, Path], tables: Sequence[str]) -> AccountFiles:
    """Give the files of all tables, each channel's in the order of their names.

    Parameters
    ----------
    tables : sequence of str
        The tables' names; each may have newer rows in one with ``_update`` added.

    Raises
    ------
    DataError
        Naming a channel that is none of ours or empty, a file that is of no table or in no format
        that is read, or a folder that is reached twice.
    """
    known = {*tables, *(table + UPDATE for table in tables)}
    with_tables = [name for name in channels if name != SCORECARD]
    expected = f"{' or '.join(ALL_TABLES)} (all tables), or one per table: {', '.join(tables)}"
    if not with_tables:
        raise DataError(f"there is no channel with accounts: give {expected}")
    if unknown := [name for name in with_tables if name not in {*ALL_TABLES, *known}]:
        raise DataError(f"channel {', '.join(unknown)} is not known; channels are {expected}")
    files = [file for name in with_tables for file in _files(name, channels[name], known)]
    return AccountFiles(f"channel {' and '.join(with_tables)}", tuple(files))


def definition_file(channels: Mapping[str, Path]) -> Path | None:
    """Give the definition in its channel; None if there is no such channel.

    Raises
    ------
    DataError
        If the channel holds none, or several.
    """
    if SCORECARD not in channels:
        return None
    files = [path for path in _visible(channels[SCORECARD]) if path.suffix.lower() in _DEFINITIONS]
    if len(files) != 1:
        names = ", ".join(path.name for path in files) or "none"
        raise DataError(f"channel {SCORECARD} must hold one definition (.yaml); it has {names}")
    return files[0]


def _files(channel: str, folder: Path, tables: set[str]) -> Iterator[AccountFile]:
    paths = _visible(folder)
    if not paths:
        raise DataError(f"channel {channel} is empty: there is no file in {folder}")
    for path in paths:
        inside = path.relative_to(folder)
        name = f"{channel}/{inside.as_posix()}"
        if not path.is_file():
            raise DataError(f"{name} is no regular file")
        if not _TABLE.fullmatch(path.name):
            raise DataError(
                f"{name} is no table: the name of one ends in .csv, .csv.gz, .gz or .parquet, or "
                "has no dot; rename it, or take it out of the channel"
            )
        nearest = (path.name.partition(".")[0], *reversed(inside.parts[:-1]), channel)
        table = next((word for word in nearest if word in tables), None)
        if table is None:
            raise DataError(
                f"{name} is of no table: name it, or a folder above it, after one of "
                f"{', '.join(sorted(tables))}, or add its table to the hyperparameter tables"
            )
        yield AccountFile(path, table, name)


def _visible(folder: Path) -> list[Path]:
    """List all files below, sorted; those that begin with `.` or `_` are markers, as for Spark.

    Links to folders are followed: FastFile and local mode make them.
    """
    found = []
    reached: dict[Path, Path] = {}
    for text, folders, names in os.walk(folder, onerror=_raise, followlinks=True):
        place = Path(text)
        _check_new(place, folder, reached)
        folders[:] = [name for name in folders if not name.startswith((".", "_"))]
        found += [place / name for name in names if not name.startswith((".", "_"))]
    return sorted(found, key=lambda path: path.relative_to(folder).as_posix())


def _check_new(place: Path, folder: Path, reached: dict[Path, Path]) -> None:
    """Refuse a folder that was reached already; a link to one above would never end."""
    real = place.resolve()
    above = place != folder and folder.resolve().is_relative_to(real)
    other = folder if above else reached.setdefault(real, place)
    if other != place:
        raise DataError(
            f"{place} is a link to where {other} is too: its files would be read twice; "
            "remove the link"
        )


def _raise(error: OSError) -> None:
    raise error
