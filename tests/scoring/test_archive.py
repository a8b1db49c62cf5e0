import io
import tarfile
from pathlib import Path

import pytest
from archive_builders import HONEST, MEMBERS, PARTS, gz, member, tar_of
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.scoring import ArtifactCorrupt, ArtifactError, load_scorer
from serving.scoring.archive import open_files, pack
from serving.scoring.artifact import GOLDEN, TABLES, pack_artifact, read_files
from serving.scoring.manifest import MANIFEST


def test_the_same_artifact_makes_the_same_archive(tmp_path: Path) -> None:
    first, second = PARTS.write(tmp_path / "a"), PARTS.write(tmp_path / "b" / "deeper")
    for path in second.rglob("*"):
        path.chmod(0o700)

    assert pack_artifact(first) == pack_artifact(second) == HONEST


def test_an_archive_says_nothing_of_where_and_when_it_was_made() -> None:
    with tarfile.open(fileobj=io.BytesIO(HONEST)) as archive:
        members = archive.getmembers()

    assert [info.name for info in members] == [MANIFEST, *sorted(PARTS.files)]
    for info in members:
        assert (info.mtime, info.uid, info.gid, info.uname, info.gname) == (0, 0, 0, "", "")
        assert (info.mode, info.isreg()) == (0o644, True)
    assert HONEST[4:8] == bytes(4), "gzip has a time too"
    assert not HONEST[3] & 0b1000, "and a name"


def test_an_archive_holds_the_files_of_the_directory(tmp_path: Path) -> None:
    (tmp_path / "model.tar.gz").write_bytes(HONEST)

    assert read_files(tmp_path / "model.tar.gz") == PARTS.files


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_an_archive_made_by_tar_is_read_too(format: int, tmp_path: Path) -> None:  # noqa: A002
    path = tmp_path / "model.tar.gz"
    folder = PARTS.write(tmp_path / "model")
    with tarfile.open(path, "w:gz", format=format) as archive:
        for entry in sorted(folder.iterdir()):  # its folders are entries of their own
            archive.add(entry, entry.name)

    load_scorer(path)
    assert read_files(path) == PARTS.files


def test_an_archive_of_the_folder_itself_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "model.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(PARTS.write(tmp_path / "model"), ".")  # as `tar -C model -cz .` does

    load_scorer(path)
    assert read_files(path) == PARTS.files


def test_a_long_name_in_two_parts_is_read(tmp_path: Path) -> None:
    name = "boosters/" + "x" * 95
    parts = PARTS.with_file(name, b"{}")
    (tmp_path / "model.tar.gz").write_bytes(pack(parts.files, parts.manifest_bytes))

    assert read_files(tmp_path / "model.tar.gz")[name] == b"{}"


@pytest.mark.parametrize("name", [MANIFEST, TABLES, GOLDEN])
def test_a_file_missing_in_an_archive_is_named(name: str, tmp_path: Path) -> None:
    path = tmp_path / "model.tar.gz"
    path.write_bytes(gz(tar_of([entry for entry in MEMBERS if entry[0].name != name])))

    with pytest.raises(ArtifactCorrupt, match=f"{name} is missing in"):
        load_scorer(path)


def test_an_unlisted_file_in_an_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.tar.gz"
    path.write_bytes(gz(tar_of([*MEMBERS, member("code/inference.py", b"evil()")])))

    with pytest.raises(ArtifactCorrupt, match=r"does not list: \['code/inference\.py'\]"):
        load_scorer(path)


def test_an_archive_replaced_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.tar.gz"
    path.write_bytes(HONEST)
    source = open_files(path)
    path.write_bytes(gz(b"something else"))

    with pytest.raises(ArtifactError):
        source.read(TABLES, 10**6)


def test_a_strange_name_is_shown_escaped_and_in_part(tmp_path: Path) -> None:
    path = tmp_path / "model.tar.gz"
    name = "x\x1b[2J\n" * 30
    path.write_bytes(
        gz(tar_of([*MEMBERS, member(name, type=tarfile.FIFOTYPE)], tarfile.GNU_FORMAT))
    )

    with pytest.raises(ArtifactError) as caught:
        load_scorer(path)

    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400 + len(str(path))


PLAIN_TAR = tar_of(MEMBERS, tarfile.PAX_FORMAT)
HEADERS = [
    place for place in range(0, len(PLAIN_TAR), 512) if PLAIN_TAR[place + 257 :][:5] == b"ustar"
]


@settings(max_examples=300, deadline=None)
@given(
    header=st.sampled_from(HEADERS),
    place=st.integers(0, 511),
    new=st.binary(min_size=1, max_size=12),
    mend=st.booleans(),
)
def test_whatever_a_tars_header_says_only_an_artifact_error_comes_out(
    header: int, place: int, new: bytes, mend: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    data = bytearray(PLAIN_TAR)
    end = min(place + len(new), 512)
    data[header + place : header + end] = new[: end - place]
    if mend:  # the checksum, so that the change counts
        data[header + 148 : header + 156] = b" " * 8
        total = sum(data[header : header + 512])
        data[header + 148 : header + 156] = b"%06o\0 " % total
    path = tmp_path_factory.getbasetemp() / "mutant.tar.gz"
    path.write_bytes(gz(bytes(data)))

    try:
        load_scorer(path)
    except ArtifactError:
        return


@settings(max_examples=150, deadline=None)
@given(place=st.integers(0, len(HONEST) - 1), flip=st.integers(1, 255))
def test_whatever_gzips_bytes_are_only_an_artifact_error_comes_out(
    place: int, flip: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    data = bytearray(HONEST)
    data[place] ^= flip
    path = tmp_path_factory.getbasetemp() / "flipped.tar.gz"
    path.write_bytes(bytes(data))

    try:
        scorer = load_scorer(path)
    except ArtifactError:
        return
    # A byte of gzip's header says nothing about what it holds.
    assert scorer.artifact.manifest == PARTS.manifest
