"""Pickles in every dress, in the place of every file of an artifact.

Written by hand, byte by byte: nothing here needs `pickle` itself.
"""

import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from serving.scoring.artifact import GOLDEN, TABLES
from serving.scoring.manifest import MANIFEST
from tests.scoring.builders import Parts, make_parts

PARTS = make_parts()

#: Makes a payload that leaves a file at the path, if anybody loads it.
Payload = Callable[[Path], bytes]


def calling(function: str, text: str, *, protocol: int = 0) -> Payload:
    """A pickle that calls `function` with a text, in which PATH is the path."""
    module, _, name = function.rpartition(".")
    start = bytes([0x80, protocol]) if protocol >= 2 else b""

    def make(path: Path) -> bytes:
        argument = text.replace("PATH", str(path))
        return start + f"c{module}\n{name}\n(V{argument}\ntR.".encode()

    return make


def framed(path: Path) -> bytes:
    """Protocol 4: a frame, short texts, a memo."""
    code = f"open({str(path)!r}, 'w')".encode()
    body = b"\x8c\x08builtins\x94\x8c\x04exec\x94\x93\x94\x8c" + bytes([len(code)]) + code
    body += b"\x94\x85\x94R\x94."
    return b"\x80\x04\x95" + len(body).to_bytes(8, "little") + body


WRITE = "open('PATH', 'w')"
EXEC = calling("builtins.exec", WRITE)

#: These run wherever Python is.
RUNNING: dict[str, Payload] = {
    "protocol 0": EXEC,
    "protocol 2": calling("builtins.exec", WRITE, protocol=2),
    "protocol 3": calling("builtins.eval", WRITE, protocol=3),
    "protocol 4": framed,
    "protocol 5": lambda path: b"\x80\x05" + framed(path)[2:],
    "a shell": calling("os.system", "touch PATH"),
    "a shell by another name": calling("posix.system", "touch PATH"),
    "a program": calling("subprocess.getoutput", "touch PATH"),
    "a program's output": calling("os.popen", "touch PATH"),
    "a profiler": calling("cProfile.run", WRITE),
    "a file made": calling("os.mkdir", "PATH"),
}


def wrapped(wrap: Callable[[bytes], bytes], payload: Payload = EXEC) -> Payload:
    return lambda path: wrap(payload(path))


def zip_of(name: str, compression: int = zipfile.ZIP_STORED) -> Callable[[bytes], bytes]:
    def wrap(data: bytes) -> bytes:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", compression) as packed:
            packed.writestr(name, data)
        return stream.getvalue()

    return wrap


def tar_of(data: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as packed:
        info = tarfile.TarInfo(MANIFEST)
        info.size = len(data)
        packed.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def npy(header: str, version: int = 1) -> Callable[[bytes], bytes]:
    """An array whose data are the payload."""
    width = 2 if version == 1 else 4
    text = header.ljust(117) + "\n"

    def wrap(data: bytes) -> bytes:
        length = len(text).to_bytes(width, "little")
        return b"\x93NUMPY" + bytes([version, 0]) + length + text.encode() + data

    return wrap


OBJECTS = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
RECORDS = "{'descr': [('a', '<f8'), ('b', '|O')], 'fortran_order': False, 'shape': (1,), }"
CODE = "{'descr': exec('PATH'), 'fortran_order': False, 'shape': (1,), }"


def array_file(header: str, version: int = 1, name: str = "effective_peers.npy") -> Payload:
    return wrapped(lambda data: zip_of(name)(npy(header, version)(data)))


def header_that_writes(path: Path) -> bytes:
    text = CODE.replace("exec('PATH')", f"open({str(path)!r}, 'w')")
    return zip_of("effective_peers.npy")(npy(text)(bytes(8)))


class _Bomb:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.touch, (self.path,))


def by_numpy(path: Path) -> bytes:
    """What `numpy.savez` itself writes."""
    stream = io.BytesIO()
    bombs = np.array([_Bomb(path)] * 5, dtype=object)
    np.savez(stream, allow_pickle=True, **{"metrics/bots/values": bombs})
    return stream.getvalue()


