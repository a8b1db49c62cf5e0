"""``current.json``: which version of a registry is served."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from serving.registry.errors import NotFound, RegistryError
from serving.registry.store import Store
from serving.scoring.errors import ArtifactCorrupt
from serving.scoring.manifest import from_json, to_json

POINTER = "current.json"
MAX_POINTER_BYTES = 64 * 2**10

_SCHEMA = 1
_VERSION = re.compile(r"[0-9a-f]{32}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """What ``current.json`` says.

    Attributes
    ----------
    seq : int
        Grows by one with every promotion and every rollback; `gc` changes the pointer, not this.
    previous : str or None
        The version that was current before.
    published_at : str
        UTC, ISO 8601. When this became current. For people; nothing is decided by it.
    gate : mapping or None
        How the last move was decided: ``verdict`` is "passed", "overridden", "skipped" or
        "rollback", ``reason`` says why; what the gate measured may follow. None for the first
        version of a registry, if it was published without asking the gate.
    removing : tuple of str
        Versions that are being removed at this moment; they must not become current.
    removals : int
        How often a removal began. Who reads the same number twice knows that no version was
        removed in between, except those in `removing`.
    change : str
        Drawn anew for every change, so that two writers never write the same bytes.
    """

    seq: int
    version: str
    manifest_sha256: str
    previous: str | None
    published_at: str
    note: str
    gate: Mapping[str, Any] | None = None
    removing: tuple[str, ...] = ()
    removals: int = 0
    change: str = ""

    def to_json(self) -> bytes:
        """Give the bytes to store."""
        return to_json({"schema": _SCHEMA, **asdict(self)})


@dataclass(frozen=True, slots=True)
class StoredPointer:
    """A pointer, and the tag that its bytes have in the store."""

    pointer: Pointer
    etag: str


def is_version(text: object) -> bool:
    """Tell whether `text` is a version: the first half of a manifest's sha256."""
    return isinstance(text, str) and _VERSION.fullmatch(text) is not None


def read_pointer(store: Store) -> Pointer:
    """Read what is current.

    Raises
    ------
    NotFound
        If nothing is.
    RegistryError
        If the pointer cannot be read, or was written by a newer program.
    """
    stored = read_stored_pointer(store)
    if stored is None:
        raise RegistryError(f"{store.uri}/{POINTER} was not sent")
    return stored.pointer


def read_stored_pointer(store: Store, etag: str = "") -> StoredPointer | None:
    """Read what is current, unless the pointer still has `etag`.

    Returns
    -------
    StoredPointer or None
        None while it is unchanged.

    Raises
    ------
    NotFound, RegistryError
        As `read_pointer`.
    """
    try:
        stored = store.read_if_changed(POINTER, MAX_POINTER_BYTES, etag)
    except NotFound:
        raise NotFound(f"nothing is published at {store.uri}; use `scorecard publish`") from None
    if stored is None:
        return None
    return StoredPointer(_parse(stored.data, f"{store.uri}/{POINTER}"), stored.etag)


def _parse(data: bytes, where: str) -> Pointer:
    try:
        tree = from_json(data, where)
    except ArtifactCorrupt as error:
        raise RegistryError(str(error)) from None
    schema = tree.get("schema") if isinstance(tree, dict) else None
    if schema != _SCHEMA:
        raise RegistryError(f"{where} has schema {schema!r}; this program reads {_SCHEMA}")
    # Older programs wrote no other names; later ones may add some without a new schema.
    tree = {**_DEFAULTS, **tree}
    wrong = [name for name, good in _CHECKS.items() if name not in tree or not good(tree[name])]
    if wrong:
        raise RegistryError(f"{where}: not as they must be: {', '.join(wrong)}")
    if not tree["manifest_sha256"].startswith(tree["version"]):
        raise RegistryError(f"{where}: version and manifest_sha256 contradict each other")
    tree["removing"] = tuple(tree["removing"])
    return Pointer(**{name: tree[name] for name in _CHECKS})


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _are_versions(value: Any) -> bool:
    return isinstance(value, list) and all(map(is_version, value))


_CHECKS: dict[str, Callable[[Any], bool]] = {
    "seq": lambda value: type(value) is int and value >= 1,
    "version": is_version,
    "manifest_sha256": lambda value: _is_text(value) and bool(_SHA256.fullmatch(value)),
    "previous": lambda value: value is None or is_version(value),
    "published_at": _is_text,
    "note": _is_text,
    "gate": lambda value: value is None or isinstance(value, dict),
    "removing": _are_versions,
    "removals": lambda value: type(value) is int and value >= 0,
    "change": _is_text,
}

_DEFAULTS: dict[str, Any] = {"gate": None, "removing": [], "removals": 0, "change": ""}
