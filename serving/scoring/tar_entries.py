"""What a tar holds, read strictly: plain files, and nothing that stands for something else.

Not by `tarfile`: it follows a header's extensions as far as they say, and a small archive can make
that take hours, fill the memory, or end in any exception.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

_BLOCK = 512

#: More than this many headers is not an artifact of ours.
MAX_ENTRIES = 1000

#: Of one extended header; `tar` and macOS write some hundred bytes of times and attributes.
_MAX_EXTENSION = 8 * 2**10

_PLAIN_FILE = (b"0", b"\0")
_FOLDER = b"5"
_EXTENSION = (b"x", b"g")

#: What an extended header may say: it changes neither a file's name nor its size nor its kind.
_HARMLESS = {"atime", "comment", "ctime", "gid", "gname", "mtime", "uid", "uname"}
_HARMLESS_ATTRIBUTES = ("LIBARCHIVE.creationtime", "LIBARCHIVE.xattr.", "SCHILY.xattr.")


class Stream(Protocol):
    """Unpacked bytes that can be skipped."""

    def read(self, size: int, /) -> bytes:
        """Give `size` bytes, fewer only at the end."""

    def seek(self, offset: int, /) -> int:
        """Go to a place."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A plain file: its bytes are the `size` from `offset` on."""

    name: str
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class _Header:
    name: str
    kind: bytes
    size: int


def plain_files(stream: Stream) -> Iterator[Entry]:
    """Yield the files of a tar; at the end `stream` stands behind the tar's end mark.

    Folders are passed over. A name may stand twice; who asks decides.

    Raises
    ------
    ValueError
        If there is anything else, if a header cannot be trusted, or the tar has no end.
    """
    offset = 0
    for _ in range(MAX_ENTRIES + 1):
        header = _read_header(stream)
        if header is None:
            return
        offset += _BLOCK
        if header.kind in _PLAIN_FILE:
            yield Entry(header.name, offset, header.size)
        elif header.kind in _EXTENSION:
            _check_extension(stream, header.size)
        elif header.kind != _FOLDER or header.size:
            raise ValueError(f"{header.name!r:.200} is not a plain file")
        offset += -(-header.size // _BLOCK) * _BLOCK
        stream.seek(offset)
    raise ValueError(f"it holds more than {MAX_ENTRIES} entries")


def _read_header(stream: Stream) -> _Header | None:
    """Read the header where `stream` stands; None for the mark of the end."""
    block = stream.read(_BLOCK)
    if len(block) < _BLOCK:
        raise ValueError("it ends too early")
    if not any(block):
        return None
    if block[257:262] != b"ustar":
        raise ValueError("it holds no tar that can be read")
    # The sum is made with blanks in its own place.
    if sum(block) - sum(block[148:156]) + 8 * ord(" ") != _octal(block[148:156]):
        raise ValueError("a header was altered")
    name = _text(block[:100])
    # GNU's tar keeps other things where POSIX has the first part of a long name.
    if block[257:263] == b"ustar\0" and block[345]:
        name = f"{_text(block[345:500])}/{name}"
    return _Header(name, block[156:157], _octal(block[124:136]))


def _octal(field: bytes) -> int:
    digits = field.strip(b" \0")
    # `int` takes signs and underscores, too. Numbers beyond 8 GB are written in another way.
    if not digits or digits.strip(b"01234567"):
        raise ValueError("a header's number cannot be read")
    return int(digits, 8)


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("ascii", "backslashreplace")


def _check_extension(stream: Stream, size: int) -> None:
    if size > _MAX_EXTENSION:
        raise ValueError("an extended header is too large")
    data = stream.read(size)
    for keyword in _keywords(data):
        if keyword not in _HARMLESS and not keyword.startswith(_HARMLESS_ATTRIBUTES):
            raise ValueError(f"an extended header says {keyword!r:.100}; pack with --format=ustar")


def _keywords(data: bytes) -> Iterator[str]:
    """Yield the keywords of records like ``20 atime=1795219200\\n``; the number is their length."""
    start = 0
    while start < len(data):
        digits, blank, _ = data[start : start + 6].partition(b" ")
        end = start + _length(digits)
        keyword, equals, value = data[start + len(digits) + 1 : end].partition(b"=")
        if not (blank and equals and value.endswith(b"\n")) or end > len(data):
            raise ValueError("an extended header cannot be read")
        yield _text(keyword)
        start = end


def _length(digits: bytes) -> int:
    if not digits.isdigit():
        raise ValueError("an extended header cannot be read")
    return int(digits)
