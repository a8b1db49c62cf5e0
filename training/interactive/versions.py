"""Publish artifacts to a registry, promote them, go back, and see what there is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from serving.scoring import InvalidInput
from training import registry
from training.gate import GateReport, judge
from training.interactive.comparison import Judgement, read_limits
from training.interactive.models import Model, as_model
from training.interactive.showing import Shown
from training.registry import Gate, GateRefused, Skipped


@dataclass(frozen=True, repr=False)
class Publication(Shown):
    """What a publication found and did.

    Attributes
    ----------
    is_current : bool
        Whether it is what is served.
    uploaded : bool
        Whether anything was missing; False if the whole version was there already.
    """

    uri: str
    version: str
    is_current: bool
    uploaded: bool

    def _heading(self) -> str:
        what = "was uploaded" if self.uploaded else "was there already"
        state = "it is the current one" if self.is_current else "the current one is another"
        return f"version {self.version} {what}; {state}"

    def _facts(self) -> Mapping[str, object]:
        return {"registry": self.uri}

    def _table(self) -> None:
        return None


@dataclass(frozen=True, eq=False, repr=False)
class Promotion(Shown):
    """What a promotion or a rollback did.

    Attributes
    ----------
    previous : str or None
        The version that was current before.
    moved : bool
        False if the version was the current one already.
    judgement : Judgement or None
        What the gate said; None if it was not asked.
    """

    uri: str
    version: str
    previous: str | None
    moved: bool
    judgement: Judgement | None

    def _heading(self) -> str:
        state = "is current" if self.moved else "was current already; nothing was changed"
        return f"version {self.version} {state}"

    def _facts(self) -> Mapping[str, object]:
        facts: dict[str, object] = {"registry": self.uri, "before": self.previous or "none"}
        if self.judgement is not None:
            verdicts = self.judgement.verdicts().to_dict("index")
            facts |= {
                str(name): f"{row['verdict']}: {row['text']}" for name, row in verdicts.items()
            }
        return facts

    def _table(self) -> None:
        return None


def publish(model: Model | str | Path, uri: str, *, note: str = "") -> Publication:
    """Upload an artifact as an immutable version; what is served does not change.

    But in an empty registry it becomes the current one.

    Parameters
    ----------
    uri : str
        ``s3://bucket/prefix``, or ``file:///folder``.
    note : str
        A sentence for whoever reads the registry later.

    Raises
    ------
    ArtifactError
        If the artifact must not be used; nothing is uploaded then.
    RegistryError
        If the registry cannot be written.
    """
    done = registry.publish(as_model(model).unchanged_path(), uri, note=note)
    return Publication(uri, done.version, done.is_current, done.uploaded)


def promote(
    uri: str,
    version: str,
    data: str | Path | None = None,
    *,
    limits: Mapping[str, float | bool] | None = None,
    reason: str = "",
    skip_gate: str | None = None,
    note: str = "",
    max_refused: float = 0.01,
    scoring_date: dt.date | None = None,
) -> Promotion:
    """Make a published version the current one, if the gate lets it pass.

    Parameters
    ----------
    version : str
        A version, or its first 6 characters or more.
    data : str or Path, optional
        A folder of CSVs that both versions score: the full gate.
    limits, reason : mapping of str to number, and str
        Other limits than the defaults, and why; both are stored.
    skip_gate : str, optional
        Ask no gate; this is why, and is stored.

    Raises
    ------
    GateRefused
        If the gate does not let it pass; its notes say why, nothing was changed.
    InvalidInput
        If options contradict each other, or the accounts cannot be used.
    RegistryError
        If there is no such version, or the registry cannot be written.
    """
    checked = read_limits(limits)

    def ask(candidate: Path, champion: Path | None) -> GateReport:
        return judge(
            candidate,
            champion,
            data=None if data is None else Path(data),
            limits=checked,
            reason=reason,
            max_refused_share=max_refused,
            scoring_date=scoring_date,
        )

    gate: Gate | Skipped = ask
    if skip_gate is not None:
        if data or limits or reason:
            raise InvalidInput("skip_gate asks no gate: give no data, limits or reason for it")
        gate = Skipped(skip_gate)
    try:
        done = registry.promote(uri, version, gate=gate, note=note)
    except GateRefused as error:
        error.add_note(str(error.report))
        raise
    judgement = Judgement(done.report) if isinstance(done.report, GateReport) else None
    return Promotion(uri, done.version, done.previous, done.moved, judgement)


def rollback(uri: str, *, to: str | None = None, note: str = "") -> Promotion:
    """Serve again what was served before; no gate is asked.

    Parameters
    ----------
    to : str, optional
        A version, or its first 6 characters or more; the previous one if not given.

    Raises
    ------
    RegistryError
        If there is no such version, or another one became current meanwhile.
    """
    done = registry.rollback(uri, to=to, note=note)
    return Promotion(uri, done.version, done.previous, done.moved, None)


def versions(uri: str) -> pd.DataFrame:
    """List the versions of a registry, the newest first.

    Returns
    -------
    DataFrame
        Index ``version``; ``published_at`` (UTC), ``note``, ``scorecard``, ``accounts`` it was
        trained with, its least calibrated metric as ``worst_metric``, with ``worst_ks`` and what
        is ``noise``; whether it is ``current``, ``previous``, ``incomplete``, ``removing``.
    """
    rows = []
    for row in registry.list_versions(uri):
        told = row.to_dict()
        worst = told.pop("worst") or {}
        rows.append(
            told
            | {
                "worst_metric": worst.get("metric"),
                "worst_ks": worst.get("pit_ks"),
                "noise": worst.get("noise"),
            }
        )
    return pd.DataFrame(rows, columns=_COLUMNS).set_index("version")


_COLUMNS = [
    "version", "published_at", "note", "scorecard", "accounts", "worst_metric", "worst_ks", "noise",
    "current", "previous", "incomplete", "removing",
]  # fmt: skip
