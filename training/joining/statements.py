"""The SQL of the join, as text: plain enough for DuckDB and Spark alike.

Tables of rows have `acct_id`, `place` (see `place_of`), `moment` where rows have a `last_updated`,
and the inputs as `value_0`, `value_1`, ...: what users call them is in no statement.
"""

# Every name in these statements is one of this package's own.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

#: Accounts in the order of their first rows in the files of the peers, or by id, byte by byte.
Order = Literal["files", "acct_id"]

PLACE, MOMENT = "place", "moment"

#: A row's place is its file's index, then its line, in one number.
LINE_BITS = 40

_ORDERED_BY: Mapping[Order, str] = {"files": PLACE, "acct_id": "acct_id"}


def value(index: int) -> str:
    """Name the column of the input at this index."""
    return f"value_{index}"


def with_account_in(rows: str, accounts: str) -> str:
    """Select the rows of accounts that another table has."""
    return f"SELECT a.* FROM {rows} AS a WHERE EXISTS ({_match(accounts)})"


def without_account_in(rows: str, accounts: str) -> str:
    """Select the rows of accounts that another table lacks."""
    return f"SELECT a.* FROM {rows} AS a WHERE NOT EXISTS ({_match(accounts)})"


def _match(accounts: str) -> str:
    return f"SELECT 1 FROM {accounts} AS b WHERE b.acct_id = a.acct_id"


def accounts_with_several(rows: str) -> str:
    """Select the ids that have more than one row."""
    return f"SELECT acct_id FROM {rows} GROUP BY acct_id HAVING count(*) > 1"


def places(rows: str) -> str:
    """Select where rows stand in the files."""
    return f"SELECT {PLACE} FROM {rows}"


def count(rows: str) -> str:
    """Select how many rows there are."""
    return f"SELECT count(*) FROM {rows}"


def newest(rows: str) -> str:
    """Select the newest moment."""
    return f"SELECT max({MOMENT}) FROM {rows}"


def by_account(rows: str) -> str:
    """Select rows so that those of an account come together, in the order of the files."""
    return f"SELECT * FROM {rows} ORDER BY acct_id, {PLACE}"


def both(rows: str, others: str) -> str:
    """Select the rows of two tables with the same columns in the same order."""
    return f"SELECT * FROM {rows} UNION ALL SELECT * FROM {others}"


def joined(tables: Mapping[str, Sequence[int]], order: Order) -> str:
    """Select `acct_id` and every input's value, null where an account has none.

    Parameters
    ----------
    tables : mapping of str to sequence of int
        Of each table, which has an account at most once, the inputs it holds; the first says which
        accounts there are.
    """
    first, *others = tables
    held = {index: table for table, indexes in tables.items() for index in indexes}
    columns = [f"{held[index]}.{value(index)}" for index in sorted(held)]
    joins = [f"LEFT JOIN {table} ON {table}.acct_id = {first}.acct_id" for table in others]
    return (
        f"SELECT {', '.join([f'{first}.acct_id', *columns])} FROM {first} {' '.join(joins)} "
        f"ORDER BY {first}.{_ORDERED_BY[order]}"
    )
