"""``current.json``: which version of a registry is served."""

from __future__ import annotations

import re
from collections.abc import Callable
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
        Grows by one with every change, also when an older version becomes current again.
    previous : str or None
        The version that was current before.
    published_at : str
        UTC, ISO 8601. For people; nothing is decided by it.
    """

    seq: int
    version: str
    manifest_sha256: str
    previous: str | None
    published_at: str
    note: str

    def to_json(self) -> bytes:
        """Give the bytes to store."""
        return to_json({"schema": _SCHEMA, **asdict(self)})


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
    try:
        stored = store.read(POINTER, MAX_POINTER_BYTES)
    except NotFound:
        raise NotFound(f"nothing is published at {store.uri}; use `scorecard publish`") from None
    return _parse(stored.data, f"{store.uri}/{POINTER}")


def _parse(data: bytes, where: str) -> Pointer:
    try:
        tree = from_json(data, where)
    except ArtifactCorrupt as error:
        raise RegistryError(str(error)) from None
    schema = tree.get("schema") if isinstance(tree, dict) else None
    if schema != _SCHEMA:
        raise RegistryError(f"{where} has schema {schema!r}; this program reads {_SCHEMA}")
    wrong = [name for name, good in _CHECKS.items() if not good(tree.get(name))]
    if wrong:
        raise RegistryError(f"{where}: not as they must be: {', '.join(wrong)}")
    if not tree["manifest_sha256"].startswith(tree["version"]):
        raise RegistryError(f"{where}: version and manifest_sha256 contradict each other")
    # Other keys are left alone: later programs may add some without a new schema.
    return Pointer(**{name: tree[name] for name in _CHECKS})


def _is_seq(value: Any) -> bool:
    return type(value) is int and value >= 1


_CHECKS: dict[str, Callable[[Any], bool]] = {
    "seq": _is_seq,
    "version": is_version,
    "manifest_sha256": lambda value: isinstance(value, str) and bool(_SHA256.fullmatch(value)),
    "previous": lambda value: value is None or is_version(value),
    "published_at": lambda value: isinstance(value, str),
    "note": lambda value: isinstance(value, str),
}
