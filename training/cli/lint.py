"""`scorecard lint`: what is wrong with definitions, or what they hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from training.cli.options import FILE


@click.command()
@click.argument("scorecards", type=FILE, nargs=-1, metavar="[FILE.yaml]...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: a list with an entry per file.")
@click.option("--write-schema", type=FILE, help="Write the JSON Schema that editors complete from.")
def lint(scorecards: tuple[Path, ...], as_json: bool, write_schema: Path | None) -> None:
    """Check scorecard definitions; every mistake is reported at once, with its line.

    Of a definition without mistakes you see what it holds: the inputs in the order in which an
    endpoint takes them, the outputs, and what must be fitted to accounts. Exits with 2 if there is
    a mistake in any file, with 1 if a file cannot be read.

    \b
    Examples:
      scorecard lint data/scorecards/account_health.yaml
      scorecard lint my_cards/*.yaml --json
      scorecard lint --write-schema my_cards/scorecard.schema.json
    """
    from training.definition.summary import lint_file

    if not scorecards and write_schema is None:
        raise click.UsageError("give a definition, or --write-schema")
    if write_schema is not None:
        _write_schema(write_schema)
    told = [lint_file(path) for path in scorecards]
    if as_json:
        click.echo(json.dumps(told, indent=1))
    else:
        _print(told)
    lines = [mistake["line"] for each in told for mistake in each["mistakes"]]
    if lines:
        # A file that cannot be read has no line.
        raise click.exceptions.Exit(2 if any(lines) else 1)


def _write_schema(path: Path) -> None:
    from training.definition import definition_schema

    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(definition_schema(), indent=2) + "\n")


def _print(told: list[dict[str, Any]]) -> None:
    for each in told:
        for mistake in each["mistakes"]:
            click.echo(f"{'' if mistake['line'] else 'error: '}{mistake['text']}", err=True)
        if not each["mistakes"]:
            click.echo("\n".join(_lines(each)))


def _lines(told: dict[str, Any]) -> list[str]:
    from training.number_text import counted

    inputs, outputs = told["inputs"], told["outputs"]
    holds = counted(len(told["metrics"]), "metric"), counted(told["components"], "component")
    return [
        f"{told['file']}: {', '.join(holds)}, no mistakes",
        f"  inputs, in the order of the endpoint ({len(inputs)})",
        *(f"    {place:>3}  {_input(column)}" for place, column in enumerate(inputs, start=1)),
        f"  outputs ({len(outputs)})",
        *(f"         {name}" for name in outputs),
        *(f"  {need}" for need in told["needs"]),
    ]


def _input(column: dict[str, Any]) -> str:
    types = {"boolean": "true or false", "category": "one of " + ", ".join(column["labels"] or ())}
    type_ = types.get(column["type"], column["type"])
    if column["type"] == "category" and column["labels"] is None:
        type_ = "category, as the training data have it"
    least = "" if column["minimum"] is None else f", {column['minimum']:g} or more"
    made = f"  (of events {column['event']})" if column["event"] else ""
    return f"{column['name']:32}{type_}{least}{made}"
