"""How objects show themselves: as lines in a terminal, as tables in a notebook."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Protocol

import pandas as pd

#: Rows of a table that a notebook shows; the object's frame has all.
_MOST_ROWS = 60


class Told(Protocol):
    """What can tell itself in a heading, facts and a table."""

    def _heading(self) -> str: ...

    def _facts(self) -> Mapping[str, object]: ...

    def _table(self) -> pd.DataFrame | None: ...


class Shown:
    """Shows what `_heading`, `_facts` and `_table` say; whatever they hold is text, never HTML."""

    def __repr__(self: Told) -> str:
        facts = [f"  {name}: {value}" for name, value in self._facts().items()]
        return "\n".join([self._heading(), *facts])

    def _repr_html_(self: Told) -> str:
        rows = "".join(
            f'<tr><th style="text-align:left">{html.escape(str(name))}</th>'
            f'<td style="text-align:left">{html.escape(str(value))}</td></tr>'
            for name, value in self._facts().items()
        )
        table = self._table()
        below = "" if table is None else table.to_html(max_rows=_MOST_ROWS, border=0)
        return (
            f"<p><strong>{html.escape(self._heading())}</strong></p>"
            f"<table><tbody>{rows}</tbody></table>{below}"
        )
