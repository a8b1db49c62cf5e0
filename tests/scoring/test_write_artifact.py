import errno
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from builders import Parts, make_accounts, make_parts, write_tree

from serving.scoring import (
    ArtifactError,
    Scorer,
    load_scorer,
)
from serving.scoring.artifact import (
    read_artifact,
    write_artifact,
)
from serving.scoring.manifest import MANIFEST

PARTS = make_parts()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return PARTS.write(tmp_path / "model")


def scores_of(scorer: Scorer) -> bytes:
    scores = scorer.score(make_accounts(scorer, 300, seed=9))
    return scores.values.tobytes() + scores.ranks.tobytes() + scores.flags.tobytes()


def tree_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write(parts: Parts, folder: Path) -> None:
    write_artifact(folder, parts.files, parts.manifest_bytes)


NEW = make_parts(seed=3)


def test_missing_folders_are_made(tmp_path: Path) -> None:
    write(NEW, tmp_path / "a" / "b" / "model")

    load_scorer(tmp_path / "a" / "b" / "model")


def test_an_older_artifact_is_replaced_whole(folder: Path, tmp_path: Path) -> None:
    write_artifact(folder, {k: v for k, v in NEW.files.items() if "/" not in k}, b"{}")

    assert MANIFEST in tree_of(folder)
    assert not (folder / "plots").exists()
    assert names_in(tmp_path) == ["model"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()

    write(NEW, tmp_path / "model")

    assert tree_of(tmp_path / "model") == NEW.all_files


@pytest.mark.parametrize(
    ("make", "message", "why"),
    [
        (lambda path: write_tree(path, {"thesis.txt": b"years"}), "not an artifact", "a folder"),
        (lambda path: path.write_text("years"), "cannot be written", "a file"),
        (os.mkfifo, "cannot be written", "a pipe"),
        (lambda path: path.symlink_to(path), "cannot be written", "a link to itself"),
    ],
)
def test_what_is_no_artifact_is_left_alone(
    make: Callable[[Path], Any], message: str, why: str, tmp_path: Path
) -> None:
    make(tmp_path / "place")

    with pytest.raises(ArtifactError, match=message):
        write(NEW, tmp_path / "place")

    assert names_in(tmp_path) == ["place"], why
    assert (tmp_path / "place").is_symlink() or (tmp_path / "place").exists()


def test_a_place_within_a_file_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ArtifactError, match="cannot be written"):
        write(NEW, tmp_path / "file" / "model")


@pytest.mark.parametrize("older", [True, False], ids=["over an older one", "anew"])
@pytest.mark.parametrize("fails_at", range(1, len(NEW.files) + 2))
def test_a_full_disk_leaves_the_older_artifact_and_nothing_else(
    fails_at: int, older: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if older:
        PARTS.write(tmp_path / "model")
    synced = []

    def fail_later(handle: int) -> None:
        synced.append(handle)
        if len(synced) == fails_at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fail_later)

    with pytest.raises(ArtifactError, match="cannot be written: No space left on device"):
        write(NEW, tmp_path / "model")

    assert names_in(tmp_path) == (["model"] if older else [])
    if older:
        assert tree_of(tmp_path / "model") == PARTS.all_files


def test_a_swap_that_fails_leaves_the_older_artifact_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = PARTS.write(tmp_path / "model")
    rename = Path.rename

    def fail_into_place(self: Path, target: Path) -> Path:
        if Path(target) == folder and not self.name.endswith(".old"):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_into_place)

    with pytest.raises(ArtifactError, match="cannot be written"):
        write(NEW, folder)

    assert names_in(tmp_path) == ["model"]
    assert tree_of(folder) == PARTS.all_files


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="names open files by /proc")
def test_the_manifest_is_written_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    def note(handle: int) -> None:
        order.append(Path(f"/proc/self/fd/{handle}").readlink().name)

    monkeypatch.setattr(os, "fsync", note)

    write(NEW, tmp_path / "model")

    assert sorted(order) == sorted(name.split("/")[-1] for name in NEW.all_files)
    assert order[-1] == MANIFEST


def test_writing_to_a_link_replaces_what_it_points_to(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to(folder)

    write(NEW, tmp_path / "current")

    assert (tmp_path / "current").is_symlink()
    assert tree_of(folder) == NEW.all_files
    assert names_in(tmp_path) == ["current", "model"]


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/b/c", ""])
def test_a_name_that_could_not_be_read_back_is_not_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError):
        write_artifact(tmp_path / "model", {name: b"x"}, b"{}")

    assert names_in(tmp_path) == []


def test_a_reader_never_sees_half_of_an_artifact_while_it_is_replaced(folder: Path) -> None:
    whole = {scores_of(Scorer(read_artifact(folder)))}
    write(NEW, folder)
    whole.add(scores_of(Scorer(read_artifact(folder))))
    seen: list[bytes] = []
    refused: list[ArtifactError] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            try:
                seen.append(scores_of(load_scorer(folder)))
            except ArtifactError as error:
                refused.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for turn in range(60):
        write(NEW if turn % 2 else PARTS, folder)
        time.sleep(0.002)
    stop.set()
    reader.join()

    assert set(seen) <= whole
    assert seen
