"""The artifact's table of contents: format version, closed list of files with checksums."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from typing import Any

from serving.scoring.errors import ArtifactCorrupt, UnsupportedFormat

#: To change the format: raise this, keep reading the old one, and add an artifact of the old
#: version to tests/data/artifacts/.
#: Version 2 stores for each metric how many accounts inform its table; version 3 knows metrics
#: that are not compared with peers, bands and coverage.
FORMAT_VERSION = 3
READABLE_VERSIONS = (1, 2, 3)

MANIFEST = "manifest.json"
MAX_MANIFEST_BYTES = 4 * 2**20
#: Of one file, and of all files in an archive; an artifact has some ten megabytes.
MAX_FILE_BYTES = 512 * 2**20

_FILE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)?")
_LONGEST_FILE_NAME = 200
_SECTIONS = ("files", "scorecard", "inputs", "outputs", "training")


def to_json(value: Any) -> bytes:
    """Write JSON one way only: keys in their order, no NaN, UTF-8, a newline at the end.

    The order of a scorecard's components is the order of its outputs, so keys are not sorted.

    Raises
    ------
    ValueError
        For NaN or infinity: JSON has neither.
    """
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()


def from_json(data: bytes, name: str) -> Any:
    """Read strict JSON: one value per key, no NaN, no infinity.

    Raises
    ------
    ArtifactCorrupt
        Naming the file.
    """
    try:
        return json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_without_duplicates,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except (ValueError, RecursionError) as error:
        raise ArtifactCorrupt(f"{name} is not valid: {error}") from None


def describe_files(files: Mapping[str, bytes]) -> dict[str, dict[str, Any]]:
    """Give the manifest's list of files."""
    return {
        name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        for name, data in sorted(files.items())
    }


def read_manifest(data: bytes) -> dict[str, Any]:
    """Read and check a manifest's outline.

    Raises
    ------
    UnsupportedFormat
        If this program does not read its format version.
    ArtifactCorrupt
        If a section is missing or the list of files is not one.
    """
    manifest = from_json(data, MANIFEST)
    if not isinstance(manifest, dict) or manifest.get("format") != "scorecard-artifact":
        raise ArtifactCorrupt(f"{MANIFEST} is not the manifest of a scorecard artifact")
    version = manifest.get("format_version")
    # True and 1.0 equal 1.
    if type(version) is not int or version not in READABLE_VERSIONS:
        readable = ", ".join(map(str, READABLE_VERSIONS))
        raise UnsupportedFormat(f"artifact format {version!r}; this program reads {readable}")
    absent = [section for section in _SECTIONS if section not in manifest]
    if absent:
        raise ArtifactCorrupt(f"{MANIFEST} lacks {', '.join(absent)}")
    if not isinstance(manifest["training"], dict):
        raise ArtifactCorrupt(f"{MANIFEST}: training is not a mapping")
    _check_files(manifest["files"])
    return manifest


def is_file_name(name: str) -> bool:
    """Whether an artifact may have a file of this name: plain ASCII, at most one folder deep.

    Examples
    --------
    >>> [is_file_name(name) for name in ("golden.json", "plots/a.png", "../evil", "/etc/passwd")]
    [True, True, False, False]
    """
    # The manifest cannot hold its own checksum.
    return (
        name != MANIFEST
        and len(name) <= _LONGEST_FILE_NAME
        and _FILE_NAME.fullmatch(name) is not None
    )


def _check_files(files: Any) -> None:
    good = isinstance(files, dict) and all(
        is_file_name(name)
        and isinstance(entry, dict)
        and type(entry.get("bytes")) is int
        and 0 <= entry["bytes"] <= MAX_FILE_BYTES
        and isinstance(entry.get("sha256"), str)
        for name, entry in files.items()
    )
    if not good:
        raise ArtifactCorrupt(f"{MANIFEST}: files must list plain names with bytes and sha256")


def check_file(files: Mapping[str, Any], name: str, data: bytes) -> bytes:
    """Return `data` if it is what the manifest lists under `name`.

    Raises
    ------
    ArtifactCorrupt
        If the name is not listed, or length or checksum differ.
    """
    entry = files.get(name)
    if entry is None:
        raise ArtifactCorrupt(f"{name} is not listed in {MANIFEST}")
    if len(data) != entry["bytes"]:
        raise ArtifactCorrupt(f"{name} has {len(data)} bytes; the manifest says {entry['bytes']}")
    if hashlib.sha256(data).hexdigest() != entry["sha256"]:
        raise ArtifactCorrupt(f"{name} was altered: its sha256 is not the manifest's")
    return data


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key stands twice")
    return result


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text:.20} is beyond what a number can hold")
    return number


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
