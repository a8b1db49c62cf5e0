import os
import shutil
from pathlib import Path

import pytest
from builders import make_parts

from serving.scoring import (
    ArtifactCorrupt,
    ArtifactError,
    load_scorer,
)
from serving.scoring.artifact import (
    TABLES,
    read_files,
)
from serving.scoring.manifest import MANIFEST

PARTS = make_parts()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return PARTS.write(tmp_path / "model")


def test_a_path_where_nothing_is_makes_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError) as caught:
        load_scorer(tmp_path / "nowhere")

    assert str(caught.value) == f"there is no artifact at {tmp_path / 'nowhere'}"


@pytest.mark.parametrize(
    ("name", "why"), [("x" * 300, "too long a name"), ("a\0b", "no name"), ("", "the folder")]
)
def test_a_path_that_cannot_be_one_is_an_artifact_error(
    name: str, why: str, tmp_path: Path
) -> None:
    with pytest.raises(ArtifactError) as caught:
        load_scorer(f"{tmp_path}/{name}")

    assert str(tmp_path) in str(caught.value), why


def test_a_folder_that_is_no_artifact_is_said_to_lack_its_manifest(tmp_path: Path) -> None:
    with pytest.raises(ArtifactCorrupt, match=r"manifest\.json is missing in"):
        load_scorer(tmp_path)


@pytest.mark.parametrize("name", [MANIFEST, TABLES])
def test_a_symbolic_link_is_not_followed(name: str, folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (folder / name).rename(outside)
    (folder / name).symlink_to(outside)

    with pytest.raises(ArtifactCorrupt, match=f"{name} is not a plain file"):
        load_scorer(folder)


@pytest.mark.parametrize("listed", [True, False])
def test_a_linked_folder_is_not_followed(listed: bool, folder: Path, tmp_path: Path) -> None:
    (folder / "plots").rename(tmp_path / "plots")
    (folder / ("plots" if listed else "more")).symlink_to(tmp_path / "plots")

    with pytest.raises(ArtifactCorrupt):
        read_files(folder)
    with pytest.raises(ArtifactCorrupt, match="does not list"):
        load_scorer(folder)


def test_a_link_to_an_artifact_is_one(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to(folder)

    load_scorer(tmp_path / "current")


@pytest.mark.parametrize("name", [MANIFEST, TABLES])
def test_a_pipe_is_refused_without_waiting_for_it(name: str, folder: Path) -> None:
    (folder / name).unlink()
    os.mkfifo(folder / name)

    with pytest.raises(ArtifactCorrupt, match=f"{name} is not a plain file"):
        load_scorer(folder)


def test_a_folder_in_a_files_place_is_refused(folder: Path) -> None:
    (folder / TABLES).unlink()
    (folder / TABLES).mkdir()

    with pytest.raises(ArtifactCorrupt, match="is not a plain file"):
        load_scorer(folder)


def test_a_file_in_a_folders_place_is_refused(folder: Path) -> None:
    shutil.rmtree(folder / "plots")
    (folder / "plots").write_bytes(b"")

    with pytest.raises(ArtifactError):
        read_files(folder)
