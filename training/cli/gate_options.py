"""What `promote` and `publish --promote` share: the gate's options, and asking it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from training.cli.options import FILE, FOLDER, gated, reads_accounts, report

if TYPE_CHECKING:
    from training.gate import GateReport, Limits
    from training.registry import Gate, Promoted, Skipped

_OPTIONS = [
    click.option("--data", "data_", type=FOLDER,
                 help="CSVs that both versions score: the full gate."),
    click.option("--dry-run", is_flag=True, help="Judge and show; change nothing."),
    click.option("--plot", type=FILE, help="Draw what moves, as PNG; needs --data."),
    click.option("--limit", "limits", metavar="NAME=VALUE", multiple=True,
                 help="Another limit than the default; repeatable, needs --reason."),
    click.option("--reason", default="", help="Why other limits; stored in the registry."),
    click.option("--skip-gate", metavar="REASON",
                 help="Ask no gate; the reason is stored in the registry."),
    click.option("--json", "as_json", is_flag=True, help="Print JSON."),
]  # fmt: skip


def asks_gate(command: Any) -> Any:
    """Add the gate's options; the command takes them as keywords, for `Asked`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return reads_accounts(command)


class DryRun(Exception):
    """The gate has been asked, and nothing more was wanted."""


@dataclass
class Asked:
    """The gate's options as given, and what it said when it was last asked."""

    data_: Path | None
    dry_run: bool
    plot: Path | None
    limits: tuple[str, ...]
    reason: str
    skip_gate: str | None
    as_json: bool
    max_refused: float
    refused: Path | None
    scoring_date: datetime | None
    report: GateReport | None = field(default=None, init=False)

    def refuse_any(self, why: str) -> None:
        """Refuse the options that only a promotion has."""
        given = {
            "--data": self.data_,
            "--dry-run": self.dry_run,
            "--plot": self.plot,
            "--limit": self.limits,
            "--reason": self.reason,
            "--skip-gate": self.skip_gate is not None,
            "--json": self.as_json,
            "--max-refused": _is_given("max_refused"),
            "--refused": self.refused,
            "--scoring-date": self.scoring_date,
        }
        if names := [name for name, value in given.items() if value]:
            raise click.UsageError(f"{', '.join(names)} {why}")

    def gate(self) -> Gate | Skipped:
        """Give what `training.registry.promote` takes; contradictory options are refused here."""
        from training.registry import Skipped

        limits = self._checked_limits()
        if self.skip_gate is not None:
            return Skipped(self.skip_gate)
        return lambda candidate, champion: self._ask(candidate, champion, limits)

    def _checked_limits(self) -> Limits:
        from serving.scoring import InvalidInput
        from training.gate import Limits

        if self.skip_gate is not None and (
            self.data_ or self.dry_run or self.plot or self.limits or self.reason
        ):
            raise click.UsageError("--skip-gate asks no gate: give nothing else for it")
        if self.plot and not self.data_:
            raise click.UsageError("--plot draws how scores move on accounts: give --data")
        if bool(self.limits) != bool(self.reason.strip()):
            raise click.UsageError("--limit and --reason go together: what may change, and why")
        try:
            return Limits.parse(self.limits)
        except InvalidInput as error:
            raise click.UsageError(f"--limit: {error}") from None

    def _ask(self, candidate: Path, champion: Path | None, limits: Limits) -> GateReport:
        from training.gate import judge

        found = self.report = judge(
            candidate,
            champion,
            data=self.data_,
            limits=limits,
            reason=self.reason,
            max_refused_share=self.max_refused,
            scoring_date=self.scoring_date.date() if self.scoring_date else None,
        )
        # Before anything moves: if this cannot be written, nothing has happened.
        self._show(found)
        if self.dry_run:
            raise DryRun
        return found

    def _show(self, found: GateReport) -> None:
        from training.gate import movement_plot

        if found.accounts is not None:
            report(found.accounts.refusals, found.accounts.notes, self.refused)
        if self.plot is not None and found.comparison is not None:
            self.plot.parent.mkdir(parents=True, exist_ok=True)
            self.plot.write_bytes(movement_plot(found.comparison))
        if self.plot is not None and found.comparison is None:
            click.echo("note: no plot, there is nothing to compare with", err=True)
        if not self.as_json:
            tables = [found] if found.comparison is None else [found.comparison, "", found]
            click.echo("\n".join(map(str, tables)))

    def say_not_asked(self) -> None:
        """Say why what was asked for is missing: a version is not compared with itself."""
        if self.report is None and (self.data_ or self.dry_run):
            missing = "no table and no plot" if self.plot else "no table"
            click.echo(
                "note: the gate was not asked, the version is compared with the current one, and "
                f"that is itself: there is {missing}",
                err=True,
            )

    @contextmanager
    def exits(self) -> Iterator[None]:
        """Turn a dry run into its end, and a refusal into exit code 3 with what to do next."""
        from training.registry import GateRefused

        try:
            with gated(self.refused):
                yield
        except GateRefused:
            self._end()
        except DryRun:
            self._end()

    def _end(self) -> None:
        found = self.report
        if self.as_json:
            click.echo(json.dumps(self.told(None), indent=1))
        if found is not None and not found.passed:
            click.echo(_refusal(found), err=True)
            raise click.exceptions.Exit(3)
        click.echo("the gate lets it pass; a dry run changes nothing", err=True)

    def told(self, done: Promoted | None) -> Mapping[str, Any]:
        """Give what --json prints."""
        found = self.report
        skipped = {"verdict": "skipped", "reason": self.skip_gate}
        rows = None
        if found is not None and found.comparison is not None:
            rows = json.loads(found.comparison.frame().reset_index().to_json(orient="records"))
        return {
            "version": done.version if done else None,
            "previous": done.previous if done else None,
            "seq": done.seq if done else None,
            "moved": done is not None and done.moved,
            "gate": skipped if self.skip_gate is not None else found and found.to_dict(),
            "comparison": rows,
        }


def _is_given(parameter: str) -> bool:
    """Tell whether somebody wrote an option that has a default."""
    source = click.get_current_context().get_parameter_source(parameter)
    return source not in (None, ParameterSource.DEFAULT, ParameterSource.DEFAULT_MAP)


def _refusal(found: GateReport) -> str:
    """Say what to do; the verdicts' own words were printed before."""
    return "\n".join(
        [
            "refused; what is served does not change:",
            *(f"  {one.name}, by the limits {', '.join(one.limits)}" for one in found.failed),
            "Find out what changed in data or definition, and train or build again. If the change "
            'is meant, allow it with --limit NAME=VALUE --reason "..."; both are stored.',
        ]
    )
