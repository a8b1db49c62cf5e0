"""What there is in a registry, version by version."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

from serving.registry.errors import NotFound, TooLarge
from serving.registry.fetch import version_file
from serving.registry.pointer import Pointer
from serving.registry.store import Listed, open_store
from serving.scoring.errors import ArtifactCorrupt
from serving.scoring.manifest import check_file, from_json
from training.registry.catalogue import PUBLICATION, versions_at, whole_manifest
from training.registry.objects import AnyStore
from training.registry.pointing import read_seen

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_EVALUATION = "evaluation.json"
_MAX_PUBLICATION_BYTES = 64 * 2**10
#: Versions looked at side by side; each takes three answers of the store.
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Calibration:
    """The least calibrated metric of a version, on the accounts it was evaluated on.

    Attributes
    ----------
    pit_ks : float
        Largest distance of its ranks from uniform, 0 to 1.
    noise : float
        What 95 % of perfectly calibrated metrics stay below with so many accounts.
    """

    metric: str
    pit_ks: float
    noise: float


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    """One version.

    Attributes
    ----------
    published_at : str
        When it was first published: UTC, ISO 8601.
    accounts : int or None
        How many accounts it was trained with; None if it does not say.
    worst : Calibration or None
        None if it was not evaluated.
    incomplete : bool
        Objects are missing: a publication was cut off, or a removal. Nothing else is known then.
    removing : bool
        It is being removed.
    """

    version: str
    published_at: str
    note: str
    scorecard: str | None
    accounts: int | None
    worst: Calibration | None
    current: bool
    previous: bool
    incomplete: bool
    removing: bool

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return asdict(self)


def list_versions(uri: str, *, client: S3Client | None = None) -> tuple[VersionRow, ...]:
    """Describe every version of a registry, the newest first.

    Only what is shown is read, and nothing is verified: that is for who uses a version.

    Raises
    ------
    RegistryError
        If the registry cannot be read.
    """
    store = open_store(uri, client)
    # Before the pointer: a version that becomes current meanwhile is listed as such.
    versions = versions_at(store)
    seen = read_seen(store)
    pointer = seen.pointer if seen else None
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        rows = pool.map(lambda item: _row(store, pointer, *item), versions.items())
        return tuple(sorted(rows, key=lambda row: (row.published_at, row.version), reverse=True))


def _row(
    store: AnyStore, pointer: Pointer | None, version: str, entries: list[Listed]
) -> VersionRow:
    manifest = whole_manifest(store, version, entries)
    published_at, note = _publication(store, version, entries)
    return VersionRow(
        version=version,
        published_at=published_at,
        note=note,
        scorecard=_scorecard(manifest) if manifest else None,
        accounts=_whole_number(manifest["training"].get("accounts")) if manifest else None,
        worst=_worst(store, version, manifest) if manifest else None,
        current=pointer is not None and version == pointer.version,
        previous=pointer is not None and version == pointer.previous,
        incomplete=manifest is None,
        removing=pointer is not None and version in pointer.removing,
    )


def _publication(store: AnyStore, version: str, entries: list[Listed]) -> tuple[str, str]:
    """Give when a version was published, and its note; as far as it says."""
    stored = min(entry.modified for entry in entries).astimezone(UTC).isoformat(timespec="seconds")
    try:
        data = store.read(version_file(version, PUBLICATION), _MAX_PUBLICATION_BYTES).data
        told = from_json(data, PUBLICATION)
    except (NotFound, TooLarge, ArtifactCorrupt):
        # Versions published by older programs have none.
        return stored, ""
    if not isinstance(told, dict):
        return stored, ""
    published_at, note = told.get("published_at"), told.get("note")
    return (
        published_at if isinstance(published_at, str) else stored,
        note if isinstance(note, str) and note.isprintable() else "",
    )


def _scorecard(manifest: Mapping[str, Any]) -> str | None:
    card = manifest["scorecard"]
    name = card.get("id") if isinstance(card, dict) else None
    return name if isinstance(name, str) else None


def _whole_number(value: Any) -> int | None:
    return value if type(value) is int else None


def _worst(store: AnyStore, version: str, manifest: Mapping[str, Any]) -> Calibration | None:
    """Give the metric whose calibration exceeds its noise by most."""
    listed = manifest["files"]
    if _EVALUATION not in listed:
        return None
    try:
        data = store.read(version_file(version, _EVALUATION), listed[_EVALUATION]["bytes"]).data
        told = from_json(check_file(listed, _EVALUATION, data), _EVALUATION)
        metrics = [
            Calibration(name, float(metric["pit_ks"]), float(metric["pit_ks_noise_95"]))
            for name, metric in told["metrics"].items()
            # One that no account has was not measured.
            if metric.get("pit_ks_noise_95")
        ]
    except (NotFound, ArtifactCorrupt, AttributeError, KeyError, TypeError, ValueError):
        return None
    return max(metrics, key=lambda metric: metric.pit_ks / metric.noise, default=None)
