"""Archives that nobody should open: what would be refused, each with what it tries."""

import bz2
import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from typing import Any

from archive_builders import HONEST, MEMBERS, PARTS, WITHOUT_END, ZEROS, gz, member, tar_of

from serving.scoring.artifact import GOLDEN, TABLES
from serving.scoring.manifest import MANIFEST, to_json

Make = Callable[[], bytes]
Member = tuple[tarfile.TarInfo, bytes]

WITHOUT_GOLDEN = [entry for entry in MEMBERS if entry[0].name != GOLDEN]
END = bytes(1024)


def with_more(*more: Member) -> Make:
    return lambda: gz(tar_of([*MEMBERS, *more], tarfile.GNU_FORMAT))


def instead_of_golden(*data: bytes, **changes: Any) -> Make:
    golden = member(GOLDEN, *data, **changes)
    return lambda: gz(tar_of([*WITHOUT_GOLDEN, golden], tarfile.GNU_FORMAT))


def block(name: str, data: bytes = b"", places: dict[int, bytes] | None = None, **changes: Any):
    """A header with bytes put in at places and a right sum, then its data."""
    info, _ = member(name, data, **changes)
    header = bytearray(info.tobuf(tarfile.USTAR_FORMAT))
    for place, new in (places or {}).items():
        header[place : place + len(new)] = new
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + data + bytes(-len(data) % 512)


def raw(*blocks: bytes, end: bytes = END) -> Make:
    return lambda: gz(WITHOUT_END + b"".join(blocks) + end)


def of_kind(kind: bytes, data: bytes = b"", name: str = "more") -> Make:
    return raw(block(name, data, {156: kind}))


def sized(field: bytes) -> Make:
    """A file whose size is written like this."""
    return raw(block("more", b"x", {124: field}))


def zeros_after(kind: bytes) -> Make:
    """An entry that claims 8 GB, and has 10 GB: 10 MB of gzip."""
    header = block("zeros", b"", {156: kind, 124: b"77777777777\0"})
    return lambda: gz(WITHOUT_END + header) + ZEROS * 160


def extended(*records: bytes, kind: bytes = b"x", before: bytes = b"") -> Make:
    """An extended header with these records, and a file for it."""
    return raw(before, block("pax", b"".join(records), {156: kind}), block("more", b"x" * 600))


def record(keyword: str, value: str) -> bytes:
    rest = f" {keyword}={value}\n".encode()
    length = len(rest) + 2 + (len(rest) > 97)
    return b"%d" % length + rest


def renamed_to_golden() -> bytes:
    """Golden rows that only an extended header calls so."""
    renaming = block("pax", record("path", GOLDEN), {156: b"x"})
    rest = b"".join(block(info.name, data) for info, data in WITHOUT_GOLDEN)
    return gz(rest + renaming + block("more", b"[]") + END)


