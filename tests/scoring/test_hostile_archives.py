import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from archive_builders import HONEST, MEMBERS, WITHOUT_END, ZEROS, gz, member, tar_of

from serving.scoring import ArtifactError, load_scorer
from serving.scoring.artifact import GOLDEN, TABLES


def with_more(*more: tuple[tarfile.TarInfo, bytes]) -> Callable[[], bytes]:
    return lambda: gz(tar_of([*MEMBERS, *more], tarfile.GNU_FORMAT))


def instead_of_golden(**changes: Any) -> Callable[[], bytes]:
    def make() -> bytes:
        rest = [entry for entry in MEMBERS if entry[0].name != GOLDEN]
        return gz(tar_of([*rest, member(GOLDEN, **changes)], tarfile.GNU_FORMAT))

    return make


def zeros_after(info: tarfile.TarInfo) -> Callable[[], bytes]:
    """An entry that claims 10 GiB, and has them: 10 MB of gzip."""

    def make() -> bytes:
        info.size = 10 * 2**30
        return gz(WITHOUT_END + info.tobuf(tarfile.GNU_FORMAT)) + ZEROS * 160

    return make


def long_extension(kind: bytes) -> Callable[[], bytes]:
    """A header before a header, which `tarfile` reads whole."""
    info = tarfile.TarInfo("././@LongLink")
    info.type = kind
    return zeros_after(info)


def with_pax(**headers: str) -> Callable[[], bytes]:
    def make() -> bytes:
        info, data = member("golden2.json", b"x" * 600)
        info.pax_headers = headers
        return gz(tar_of([*MEMBERS, (info, data)], tarfile.PAX_FORMAT))

    return make


def sparse() -> bytes:
    """An old GNU sparse file: some bytes that stand for many."""
    block = bytearray(member("golden2.json")[0].tobuf(tarfile.GNU_FORMAT))
    block[156:157] = b"S"
    block[386:410] = b"%011o\0%011o\0" % (0, 0)
    block[483:495] = b"%011o\0" % (2**32 - 1)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return gz(WITHOUT_END + bytes(block) + bytes(1024))


def negative() -> bytes:
    """A size below zero, which sends a trusting reader back to where it was."""
    block = bytearray(member("golden2.json")[0].tobuf(tarfile.GNU_FORMAT))
    block[124:136] = b"\xff" * 10 + b"\xfe\x00"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return gz(WITHOUT_END + bytes(block) + bytes(1024))


def many(kind: bytes, count: int = 1_000_000) -> Callable[[], bytes]:
    """One header over and over."""

    def make() -> bytes:
        header = member("more", type=kind)[0].tobuf(tarfile.USTAR_FORMAT)
        return gz(header * 10_000) * (count // 10_000)

    return make


HOSTILE: list[tuple[Callable[[], bytes], str]] = [
    (with_more(member("../evil", b"x")), "above"),
    (with_more(member("a/../../evil", b"x")), "above, later"),
    (with_more(member("/evil", b"x")), "absolute"),
    (with_more(member("..\\evil", b"x")), "another system's above"),
    (with_more(member("./golden.json", b"x")), "another name of a file that is there"),
    (with_more(member("golden.json/", b"x", type=b"0")), "a file that calls itself a folder"),
    (with_more(member("g\u2024json", b"x")), "a name that looks like one"),
    (with_more(member("golden.json\n2", b"x")), "a name with a line break"),
    (with_more(member("golden2.json", type=tarfile.SYMTYPE, linkname="/etc/passwd")), "a link out"),
    (instead_of_golden(type=tarfile.SYMTYPE, linkname="/etc/passwd"), "a link in a file's place"),
    (instead_of_golden(type=tarfile.SYMTYPE, linkname=TABLES), "a link within"),
    (instead_of_golden(type=tarfile.LNKTYPE, linkname=TABLES), "a hard link"),
    (instead_of_golden(type=tarfile.LNKTYPE, linkname="../evil"), "a hard link out"),
    (instead_of_golden(type=tarfile.FIFOTYPE), "a pipe"),
    (instead_of_golden(type=tarfile.CHRTYPE, devmajor=1, devminor=5), "a device"),
    (instead_of_golden(type=tarfile.BLKTYPE), "a disk"),
    (instead_of_golden(type=tarfile.CONTTYPE), "an odd kind of file"),
    (instead_of_golden(type=b"Z"), "an unknown kind of file"),
    (instead_of_golden(type=tarfile.DIRTYPE), "a folder in a file's place"),
    (with_more(MEMBERS[0]), "a manifest twice: which one was checked?"),
    (with_more(member(TABLES, b"x")), "tables twice"),
    (sparse, "a sparse file"),
    (negative, "a size below zero"),
    (zeros_after(tarfile.TarInfo("zeros")), "10 GB of zeros"),
    (long_extension(tarfile.GNUTYPE_LONGNAME), "a name of 10 GB"),
    (long_extension(tarfile.GNUTYPE_LONGLINK), "a link of 10 GB"),
    (long_extension(tarfile.XHDTYPE), "extended headers of 10 GB"),
    (long_extension(tarfile.XGLTYPE), "global headers of 10 GB"),
    (with_pax(size=str(10 * 2**30)), "extended headers that say 10 GB"),
    (with_pax(size="-5"), "extended headers that say less than nothing"),
    (with_pax(path="../evil"), "extended headers with another name"),
    (with_pax(**{"GNU.sparse.size": str(2**40), "GNU.sparse.map": "0,1"}), "sparse by headers"),
    (with_pax(**{"GNU.sparse.map": "x,y", "GNU.sparse.size": "9"}), "no numbers in headers"),
    (with_pax(**{"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}), "sparse in the data"),
    (many(tarfile.REGTYPE), "a million files"),
    (many(tarfile.DIRTYPE), "a million folders"),
    (lambda: gz(b"".join(member(f"f{n}")[0].tobuf() for n in range(1100))), "1,100 files"),
    (lambda: HONEST[: len(HONEST) // 2], "cut in half"),
    (lambda: HONEST[:-12], "cut just before the end"),
    (lambda: HONEST[:-8] + bytes(4) + HONEST[-4:], "another checksum at the end"),
    (lambda: HONEST + ZEROS * 160, "10 GB of zeros after the end"),
    (lambda: gz(tar_of(MEMBERS)[:700]), "the tar within is cut"),
    (lambda: tar_of(MEMBERS), "not compressed"),
    (lambda: b"", "nothing"),
    (lambda: gz(b""), "nothing, compressed"),
    (lambda: gz(b"hello" * 1000), "no tar"),
    (lambda: b"\x1f\x8b", "the start of gzip"),
    (lambda: HONEST[:200] + bytes(200) + HONEST[400:], "damaged"),
    (lambda: b"PK\x03\x04" + bytes(100), "a zip"),
    (lambda: b"\x80\x04\x95cos\nsystem\n(S'touch evil'\ntR.", "a pickle"),
    (lambda: ZEROS * 160, "10 GB of nothing"),
]


@pytest.mark.parametrize(("make", "why"), HOSTILE, ids=[why for _, why in HOSTILE])
def test_a_hostile_archive_is_refused_and_writes_nothing(
    make: Callable[[], bytes], why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    monkeypatch.chdir(inside)
    (inside / "model.tar.gz").write_bytes(make())
    start = time.process_time()

    with pytest.raises(ArtifactError):
        load_scorer(inside / "model.tar.gz")

    # Unpacking 10 GB would take half a minute; this is no measurement.
    assert time.process_time() - start < 5, why
    there = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*"))
    assert there == ["a", "a/b", "a/b/model.tar.gz"]