def by_numpy_alone(path: Path) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.array([_Bomb(path)], dtype=object), allow_pickle=True)
    return stream.getvalue()


def bomb(path: Path) -> bytes:
    """256 MB of objects in 256 kB, and the payload."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("effective_peers.npy", npy(OBJECTS)(EXEC(path)))
        with packed.open("more.npy", "w", force_zip64=True) as file:
            for _ in range(16):
                file.write(bytes(2**24))
    return stream.getvalue()


JOBLIB = b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81"

#: (place, payload, what it is)
PAYLOADS: list[tuple[str, Payload, str]] = [
    *((TABLES, payload, f"tables: {what}") for what, payload in RUNNING.items()),
    (TABLES, by_numpy, "tables: objects, as numpy writes them"),
    (TABLES, by_numpy_alone, "tables: one array of objects"),
    (TABLES, array_file(OBJECTS), "tables: an array of objects"),
    (TABLES, array_file(OBJECTS, 2), "tables: an array of objects, format 2"),
    (TABLES, array_file(OBJECTS, 3), "tables: an array of objects, format 3"),
    (TABLES, array_file(RECORDS), "tables: objects among records"),
    (TABLES, wrapped(zip_of("effective_peers.npy")), "tables: a pickle called an array"),
    (TABLES, wrapped(zip_of("effective_peers")), "tables: a pickle without a suffix"),
    (TABLES, wrapped(zip_of("archive/data.pkl")), "tables: as torch writes them"),
    (TABLES, header_that_writes, "tables: a header that is a program"),
    (TABLES, bomb, "tables: 256 MB of objects"),
    (TABLES, wrapped(zlib.compress), "tables: as joblib compresses"),
    (TABLES, wrapped(gzip.compress), "tables: as pandas compresses"),
    (TABLES, wrapped(lzma.compress), "tables: compressed by xz"),
    (TABLES, wrapped(lambda data: JOBLIB + data), "tables: joblib's wrapper"),
    (TABLES, calling("joblib.load", "PATH"), "tables: joblib, asked to load another"),
    (TABLES, calling("dill._dill._load_type", "CodeType"), "tables: dill's function"),
    (TABLES, calling("cloudpickle.cloudpickle._builtin_type", "Code"), "tables: cloudpickle's"),
    (GOLDEN, EXEC, "golden rows"),
    (GOLDEN, framed, "golden rows: protocol 4"),
    (GOLDEN, by_numpy_alone, "golden rows: an array of objects"),
    (
        GOLDEN,
        lambda path: b'{"py/reduce": [{"py/type": "os.mkdir"}, "%s"]}' % bytes(path),
        "golden rows: jsonpickle",
    ),
    (MANIFEST, EXEC, "manifest"),
    (MANIFEST, framed, "manifest: protocol 4"),
    (
        MANIFEST,
        lambda path: b"!!python/object/apply:os.mkdir ['%s']" % bytes(path),
        "manifest: YAML",
    ),
    ("model.tar.gz", EXEC, "the archive"),
    ("model.tar.gz", wrapped(gzip.compress), "the archive: a compressed pickle"),
    ("model.tar.gz", wrapped(tar_of), "the archive: a pickle as manifest"),
    ("model.tar.gz", by_numpy, "the archive: arrays of objects"),
]

#: What data scientists may look at, and the scorer never opens.
FOR_PEOPLE = ["boosters/bots.json", "boosters/bots.pkl", "boosters/model.joblib", "plots/a.png"]


def write_payload(folder: Path, place: str, data: bytes) -> Path:
    """Write an artifact that is honest but for one file, checksums and all; give its path."""
    folder.mkdir(parents=True)
    if place == "model.tar.gz":
        (folder / place).write_bytes(data)
        return folder / place
    if place != MANIFEST:
        return PARTS.with_file(place, data).write(folder)
    PARTS.write(folder)
    (folder / MANIFEST).write_bytes(data)
    return folder


def parts_for_people(name: str, path: Path) -> Parts:
    return PARTS.with_file(name, framed(path))
