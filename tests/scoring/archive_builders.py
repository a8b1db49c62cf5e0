"""Archives made by hand, honest ones and the parts of hostile ones."""

import gzip
import io
import tarfile
from typing import Any

from builders import make_parts

from serving.scoring.archive import pack

PARTS = make_parts()
HONEST = pack(PARTS.files, PARTS.manifest_bytes)


def member(name: str, data: bytes = b"", **changes: Any) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in changes.items():
        setattr(info, key, value)
    return info, data


MEMBERS = [member(name, data) for name, data in PARTS.all_files.items()]


def tar_of(
    members: list[tuple[tarfile.TarInfo, bytes]],
    format: int = tarfile.USTAR_FORMAT,  # noqa: A002
) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=format) as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def gz(data: bytes) -> bytes:
    return gzip.compress(data, 1, mtime=0)


#: The files without the zeros that end a tar.
WITHOUT_END = b"".join(
    info.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % 512) for info, data in MEMBERS
)

#: 64 MiB of zeros; gzip's members can follow each other.
ZEROS = gz(bytes(64 * 2**20))
