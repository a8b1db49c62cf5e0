"""Writing Markdown: tables, and names that stay names whatever characters they hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

#: What Markdown, or the HTML it is turned into, would read as more than a character; underscores
#: only where they could begin or end an emphasis.
_SPECIAL = re.compile(r"[\\`*\[\]<>|&~#!$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")


def plain(text: object) -> str:
    r"""Write a text so that Markdown shows it as it is, in one line.

    Examples
    --------
    >>> print(plain("activation_rate"), plain("a|b"), plain("<b>*x*</b>"))
    activation_rate a\|b \<b\>\*x\*\</b\>
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    return _SPECIAL.sub(r"\\\g<0>", line)


def table(
    header: Sequence[str], rows: Iterable[Sequence[str]], *, left: Sequence[int]
) -> list[str]:
    """Lay out a table; the cells are Markdown already.

    Parameters
    ----------
    left : sequence of int
        The columns of words; numbers are set to the right.
    """
    rule = ["---" if column in left else "---:" for column in range(len(header))]
    return [f"| {' | '.join(header)} |", f"|{'|'.join(rule)}|", *(
        f"| {' | '.join(row)} |" for row in rows
    )]  # fmt: skip


def picture(plots: Iterable[str], name: str, told: str) -> list[str]:
    """Show a picture if there is one of this name; `told` is for who cannot see it."""
    return [f"![{plain(told)}]({name})", ""] if name in plots else []
