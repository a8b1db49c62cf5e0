"""Finds which file of a folder holds which column, before any row is read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from serving.scoring.scorecard import Input
from training.errors import DataError
from training.reading.csv_reader import ACCOUNT, LAST_UPDATED, check_has_accounts, read_header

PEERS_FILE = "peer_dims.csv"

_UPDATE = "_update"

_Headers = Mapping[Path, Sequence[str]]


@dataclass(frozen=True)
class Source:
    """A file and those with newer rows of it, oldest first, and the inputs to read from them."""

    headers: _Headers
    inputs: tuple[Input, ...]

    @property
    def name(self) -> str:
        """The name of the first file, which stands for all."""
        return next(iter(self.headers)).name

    @property
    def files(self) -> list[str]:
        """The names of all of them."""
        return [path.name for path in self.headers]

    @property
    def has_last_updated(self) -> bool:
        """Whether rows say when they were last updated."""
        return all(LAST_UPDATED in header for header in self.headers.values())


def find_sources(
    folder: Path, inputs: Sequence[Input], peer_dimensions: Collection[str]
) -> list[Source]:
    """Find where each input comes from; the file of peer dimensions comes first.

    Raises
    ------
    DataError
        If an input is in no file or in several, or an update cannot be applied to its base.
    """
    headers = {path: read_header(path) for path in _csv_files(folder)}
    peers = folder / PEERS_FILE
    if peers not in headers:
        found = ", ".join(path.name for path in headers) or "no CSV at all"
        raise DataError(f"{folder} has no {PEERS_FILE}; it has {found}")
    check_has_accounts(headers[peers], PEERS_FILE)
    groups = _groups({path: header for path, header in headers.items() if ACCOUNT in header})
    _check_has_peer_dimensions(groups[peers], peer_dimensions)
    holders = {column.name: list(_holders(column.name, groups.values())) for column in inputs}
    _check_held_once(holders, groups.values())
    # The file of peer dimensions says which accounts there are: it is read in any case.
    bases = [peers, *(base for base in groups if base != peers)]
    sources = [
        Source(groups[base], tuple(i for i in inputs if holders[i.name] == [groups[base]]))
        for base in bases
    ]
    sources = [source for source in sources if source.inputs or source.name == PEERS_FILE]
    for source in sources:
        _check_updates(source)
    return sources


def _csv_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder")
    # Names that start with a dot are other programs' own (macOS leaves `._peer_dims.csv`).
    return sorted(
        path for path in folder.glob("*.csv") if path.is_file() and not path.name.startswith(".")
    )


def _groups(headers: _Headers) -> dict[Path, dict[Path, Sequence[str]]]:
    groups: dict[Path, dict[Path, Sequence[str]]] = {}
    # By length, so that a base comes before what updates it.
    for path in sorted(headers, key=lambda path: (len(path.name), path.name)):
        base = path
        while base.stem.endswith(_UPDATE) and _base(base) in headers:
            base = _base(base)
        groups.setdefault(base, {})[path] = headers[path]
    return dict(sorted(groups.items()))


def _base(path: Path) -> Path:
    return path.with_name(path.stem.removesuffix(_UPDATE) + path.suffix)


def _holders(column: str, groups: Collection[_Headers]) -> Iterator[_Headers]:
    return (group for group in groups if any(column in header for header in group.values()))


def _check_has_peer_dimensions(group: _Headers, peer_dimensions: Collection[str]) -> None:
    columns = list(dict.fromkeys(column for header in group.values() for column in header))
    if missing := sorted(set(peer_dimensions) - set(columns)):
        raise DataError(
            f"{PEERS_FILE} lacks {', '.join(missing)}; its columns are: {', '.join(columns)}"
        )


def _check_held_once(
    holders: Mapping[str, Sequence[_Headers]], groups: Collection[_Headers]
) -> None:
    if absent := sorted(column for column, held_by in holders.items() if not held_by):
        looked_at = ", ".join(path.name for group in groups for path in group)
        raise DataError(f"no file has {', '.join(absent)}; looked at: {looked_at}")
    for column, held_by in holders.items():
        if len(held_by) > 1:
            files = " and ".join(_name(group, column) for group in held_by)
            raise DataError(f"{column} is in both {files}: remove it from one of them")


def _name(group: _Headers, column: str) -> str:
    return next(path.name for path, header in group.items() if column in header)


def _check_updates(source: Source) -> None:
    wanted = {column.name for column in source.inputs}
    base_header, *_ = source.headers.values()
    for path, header in list(source.headers.items())[1:]:
        undated = source.name if LAST_UPDATED not in base_header else path.name
        if LAST_UPDATED not in base_header or LAST_UPDATED not in header:
            raise DataError(
                f"{undated} has no column {LAST_UPDATED}: "
                f"it takes one in both to know which rows of {path.name} are newer"
            )
        if erased := sorted(wanted & set(base_header) - set(header)):
            raise DataError(
                f"{path.name} lacks {', '.join(erased)}: its rows replace those of {source.name} "
                "whole, so they must have the same columns"
            )