def sparse(more: int) -> Make:
    """An old GNU sparse file, whose map goes on for `more` blocks."""
    first = block("more", b"", {156: b"S", 386: b"%011o\0%011o\0" % (0, 0), 482: b"\1"})
    rest = (b"%011o\0%011o\0" % (1, 1)) * 21 + b"\1" + bytes(7)
    return lambda: gz(WITHOUT_END + first) + gz(rest * 10_000) * (more // 10_000)


def chained(kind: bytes, data: bytes) -> Make:
    """Headers before headers, 3,000 deep."""
    return lambda: gz(WITHOUT_END + block("more", data, {156: kind}) * 3000 + END)


def many(kind: bytes, count: int = 1_000_000) -> Make:
    """One header over and over."""
    return lambda: gz(block("more", b"", {156: kind}) * 10_000) * (count // 10_000)


def repacked(**files: bytes) -> Make:
    """Honest in form; the manifest does not fit the files."""
    named = {name.replace("_json", ".json"): data for name, data in files.items()}
    entries = PARTS.all_files | named
    return lambda: gz(tar_of([member(name, data) for name, data in entries.items()]))


def listing(name: str) -> Make:
    """A manifest that lists an evil name as if it were ours, and the file."""
    tree = json.loads(PARTS.manifest_bytes)
    tree["files"][name] = tree["files"][GOLDEN]
    files = PARTS.files | {name: PARTS.files[GOLDEN], MANIFEST: to_json(tree)}
    return lambda: gz(tar_of([member(*entry) for entry in files.items()]))


def zipped() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        for name, data in PARTS.all_files.items():
            packed.writestr(name, data)
    return stream.getvalue()


#: Words of the refusal → what is refused with them, and what it tries.
HOSTILE: dict[str, list[tuple[Make, str]]] = {
    "its manifest does not list": [
        (with_more(member("../evil", b"x")), "above"),
        (with_more(member("a/../../evil", b"x")), "above, later"),
        (with_more(member("/evil", b"x")), "absolute"),
        (with_more(member("..\\evil", b"x")), "another system's above"),
        (with_more(member("C:\\evil", b"x")), "another system's absolute"),
        (with_more(member("~/.profile", b"x")), "somebody's home"),
        (with_more(member(".bashrc", b"x")), "a hidden file"),
        (with_more(member("golden.json/", b"x", type=b"0")), "a file that calls itself a folder"),
        (with_more(member("GOLDEN.JSON", b"x")), "the same name where case is no matter"),
        (with_more(member("g\u2024json", b"x")), "a dot of another kind"),
        (with_more(member("golden.json\u200b", b"x")), "a space that cannot be seen"),
        (with_more(member("nosj\u202e.nedlog", b"x")), "text that runs backwards"),
        (with_more(member("golden.json\n2", b"x")), "a name with a line break"),
        (with_more(member("\x1b[2Jgolden.json", b"x")), "a name that clears the screen"),
        (with_more(member("a/" * 45 + "evil", b"x")), "deep folders"),
        (with_more(member("code/inference.py", b"evil()")), "a program SageMaker would run"),
        (with_more(member("sitecustomize.py", b"evil()")), "a program Python would run"),
        (raw(block("", b"x", {0: b"\xc0\xae\xc0\xae/evil"})), "dots in overlong UTF-8"),
        (raw(block("evil", b"x", {345: b".."})), "above, in the first part of a name"),
        (raw(block("", b"x")), "no name"),
    ],
    " twice": [
        (with_more(MEMBERS[0]), "a manifest twice: which one was checked?"),
        (with_more(member(TABLES, b"x")), "tables twice"),
        (with_more(member("./golden.json", b"x")), "another name of a file that is there"),
        (raw(block("golden.json", b"x", {345: b"."})), "another name, in two parts"),
        (many(b"0"), "a million files of one name"),
        (raw(block("golden.json", b"x", {11: b"\0../evil"})), "a name that goes on after its end"),
    ],
    "is not a plain file": [
        (of_kind(b"2", name="golden2.json"), "a link"),
        (with_more(member("a", type=tarfile.SYMTYPE, linkname="/etc/passwd")), "a link out"),
        (
            with_more(member("d", type=tarfile.SYMTYPE, linkname="/var"), member("d/evil", b"x")),
            "a link, and a file behind it",
        ),
        (instead_of_golden(type=tarfile.SYMTYPE, linkname="/etc/passwd"), "a link as a file"),
        (instead_of_golden(type=tarfile.SYMTYPE, linkname=TABLES), "a link within"),
        (instead_of_golden(type=tarfile.SYMTYPE, linkname=GOLDEN), "a link to itself"),
        (instead_of_golden(type=tarfile.LNKTYPE, linkname=TABLES), "a hard link"),
        (instead_of_golden(type=tarfile.LNKTYPE, linkname="../evil"), "a hard link out"),
        (instead_of_golden(type=tarfile.FIFOTYPE), "a pipe"),
        (instead_of_golden(type=tarfile.CHRTYPE, devmajor=1, devminor=5), "a device"),
        (instead_of_golden(type=tarfile.BLKTYPE), "a disk"),
        (instead_of_golden(type=tarfile.CONTTYPE), "an odd kind of file"),
        (of_kind(b"Z"), "an unknown kind of file"),
        (of_kind(b"D", b"Ygolden.json\0\0"), "GNU's list of a folder"),
        (of_kind(b"M", b"x"), "the rest of a file of another volume"),
        (of_kind(b"V"), "a volume's name"),
        (of_kind(b"N", b"Rename more to ../evil\n"), "GNU's old renaming"),
        (of_kind(b"X", record("path", "../evil")), "Sun's extended header"),
        (of_kind(b"L", b"../evil\0"), "GNU's long name"),
        (of_kind(b"K", b"../evil\0"), "GNU's long link"),
        (of_kind(b"5", b"x" * 600), "a folder with bytes in it"),
        (chained(b"L", b"abc\0"), "3,000 long names before each other"),
        (sparse(1_000_000), "a sparse file whose map fills the memory"),
        (zeros_after(b"L"), "a name of 8 GB"),
        (zeros_after(b"K"), "a link of 8 GB"),
    ],
    "an extended header says": [
        (extended(record("path", "../evil")), "another name"),
        (renamed_to_golden, "another name, one of ours"),
        (extended(record("path", "../evil"), kind=b"g"), "another name, for all that follow"),
        (extended(record("linkpath", "/etc/passwd")), "a link"),
        (extended(record("size", str(10 * 2**30))), "10 GB"),
        (extended(record("size", "-5")), "less than nothing"),
        (extended(record("size", "0")), "nothing, so that data are read as headers"),
        (extended(record("hdrcharset", "BINARY")), "names are any bytes"),
        (extended(record("GNU.sparse.map", "0,1")), "a sparse map"),
        (extended(record("GNU.sparse.major", "1")), "a sparse map within the data"),
        (extended(record("GNU.sparse.name", "../evil")), "another name for a sparse file"),
        (extended(record("SCHILY.realsize", str(2**40))), "another size, star's way"),
        (extended(record("mtime", "1"), record("path", "a")), "another name, as the second"),
    ],
    "an extended header cannot be read": [
        (extended(b"0 path=../evil\n"), "a record of no length, for ever"),
        (extended(b"99 mtime=1\n"), "a record longer than all"),
        (extended(b"-9 mtime=1\n"), "a record of less than nothing"),
        (extended(b"11 mtime=15"), "a record without an end"),
        (extended(b"8 mtime\n"), "a record without a value"),
        (extended(b"\xd9\xa1\xd9\xa1 mtime=1\n"), "Arabic numbers"),
        (chained(b"x", b"1"), "3,000 extended headers before each other"),
    ],
    "an extended header is too large": [
        (extended(b"1" * 2**20), "a number of a million digits, to be looked through for hours"),
        (zeros_after(b"x"), "8 GB"),
        (zeros_after(b"g"), "8 GB, for all that follow"),
    ],
    "a header's number cannot be read": [
        (sized(b"\xff" * 10 + b"\xfe\x00"), "less than nothing, in binary"),
        (sized(b"\x80" + bytes(3) + b"\x7f" + b"\xff" * 7), "2**63, in binary"),
        (sized(b"-0000000001\0"), "less than nothing"),
        (sized(b"0000000_001\0"), "a number as Python writes it"),
        (sized(b"0x000000001\0"), "a number in another notation"),
        (sized(bytes(12)), "no number"),
    ],
    "unpacks to more than": [(zeros_after(b"0"), "a file of 8 GB")],
    "it holds more than": [
        (many(b"5"), "a million folders"),
        (many(b"g"), "a million extended headers"),
        (lambda: gz(b"".join(block(f"f{n}") for n in range(1100))), "1,100 files"),
    ],
    "goes on after its end": [
        (lambda: HONEST + ZEROS * 160, "10 GB of zeros"),
        (lambda: ZEROS * 160, "10 GB of nothing"),
        (lambda: gz(tar_of(MEMBERS)) * 2, "a second archive, compressed on its own"),
        (lambda: gz(tar_of(MEMBERS) + WITHOUT_END + END), "a second archive"),
        (raw(end=END + b"evil"), "some bytes"),
    ],
    "a header was altered": [
        (raw(block("more", b"x")[:100] + b"1" + block("more", b"x")[101:]), "another mode"),
    ],
    "no tar that can be read": [
        (raw(block("more", b"x", {257: b"\0" * 8})), "older than POSIX"),
        (lambda: gz(b"hello" * 1000), "no tar"),
        (lambda: gz(HONEST), "compressed twice"),
    ],
    "it ends too early": [
        (lambda: gz(tar_of(MEMBERS)[:700]), "the tar within is cut"),
        (raw(end=b""), "no mark of the end"),
        (lambda: gz(b""), "nothing, compressed"),
    ],
    "is not a model.tar.gz": [
        (lambda: HONEST[: len(HONEST) // 2], "cut in half"),
        (lambda: HONEST[:-12], "cut just before the end"),
        (lambda: HONEST[:-8] + bytes(4) + HONEST[-4:], "another checksum at the end"),
        (lambda: HONEST[:-4] + bytes(4), "another length at the end"),
        (lambda: HONEST[:200] + bytes(200) + HONEST[400:], "damaged"),
        (lambda: HONEST + b"evil", "bytes behind gzip's end"),
        (lambda: HONEST[:2] + b"\x07" + HONEST[3:], "an unknown compression"),
        (lambda: tar_of(MEMBERS), "not compressed"),
        (lambda: bz2.compress(tar_of(MEMBERS)), "compressed by bzip2"),
        (lambda: lzma.compress(tar_of(MEMBERS)), "compressed by xz"),
        (zipped, "a zip"),
        (lambda: b"\x1f\x8b", "the start of gzip"),
        (lambda: b"\x80\x04\x95cos\nsystem\n(S'touch evil'\ntR.", "a pickle"),
    ],
    "is missing in": [
        (instead_of_golden(type=tarfile.DIRTYPE), "a folder in a file's place"),
        (lambda: gz(tar_of([member("model.tar.gz", HONEST)])), "an archive in an archive"),
        (lambda: gz(END), "no files"),
    ],
    "is larger than the manifest says": [
        (instead_of_golden(PARTS.files[GOLDEN] + b" "), "a byte more"),
        (repacked(manifest_json=b" " * 5 * 2**20), "a manifest larger than any"),
    ],
    "has .* bytes; the manifest says": [(instead_of_golden(b"[]"), "other golden rows")],
    "was altered": [(repacked(golden_json=PARTS.files[GOLDEN].upper()), "as long, but other rows")],
    "files must list plain names": [
        (listing("../evil"), "a manifest that lists what lies above"),
        (listing("/etc/cron.d/evil"), "a manifest that lists an absolute path"),
        (listing(MANIFEST), "a manifest that lists itself"),
    ],
}
