"""Where a registry's objects lie: the port, and a directory behind it; S3 is in ``s3.py``.

Reading only: a process that serves has no code that could change a registry.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from serving.registry.errors import NotFound, RegistryError, TooLarge
from serving.registry.uri import DirectoryLocation, is_key, parse_uri

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from serving.registry.s3 import S3Store


@dataclass(frozen=True, slots=True)
class Stored:
    """An object's bytes, and the tag that these bytes and no others have."""

    data: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class Listed:
    """An object as a listing shows it.

    Attributes
    ----------
    modified : datetime
        When the store took it, by the store's clock, in UTC.
    """

    name: str
    bytes: int
    modified: datetime


class Store(Protocol):
    """A registry's objects by name."""

    @property
    def uri(self) -> str:
        """Where it is, for messages."""

    def read(self, name: str, max_bytes: int) -> Stored:
        """Give an object.

        Raises
        ------
        NotFound
            If there is none.
        RegistryError
            If it is larger than `max_bytes`, or cannot be read.
        """

    def read_if_changed(self, name: str, max_bytes: int, etag: str) -> Stored | None:
        """Give an object unless it still has `etag`; an empty `etag` is that of no object.

        Raises
        ------
        NotFound, RegistryError
            As `read`.
        """

    def listed(self, prefix: str = "") -> Iterator[Listed]:
        """Go through the objects whose names begin with `prefix`, in no particular order.

        Names that nothing here would write, such as folders made by other programs and the
        hidden files of a directory, are passed over.

        Raises
        ------
        RegistryError
            If they cannot be listed.
        """


def open_store(uri: str, client: S3Client | None = None) -> DirectoryStore | S3Store:
    """Open a registry for reading; `client` speaks to S3, a new one if not given.

    Raises
    ------
    RegistryError
        If `uri` is not an address of a registry, or no client can be made.
    """
    location = parse_uri(uri)
    if isinstance(location, DirectoryLocation):
        return DirectoryStore(location)
    try:
        # Half a second to import, and not needed for directories.
        from serving.registry.s3 import S3Store, make_client
    except ModuleNotFoundError as error:
        raise RegistryError(f"{location.uri} needs boto3: {error}") from None
    return S3Store(location, client or make_client())


class DirectoryStore:
    """A registry in a directory."""

    def __init__(self, location: DirectoryLocation) -> None:
        self.location = location
        self.uri = location.uri

    def read(self, name: str, max_bytes: int) -> Stored:
        """Give a file; see `Store`."""
        path = self.location.path(name)
        try:
            with path.open("rb") as file:
                data = file.read(max_bytes + 1)
        except FileNotFoundError:
            if not self.location.folder.is_dir():
                raise RegistryError(_no_directory(self.location.folder)) from None
            raise NotFound(f"{path} is missing") from None
        except OSError as error:
            raise RegistryError(f"{path} cannot be read: {error.strerror}") from None
        if len(data) > max_bytes:
            raise TooLarge(f"{path} is larger than {max_bytes} bytes")
        return Stored(data, hashlib.sha256(data).hexdigest())

    def read_if_changed(self, name: str, max_bytes: int, etag: str) -> Stored | None:
        """Give a file unless it still has `etag`; see `Store`."""
        stored = self.read(name, max_bytes)
        return None if stored.etag == etag else stored

    def listed(self, prefix: str = "") -> Iterator[Listed]:
        """Go through the files; see `Store`."""
        if not self.location.folder.is_dir():
            raise RegistryError(_no_directory(self.location.folder))
        for folder, _, names in os.walk(
            self.location.folder / prefix.rpartition("/")[0], onerror=_refuse
        ):
            within = Path(folder).relative_to(self.location.folder)
            for name in (within.joinpath(name).as_posix() for name in names):
                if name.startswith(prefix) and is_key(name) and "/." not in f"/{name}":
                    yield from self._describe(name)

    def _describe(self, name: str) -> Iterator[Listed]:
        try:
            status = (self.location.folder / name).stat()
        except FileNotFoundError:
            return  # Removed at this moment.
        modified = datetime.fromtimestamp(status.st_mtime, UTC)
        yield Listed(name, status.st_size, modified)


def _no_directory(folder: Path) -> str:
    return f"there is no directory {folder}; `scorecard publish` makes it"


def _refuse(error: OSError) -> None:
    # A folder that is gone by now was removed, which is no failure of a listing.
    if not isinstance(error, FileNotFoundError):
        raise RegistryError(f"{error.filename} cannot be listed: {error.strerror}")
