import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from builders import make_accounts, make_dated_tree, make_parts, make_tree, write_tree

from serving.scoring import (
    ArtifactCorrupt,
    ArtifactError,
    Scorer,
    UnsupportedFormat,
    load_scorer,
)
from serving.scoring.artifact import (
    GOLDEN,
    TABLES,
    build_manifest,
    pack_artifact,
    read_artifact,
    read_files,
    write_artifact,
)
from serving.scoring.manifest import FORMAT_VERSION, MANIFEST
from serving.scoring.scorecard import scorecard_from_dict

PARTS = make_parts()
PARTS_VERSION = hashlib.sha256(PARTS.manifest_bytes).hexdigest()[:32]
#: Positional meaning must come from here, so it is not the alphabet's.
WIRE_ORDER = ("size", "rate", "region", "age", "price", "bots")


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


@pytest.mark.parametrize(
    "tree",
    [make_tree(), make_dated_tree(), make_tree(peer_dimensions=[])],
    ids=["numbers and a category", "a date", "no peers"],
)
def test_what_is_written_is_read(tree: dict[str, Any], tmp_path: Path) -> None:
    parts = make_parts(tree)
    write_artifact(tmp_path / "model", parts.files, parts.manifest_bytes)

    artifact = read_artifact(tmp_path / "model")

    assert artifact.tables.to_npz() == parts.files[TABLES]
    assert artifact.golden == parts.golden
    assert artifact.manifest == parts.manifest
    assert artifact.scorecard.tree == tree
    assert tree_of(tmp_path / "model") == parts.all_files


@pytest.mark.parametrize("packed", [False, True], ids=["directory", "model.tar.gz"])
def test_a_scorer_read_back_scores_bit_for_bit_as_before(packed: bool, folder: Path) -> None:
    before = Scorer(read_artifact(folder))
    path = folder
    if packed:
        path = folder.with_name("model.tar.gz")
        path.write_bytes(pack_artifact(folder))

    after = load_scorer(path)

    assert scores_of(after) == scores_of(before)
    assert after.artifact.version == before.artifact.version


def test_the_version_names_the_content(folder: Path, tmp_path: Path) -> None:
    other = make_parts(seed=1).write(tmp_path / "other")
    copied = shutil.copytree(folder, tmp_path / "copy")

    versions = [read_artifact(path).version for path in (folder, copied, other)]

    assert versions[0] == versions[1] != versions[2]
    assert len(versions[0]) == 32


def test_a_manifest_says_what_there_is() -> None:
    card = scorecard_from_dict(make_tree())

    manifest = json.loads(build_manifest(card, PARTS.files, {"seed": 5}))

    assert manifest["format"] == "scorecard-artifact"
    assert manifest["format_version"] == FORMAT_VERSION
    assert list(manifest["files"]) == sorted(PARTS.files)
    assert manifest["scorecard"] == make_tree()
    assert [column["name"] for column in manifest["inputs"]] == sorted(WIRE_ORDER)
    assert manifest["outputs"] == [*card.score_names, "last_modified"]
    assert manifest["training"] == {"seed": 5}


def test_read_files_gives_those_for_people_too(folder: Path) -> None:
    assert read_files(folder) == PARTS.files


@pytest.mark.parametrize("name", sorted(PARTS.files))
def test_read_files_checks_every_file(name: str, folder: Path) -> None:
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))

    with pytest.raises(ArtifactCorrupt, match="was altered"):
        read_files(folder)


def test_the_stored_order_of_the_inputs_is_their_order_on_the_wire(tmp_path: Path) -> None:
    folder = make_parts(order=WIRE_ORDER).write(tmp_path / "model")

    scorer = load_scorer(folder)

    assert tuple(column.name for column in scorer.inputs) == WIRE_ORDER
    alphabetical = load_scorer(PARTS.write(tmp_path / "abc"))
    accounts = make_accounts(alphabetical)
    moved = accounts[:, [sorted(WIRE_ORDER).index(name) for name in WIRE_ORDER]]
    assert scorer.score(moved).values.tobytes() == alphabetical.score(accounts).values.tobytes()


@pytest.mark.parametrize("name", [MANIFEST, TABLES, GOLDEN])
def test_no_flipped_byte_goes_unnoticed(name: str, folder: Path) -> None:
    honest = (folder / name).read_bytes()
    before = scores_of(load_scorer(folder))
    # A step that is a prime, so that all kinds of places are hit.
    for offset in [*range(0, len(honest), 211 if name == MANIFEST else 1009), len(honest) - 1]:
        (folder / name).write_bytes(
            honest[:offset] + bytes([honest[offset] ^ 0x01]) + honest[offset + 1 :]
        )

        try:
            scorer = load_scorer(folder)
        except ArtifactError:
            continue
        # The manifest has no checksum of its own: a weight or a name may become another one.
        assert name == MANIFEST, offset
        assert scorer.artifact.version != PARTS_VERSION
        assert scores_of(scorer) == before


@pytest.mark.parametrize("name", [MANIFEST, TABLES, GOLDEN])
@pytest.mark.parametrize("change", ["cut", "grown", "empty"])
def test_a_file_of_another_length_is_refused(name: str, change: str, folder: Path) -> None:
    data = (folder / name).read_bytes()
    (folder / name).write_bytes({"cut": data[:-2], "grown": data + b"x", "empty": b""}[change])

    with pytest.raises(ArtifactCorrupt, match=name):
        load_scorer(folder)


@pytest.mark.parametrize("name", [MANIFEST, TABLES, GOLDEN])
def test_a_missing_file_is_named(name: str, folder: Path) -> None:
    (folder / name).unlink()

    with pytest.raises(ArtifactCorrupt, match=f"{name} is missing in"):
        load_scorer(folder)


def test_files_for_people_need_not_be_there_to_score(folder: Path) -> None:
    (folder / "plots" / "calibration.svg").unlink()

    load_scorer(folder)


@pytest.mark.parametrize("name", ["extra.txt", "plots/extra.svg", "a/b/c/deep.pkl", ".hidden"])
def test_a_file_that_is_not_listed_is_refused(name: str, folder: Path) -> None:
    write_tree(folder, {name: b"x"})

    with pytest.raises(ArtifactCorrupt, match="does not list") as caught:
        load_scorer(folder)

    assert name in str(caught.value)


def test_many_unlisted_files_make_a_short_message(folder: Path) -> None:
    write_tree(folder, {f"extra-{number:03}": b"" for number in range(300)})

    with pytest.raises(ArtifactCorrupt, match="does not list") as caught:
        load_scorer(folder)

    assert len(str(caught.value)) < 500


def test_an_artifact_of_another_format_version_is_refused_naming_both(tmp_path: Path) -> None:
    folder = PARTS.with_manifest(format_version=4).write(tmp_path / "model")

    with pytest.raises(UnsupportedFormat, match=r"artifact format 4; this program reads 1, 2, 3"):
        load_scorer(folder)
