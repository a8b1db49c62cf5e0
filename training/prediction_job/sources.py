"""Where an object's CSVs lie: a prefix in S3 or in a directory. Each file is read whole or not.

A file is copied before it is parsed, and counts as read only if it is still the one that was
listed: in S3 its ETag tells, in a directory its size, time and inode. A file in a directory may be
half there while nobody writes; if it ends within a line and is a few seconds old, it waits.
"""

from __future__ import annotations

import glob
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from botocore.exceptions import FlexibleChecksumError, HTTPClientError, IncompleteReadError

from serving.registry.errors import AlreadyThere, NotFound
from serving.registry.s3 import S3Store, make_client
from serving.registry.uri import S3Location, parse_uri
from training.errors import DataError
from training.prediction_job.errors import FileReplaced
from training.prediction_job.moments import as_text

_S3 = "s3://"
_CSV = ".csv"
_CHUNK_BYTES = 2**20
#: A writer that is slower than this between two pieces is taken for one that is done.
_STILL_WRITTEN_S = 5.0


@dataclass(frozen=True, slots=True)
class Found:
    """A CSV as a listing shows it.

    Attributes
    ----------
    etag : str
        What these bytes and no others have.
    modified : datetime
        When it was written, UTC.
    """

    name: str
    etag: str
    modified: datetime

    @property
    def tag(self) -> str:
        """What this writing of the file has and no other, even one of the same bytes."""
        return f"{self.etag} {as_text(self.modified)}"


class Source(Protocol):
    """The CSVs of an object."""

    def found(self) -> Iterator[Found]:
        """Go through the CSVs there are.

        Raises
        ------
        RegistryError, OSError
            If they cannot be listed.
        """

    def copied(self, file: Found, target: BinaryIO) -> None:
        """Copy a whole CSV.

        Raises
        ------
        FileReplaced
            If it is not the one that was found any more; `target` is then of no use.
        RegistryError, OSError
            If it cannot be read.
        """


def source_at(address: str, folder: Path) -> Source:
    """Give the source at an ``s3://`` address or a path; paths are relative to `folder`."""
    return InS3(address) if address.startswith(_S3) else InDirectory(address, folder)


@contextmanager
def whole(source: Source, file: Found) -> Iterator[BinaryIO]:
    """Give a CSV to read, all of it there; see `Source.copied`."""
    with tempfile.TemporaryFile() as target:
        source.copied(file, target)
        target.seek(0)
        yield target


class InDirectory:
    """All CSVs of a folder and of those in it, or those whose names begin as the path ends."""

    def __init__(self, address: str, folder: Path) -> None:
        path = folder / address
        is_folder = address.endswith("/") or path.is_dir()
        self._folder = path if is_folder else path.parent
        self._pattern = "**/*" if is_folder else f"{glob.escape(path.name)}*"

    def found(self) -> Iterator[Found]:
        """Go through the CSVs; see `Source`."""
        if not self._folder.is_dir():
            raise FileNotFoundError(2, "there is no such folder", str(self._folder))
        for path in sorted(self._folder.glob(self._pattern)):
            name = path.relative_to(self._folder)
            hidden = any(part.startswith(".") for part in name.parts)
            if path.suffix.lower() == _CSV and not hidden and path.is_file():
                stat = path.stat()
                yield Found(_text(name.as_posix()), _tag(stat), _moment(stat, name))

    def copied(self, file: Found, target: BinaryIO) -> None:
        """Copy a CSV; see `Source`."""
        path = self._folder / file.name
        last = b""
        try:
            with path.open("rb") as stream:
                while chunk := stream.read(_CHUNK_BYTES):
                    target.write(chunk)
                    last = chunk[-1:]
                tags = {_tag(os.fstat(stream.fileno())), _tag(path.stat())}
        except FileNotFoundError:
            raise FileReplaced(f"{file.name} is gone again") from None
        if tags != {file.etag}:
            raise FileReplaced(f"{file.name} was written to while it was read")
        age = time.time() - file.modified.timestamp()
        if last not in {b"\n", b"\r"} and abs(age) < _STILL_WRITTEN_S:
            raise FileReplaced(
                f"the last line of {file.name} has no end, and the file is only {age:.0f} s old: "
                "perhaps it is still being written"
            )


def _text(name: str) -> str:
    try:
        name.encode()
    except UnicodeEncodeError:
        shown = name.encode("utf-8", "replace").decode()
        raise DataError(f"the name of the file {shown} is not UTF-8; rename it") from None
    return name


def _moment(stat: os.stat_result, name: Path) -> datetime:
    try:
        return datetime.fromtimestamp(stat.st_mtime_ns // 1000 / 1e6, UTC)
    except (OverflowError, ValueError):
        raise DataError(
            f"the time of {name.as_posix()} is in no year from 1 to 9999; touch the file"
        ) from None


def _tag(stat: os.stat_result) -> str:
    return f"{stat.st_ino}-{stat.st_size}-{stat.st_mtime_ns}"


class InS3:
    """All CSVs whose keys begin with a prefix."""

    def __init__(self, address: str) -> None:
        location = parse_uri(address)
        assert isinstance(location, S3Location)  # noqa: S101 - addresses with s3:// give no other
        self._bucket = location.bucket
        # A slash at the end means a folder: it must stay.
        self._prefix = location.prefix + ("/" if location.prefix and address.endswith("/") else "")
        self._store = S3Store(S3Location(location.bucket, ""), make_client())

    def found(self) -> Iterator[Found]:
        """Go through the CSVs; see `Source`."""
        pages = self._store.client.get_paginator("list_objects_v2")
        with self._store.explained(self._prefix):
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix):
                for entry in page.get("Contents", []):
                    key, modified = entry["Key"], entry["LastModified"].astimezone(UTC)
                    hidden = key.rpartition("/")[2].startswith(".")
                    if key.lower().endswith(_CSV) and not hidden:
                        yield Found(key, entry["ETag"], modified)

    def copied(self, file: Found, target: BinaryIO) -> None:
        """Copy a CSV; see `Source`."""
        try:
            with self._store.explained(file.name):
                answer = self._store.client.get_object(
                    Bucket=self._bucket, Key=file.name, IfMatch=file.etag
                )
        except (AlreadyThere, NotFound):
            raise FileReplaced(f"{file.name} was replaced since it was listed") from None
        with closing(answer["Body"]) as body:
            try:
                # Up to the empty chunk: only there botocore compares length and checksum.
                while chunk := body.read(_CHUNK_BYTES):
                    target.write(chunk)
            except (HTTPClientError, IncompleteReadError, FlexibleChecksumError) as error:
                what = type(error).__name__
                raise FileReplaced(f"{file.name} arrived broken ({what})") from None
