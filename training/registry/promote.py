"""Make a version current, if the gate lets it pass."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving.registry.errors import Changed, RegistryError
from serving.registry.retry import retry
from serving.registry.store import open_store
from serving.scoring import ArtifactError, InvalidInput, ScoringError
from training.registry.catalogue import fetch_verified, refuse_if_removing, resolve_version
from training.registry.objects import AnyStore
from training.registry.pointing import (
    SWAPS,
    Now,
    Promoted,
    Report,
    check_sentence,
    point_to,
    read_seen,
    utc_now,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

#: (directory of the candidate, of the current version or None) → what it found.
Gate = Callable[[Path, Path | None], Report]


@dataclass(frozen=True, slots=True)
class Skipped:
    """No gate is asked; why is stored in the pointer."""

    reason: str

    def check(self) -> None:
        """Raise InvalidInput if the reason is empty, or cannot be stored."""
        if not check_sentence(self.reason, "reason").strip():
            raise InvalidInput("to skip the gate takes a reason, to be stored with the version")


class GateRefused(ScoringError):
    """The gate did not let a version become current."""

    def __init__(self, report: Report) -> None:
        super().__init__("the gate refuses this version; the current one stays")
        #: What the gate found.
        self.report = report


def decision(gate: Gate | Skipped, report: Report | None) -> Mapping[str, Any]:
    """Give what the pointer stores of how a version became current."""
    if isinstance(gate, Skipped):
        return {"verdict": "skipped", "reason": gate.reason}
    # A report tells itself if limits were overridden, and why.
    return {"verdict": "passed", "reason": "", **(report.to_dict() if report else {})}


def promote(
    uri: str,
    version: str,
    *,
    gate: Gate | Skipped,
    note: str = "",
    client: S3Client | None = None,
    now: Now = utc_now,
) -> Promoted:
    """Make a version current.

    It is fetched and verified whole before; `gate` is then called with its directory and that of
    the current version, and again if another version becomes current meanwhile.

    Parameters
    ----------
    version : str
        A version, or its first 6 characters or more.

    Raises
    ------
    GateRefused
        If the gate does not let it pass.
    InvalidInput
        If note or reason cannot be stored, or the reason is empty.
    ArtifactError
        If the version is not whole.
    RegistryError
        If there is no such version, it is being removed, or the registry cannot be written.
    """
    check_sentence(note, "note")
    if isinstance(gate, Skipped):
        gate.check()
    store = open_store(uri, client)
    whole = resolve_version(store, version)
    with tempfile.TemporaryDirectory() as scratch:
        promotion = _Promotion(store, whole, gate, Path(scratch), client)
        return retry(lambda: promotion.attempt(note, now), Changed, attempts=SWAPS)


class _Promotion:
    """One version on its way; remembers what need not be done again when somebody was faster."""

    def __init__(
        self,
        store: AnyStore,
        version: str,
        gate: Gate | Skipped,
        scratch: Path,
        client: S3Client | None,
    ) -> None:
        self.store, self.version, self.gate = store, version, gate
        self.scratch, self.client = scratch, client
        #: How many removals there had been → the manifest's sha256, as it was verified then.
        self.verified: dict[int, str] = {}
        #: The current version → what the gate said of the candidate beside it.
        self.reports: dict[str | None, Report] = {}

    def attempt(self, note: str, now: Now) -> Promoted:
        """Verify, ask, and move the pointer if nobody else has done so meanwhile."""
        seen = read_seen(self.store)
        refuse_if_removing(seen, self.version)
        old = seen.pointer if seen else None
        if old and old.version == self.version:
            return Promoted(self.version, old.previous, old.seq, moved=False)
        sha256 = self._verify(old.removals if old else 0)
        report = self._ask(old.version if old else None)
        made = point_to(
            self.store,
            seen,
            self.version,
            sha256,
            gate=decision(self.gate, report),
            note=note,
            now=now,
        )
        return Promoted(self.version, made.previous, made.seq, moved=True, report=report)

    def _verify(self, removals: int) -> str:
        if removals not in self.verified:
            folder = self.scratch / "candidate"
            self.verified[removals] = fetch_verified(
                self.store.uri, self.version, folder, self.client
            )
        return self.verified[removals]

    def _ask(self, current: str | None) -> Report | None:
        if isinstance(self.gate, Skipped):
            return None
        if current not in self.reports:
            self.reports[current] = self.gate(self.scratch / "candidate", self._champion(current))
        report = self.reports[current]
        if not report.passed:
            raise GateRefused(report)
        return report

    def _champion(self, current: str | None) -> Path | None:
        if current is None:
            return None
        folder = self.scratch / current
        try:
            fetch_verified(self.store.uri, current, folder, self.client)
        except ArtifactError as error:
            raise RegistryError(
                f"the gate cannot compare with the current version: {error}; roll back, or skip "
                "the gate with a reason"
            ) from None
        return folder
