"""Finds which table of several files holds which column, before any row is read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from serving.scoring.column import Input
from training.errors import DataError
from training.reading.csv_reader import ACCOUNT, LAST_UPDATED, check_has_accounts
from training.reading.table_files import AccountFile, AccountFiles, header_of

PEERS = "peer_dims"
PEERS_FILE = f"{PEERS}.csv"

#: The table of what became of contracts, and the column that says so. What else stands there was
#: known before they ended, so it is read with the outcomes and not as facts of today.
RENEWALS, RENEWED = "renewals", "renewed"

#: At the end of a table's name: newer rows of that table.
UPDATE = "_update"

_Headers = Mapping[AccountFile, Sequence[str]]


@dataclass(frozen=True)
class Source:
    """A table's files, then those with newer rows of it, and the inputs to read from them."""

    headers: _Headers
    inputs: tuple[Input, ...]

    @property
    def table(self) -> str:
        """The name of the table."""
        return next(iter(self.headers)).table

    @property
    def name(self) -> str:
        """What messages call the table: its file, if it is a single one."""
        parts = [file for file in self.headers if file.table == self.table]
        return parts[0].name if len(parts) == 1 else self.table

    @property
    def files(self) -> list[str]:
        """The names of all of them."""
        return [file.name for file in self.headers]

    @property
    def has_last_updated(self) -> bool:
        """Whether rows say when they were last updated."""
        return all(LAST_UPDATED in header for header in self.headers.values())


def find_sources(
    files: AccountFiles, inputs: Sequence[Input], peer_dimensions: Collection[str]
) -> list[Source]:
    """Find where each input comes from; the table of peer dimensions comes first.

    Raises
    ------
    DataError
        If an input is in no table or in several, the files of a table do not go together, or an
        update cannot be applied to its table.
    """
    headers = {file: header_of(file) for file in files.files}
    headers = {file: names for file, names in headers.items() if not _of_outcomes(file, names)}
    if not any(file.table == PEERS for file in headers):
        found = ", ".join(file.name for file in headers) or "no CSV at all"
        raise DataError(f"{files.where} has no {PEERS_FILE}; it has {found}")
    groups = _groups(headers)
    for table, group in list(groups.items()):
        # A file of something else is let be; with other files of accounts it cannot be meant so.
        if table == PEERS or any(ACCOUNT in header for header in group.values()):
            for file, header in group.items():
                check_has_accounts(header, file.name)
        else:
            del groups[table]
    _check_has_peer_dimensions(groups[PEERS], peer_dimensions)
    holders = {column.name: list(_holders(column.name, groups.values())) for column in inputs}
    _check_held_once(holders, groups.values())
    # The table of peer dimensions says which accounts there are: it is read in any case.
    tables = [PEERS, *(table for table in groups if table != PEERS)]
    sources = [
        Source(groups[table], tuple(i for i in inputs if holders[i.name] == [groups[table]]))
        for table in tables
    ]
    sources = [source for source in sources if source.inputs or source.table == PEERS]
    for source in sources:
        _check_parts(source)
        _check_updates(source)
    return sources


def _of_outcomes(file: AccountFile, header: Sequence[str]) -> bool:
    return file.table == RENEWALS and RENEWED in header


def _groups(headers: _Headers) -> dict[str, dict[AccountFile, Sequence[str]]]:
    tables = {file.table for file in headers}
    groups: dict[str, dict[AccountFile, Sequence[str]]] = {}
    # By length, so that a table comes before what updates it.
    for file in sorted(headers, key=lambda file: (len(file.table), file.table, file.name)):
        base = file.table
        while base.endswith(UPDATE) and base.removesuffix(UPDATE) in tables:
            base = base.removesuffix(UPDATE)
        groups.setdefault(base, {})[file] = headers[file]
    return dict(sorted(groups.items()))


def _holders(column: str, groups: Collection[_Headers]) -> Iterator[_Headers]:
    return (group for group in groups if any(column in header for header in group.values()))


def _check_has_peer_dimensions(group: _Headers, peer_dimensions: Collection[str]) -> None:
    columns = list(dict.fromkeys(column for header in group.values() for column in header))
    if missing := sorted(set(peer_dimensions) - set(columns)):
        names = " and ".join(file.name for file in group)
        raise DataError(
            f"{names} lacks {', '.join(missing)}; its columns are: {', '.join(columns)}"
        )


def _check_held_once(
    holders: Mapping[str, Sequence[_Headers]], groups: Collection[_Headers]
) -> None:
    if absent := sorted(column for column, held_by in holders.items() if not held_by):
        looked_at = ", ".join(file.name for group in groups for file in group)
        raise DataError(f"no file has {', '.join(absent)}; looked at: {looked_at}")
    for column, held_by in holders.items():
        if len(held_by) > 1:
            files = " and ".join(_name(group, column) for group in held_by)
            raise DataError(f"{column} is in both {files}: remove it from one of them")


def _name(group: _Headers, column: str) -> str:
    return next(file.name for file, header in group.items() if column in header)


def _check_parts(source: Source) -> None:
    """Refuse parts of a table that do not have the same of the columns that are read."""
    parts = {file: header for file, header in source.headers.items() if file.table == source.table}
    read = {LAST_UPDATED, *(column.name for column in source.inputs)}
    for column in sorted(read):
        having = [file.name for file, header in parts.items() if column in header]
        lacking = [file.name for file, header in parts.items() if column not in header]
        if having and lacking:
            raise DataError(
                f"{lacking[0]} lacks {column}, which {having[0]} has: the files of a table must "
                "have the same columns"
            )


def _check_updates(source: Source) -> None:
    wanted = {column.name for column in source.inputs}
    base_header, *_ = source.headers.values()
    for file, header in source.headers.items():
        if file.table == source.table:
            continue
        undated = source.name if LAST_UPDATED not in base_header else file.name
        if LAST_UPDATED not in base_header or LAST_UPDATED not in header:
            raise DataError(
                f"{undated} has no column {LAST_UPDATED}: "
                f"it takes one in both to know which rows of {file.name} are newer"
            )
        if erased := sorted(wanted & set(base_header) - set(header)):
            raise DataError(
                f"{file.name} lacks {', '.join(erased)}: its rows replace those of {source.name} "
                "whole, so they must have the same columns"
            )
