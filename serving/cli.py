"""The root of `scorecard`: loads whatever commands are installed, and turns errors into exits.

Exit codes: 0 done, 1 failed, 2 wrong usage or a broken definition, 3 refused by a gate.
"""

from __future__ import annotations

import errno
import importlib.metadata
import logging
import os
import signal
import sys
from types import FrameType
from typing import Any, NoReturn

import click

from serving.commands import add_commands
from serving.scoring.errors import InvalidScorecard, ScoringError
from serving.scoring.manifest import READABLE_VERSIONS

DISTRIBUTION = "customer-success-scorecard"
COMMAND_GROUP = "scorecard.commands"

#: Commands that another extra brings, so that a slim image can say what is missing.
ELSEWHERE = {
    **dict.fromkeys(
        ("build", "data", "evaluate", "explain", "lint", "model", "pack", "score", "train"),
        "training",
    ),
    **dict.fromkeys(("gc", "promote", "publish", "rollback", "versions"), "training"),
    **dict.fromkeys(("gateway", "keys"), "gateway"),
    **dict.fromkeys(("pull", "serve"), "serving"),
}


#: Whose log lines are shown from INFO on.
OWN_LOGGERS = ("serving", "training")

_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


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
        except MemoryError:
            click.echo("error: there is not enough memory for this", err=True)
            ctx.exit(1)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise  # Who read the output wants no more of it; click ends quietly.
            _drop_unwritten_output()
            click.echo(f"error: {_describe(error)}", err=True)
            ctx.exit(1)


def _describe(error: OSError) -> str:
    where = error.filename2 or error.filename
    what = error.strerror or str(error)
    return f"{where}: {what}" if where else what


def _drop_unwritten_output() -> None:
    """Let the process end, although what it has left to print cannot be written."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        version = importlib.metadata.version(DISTRIBUTION)
        formats = ", ".join(map(str, READABLE_VERSIONS))
        click.echo(f"scorecard {version} (reads artifact format {formats})")
        ctx.exit()


@click.group(
    cls=RootGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
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
    """Score how well each customer account uses its product, compared with accounts like it.

    \b
    Example:
      scorecard data sample --accounts 5000 --out build/sample
      scorecard train --data build/sample --out build/artifact
      scorecard score build/artifact --data build/sample --out scores.csv
    """
    logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(message)s", force=True)
    # Other people's loggers stay at WARNING.
    for ours in OWN_LOGGERS:
        logging.getLogger(ours).setLevel(logging.INFO)


def main() -> None:
    """Run `scorecard` with the commands of every installed part."""
    for number in _STOPS:
        # Who started this with `nohup` does not want it stopped.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)
    try:
        add_commands(root)
        for entry in importlib.metadata.entry_points(group=COMMAND_GROUP):
            entry.load()(root)
        root(prog_name="scorecard")
    except KeyboardInterrupt:
        click.echo("Aborted!", err=True)
        sys.exit(1)
    finally:
        # All is tidied up; from here on an impatient second Ctrl-C needs no traceback.
        for number in _STOPS:
            if signal.getsignal(number) is _stop:
                signal.signal(number, signal.SIG_DFL)


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    """Stop as Ctrl-C does, through every `finally`, so that nothing half-written is left."""
    raise KeyboardInterrupt
