"""Markdown tables, checks that say whether they are reached, and where results are kept."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RESULTS = Path("build/bench")
CACHE = RESULTS / "cache"


@dataclass(frozen=True)
class Check:
    """One thing that was promised, and whether it holds."""

    text: str
    reached: bool

    def __str__(self) -> str:
        return f"- {'reached' if self.reached else '**NOT reached**'}: {self.text}"


def at_most(what: str, value: float, limit: float, *, digits: int = 3) -> Check:
    """Hold a figure to a limit; one that is not a number does not reach it."""
    return Check(f"{what} is {value:.{digits}f}, at most {limit:g}", value <= limit)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay out a Markdown table; the first column is text, the others numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def write(name: str, result: dict[str, Any], title: str, tables: str, checks: list[Check]) -> None:
    """Print a result and keep it as JSON and Markdown under `RESULTS`."""
    text = "\n\n".join([f"## {title}", tables, "\n".join(map(str, checks))]) + "\n"
    result["checks"] = [{"text": check.text, "reached": check.reached} for check in checks]
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=1, default=float) + "\n")
    (RESULTS / f"{name}.md").write_text(text)
    print(text)
