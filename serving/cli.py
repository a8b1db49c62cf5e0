"""The root of `scorecard`: loads whatever commands are installed, and turns errors into exits.

Exit codes: 0 done, 1 failed, 2 wrong usage or a broken definition, 3 refused by a gate.
"""

from __future__ import annotations

import importlib.metadata
import logging
import sys
from typing import Any

import click

from serving.scoring.errors import InvalidScorecard, ScoringError
from serving.scoring.manifest import READABLE_VERSIONS

DISTRIBUTION = "customer-success-scorecard"
COMMAND_GROUP = "scorecard.commands"

#: Commands that another extra brings, so that a slim image can say what is missing.
ELSEWHERE = dict.fromkeys(
    ("build", "data", "evaluate", "lint", "pack", "score", "train"), "training"
)


class RootGroup(click.Group):
    """Knows what to say of a command that is not installed, and of an error."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command, or name the extra that has it."""
        if args and args[0] in ELSEWHERE and args[0] not in self.commands:
            extra = ELSEWHERE[args[0]]
            ctx.fail(f"'{args[0]}' needs: pip install '{DISTRIBUTION}[{extra}]'")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run; what the user or the operator can fix becomes one message, without a traceback."""
        try:
            return super().invoke(ctx)
        except ScoringError as error:
            click.echo(f"error: {error}", err=True)
            ctx.exit(2 if isinstance(error, InvalidScorecard) else 1)


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        version = importlib.metadata.version(DISTRIBUTION)
        formats = ", ".join(map(str, READABLE_VERSIONS))
        click.echo(f"scorecard {version} (reads artifact format {formats})")
        ctx.exit()


@click.group(
    cls=RootGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with: scorecard data sample --help",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the program's version and the artifact formats it reads.",
)
def root() -> None:
    """Score how well each customer account uses its product, compared with accounts like it."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(message)s", force=True
    )


def main() -> None:
    """Run `scorecard` with the commands of every installed part."""
    for entry in importlib.metadata.entry_points(group=COMMAND_GROUP):
        entry.load()(root)
    root(prog_name="scorecard")
