"""Addresses of registries and names in them, read strictly.

An address comes from configuration or a command line, never from a request. What is refused is
not repeated in the message: it may hold a password.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from serving.registry.errors import RegistryError

_S3 = "s3://"
_DIRECTORY = "file://"

#: Where other programs see escapes, queries, fragments and users; nothing here has any.
_REFUSED = frozenset("%?#@\\")

_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_BUCKET = re.compile(rf"(?=.{{3,63}}\Z)(?!\d+\.\d+\.\d+\.\d+\Z){_LABEL}(?:\.{_LABEL})*")
_KEY_PART = re.compile(r"[A-Za-z0-9._-]+")

#: S3 allows 1024 bytes; what follows a prefix needs some of them.
_MAX_KEY = 1024
_MAX_PREFIX = 512
#: A path may have 4096; what follows needs some of them.
_MAX_DIRECTORY = 2048


@dataclass(frozen=True, slots=True)
class S3Location:
    """A bucket, and a prefix without slashes at its ends; the prefix may be empty."""

    bucket: str
    prefix: str

    @property
    def uri(self) -> str:
        """The address, in one spelling."""
        return f"{_S3}{self.bucket}/{self.prefix}".removesuffix("/")

    def key(self, name: str) -> str:
        """Give the whole key of the object `name`."""
        return check_key(f"{self.prefix}/{name}" if self.prefix else name)


@dataclass(frozen=True, slots=True)
class DirectoryLocation:
    """An absolute directory that holds the same tree as a bucket's prefix."""

    folder: Path

    @property
    def uri(self) -> str:
        """The address, in one spelling."""
        return f"{_DIRECTORY}{self.folder}"

    def path(self, name: str) -> Path:
        """Give the path of the object `name`."""
        return self.folder / check_key(name)


def is_registry_uri(text: str) -> bool:
    """Tell whether `text` is meant as a registry and not as a path; it may still be refused."""
    return text.startswith((_S3, _DIRECTORY))


def parse_uri(text: str) -> S3Location | DirectoryLocation:
    """Read ``s3://bucket/prefix`` or ``file:///directory``.

    Raises
    ------
    RegistryError
        Saying what is wrong, without the text itself.
    """
    if not text.isprintable() or _REFUSED & set(text):
        refused = " ".join(sorted(_REFUSED))
        raise RegistryError(
            f"a registry's address holds neither control characters nor any of {refused}"
        )
    if text.startswith(_S3):
        return _parse_s3(text.removeprefix(_S3))
    if text.startswith(_DIRECTORY):
        return _parse_directory(text.removeprefix(_DIRECTORY))
    raise RegistryError("a registry's address is s3://bucket/prefix or file:///directory")


def _parse_s3(rest: str) -> S3Location:
    bucket, _, prefix = rest.partition("/")
    if not _BUCKET.fullmatch(bucket):
        raise RegistryError(
            "a bucket's name has 3 to 63 characters, a-z, 0-9, '.' and '-', and is no IP address"
        )
    if prefix:
        prefix = check_key(prefix.removesuffix("/"))
    if len(prefix) > _MAX_PREFIX:
        raise RegistryError(f"a registry's prefix has at most {_MAX_PREFIX} characters")
    return S3Location(bucket, prefix)


def _parse_directory(rest: str) -> DirectoryLocation:
    root, *parts = rest.removesuffix("/").split("/")
    if root or not parts or {"", ".", ".."} & set(parts):
        raise RegistryError(
            "a registry's directory is given whole: file:///srv/models, without '.' or '..'"
        )
    if len(rest) > _MAX_DIRECTORY:
        raise RegistryError(f"a registry's directory has at most {_MAX_DIRECTORY} characters")
    return DirectoryLocation(Path(rest))


def is_key(key: str) -> bool:
    """Tell whether `key` is made of plain names."""
    parts = key.split("/")
    plain = all(_KEY_PART.fullmatch(part) and part not in {".", ".."} for part in parts)
    return plain and len(key) <= _MAX_KEY


def check_key(key: str) -> str:
    """Return `key` if its parts are plain names.

    Raises
    ------
    RegistryError
        If a part is empty, ``.`` or ``..``, or has other characters than A-Z a-z 0-9 . _ -
    """
    if not is_key(key):
        raise RegistryError(
            f"names in a registry are at most {_MAX_KEY} of A-Z a-z 0-9 . _ - between single "
            "slashes, and never '.' or '..'"
        )
    return key
