"""What holds for a registry in a directory and for one in S3 alike."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from registries import (
    Registry,
    check_invariant,
    files_in,
    flip,
    pointer_of,
    version_of,
    visible,
)

from serving.registry import RegistryError, fetch_current, pull
from serving.scoring import ArtifactError, InvalidInput, load_scorer
from serving.scoring.archive import pack
from training.registry import publish
from training.registry.pointing import MAX_NOTE

SERVED = ["golden.json", "manifest.json", "peer_tables.npz"]


def test_a_fetched_version_scores_as_the_published_one(
    registry: Registry, trained: Path, tmp_path: Path
) -> None:
    publish(trained, registry.uri, client=registry.client)

    folder = fetch_current(registry.uri, tmp_path / "cache", client=registry.client)

    here, there = load_scorer(trained), load_scorer(folder)
    accounts = np.array(here.artifact.golden["inputs"], dtype=float)
    np.testing.assert_array_equal(here.score(accounts).values, there.score(accounts).values)
    assert there.artifact.version == here.artifact.version
    assert visible(folder) == SERVED


def test_everything_is_pulled(registry: Registry, trained: Path, tmp_path: Path) -> None:
    publish(trained, registry.uri, client=registry.client)

    version = pull(registry.uri, tmp_path / "pulled", client=registry.client)

    assert version == version_of(trained)
    assert files_in(tmp_path / "pulled") == files_in(trained)


def test_the_first_version_of_an_empty_registry_becomes_current(
    registry: Registry, artifact: Path
) -> None:
    noon = datetime(2026, 11, 21, 13, tzinfo=timezone(timedelta(hours=1)))

    published = publish(
        artifact, registry.uri, note="first", client=registry.client, now=lambda: noon
    )

    assert (published.is_current, published.uploaded) == (True, True)
    pointer = json.loads(registry.get("current.json"))
    assert pointer.pop("manifest_sha256").startswith(published.version)
    assert pointer.pop("change")
    assert pointer == {
        "schema": 1,
        "seq": 1,
        "version": version_of(artifact),
        "previous": None,
        "published_at": "2026-11-21T12:00:00+00:00",
        "note": "first",
        "gate": None,
        "removing": [],
        "removals": 0,
    }
    publication = json.loads(registry.get(f"versions/{published.version}/publication.json"))
    assert publication == {
        "schema": 1,
        "published_at": "2026-11-21T12:00:00+00:00",
        "note": "first",
    }
    listed = json.loads((artifact / "manifest.json").read_bytes())["files"]
    own = ["manifest.json", "model.tar.gz", "publication.json"]
    inside = {f"versions/{published.version}/{name}" for name in [*listed, *own]}
    assert registry.names() == {"current.json", *inside}


def test_publishing_never_moves_a_pointer(
    registry: Registry, trained: Path, reweighted: Path, tmp_path: Path
) -> None:
    publish(trained, registry.uri, client=registry.client)
    before = registry.get("current.json")

    second = publish(reweighted, registry.uri, client=registry.client)

    assert (second.is_current, second.uploaded) == (False, True)
    assert registry.get("current.json") == before
    wanted = pull(registry.uri, tmp_path / "second", version=second.version, client=registry.client)
    assert load_scorer(tmp_path / "second").artifact.version == wanted == version_of(reweighted)


def test_publishing_again_changes_nothing(registry: Registry, artifact: Path) -> None:
    first = publish(artifact, registry.uri, client=registry.client)
    before = {name: registry.get(name) for name in registry.names()}

    again = publish(
        artifact,
        registry.uri,
        note="once more",
        client=registry.client,
        now=lambda: datetime.now(UTC) + timedelta(days=1),
    )

    assert (again.version, again.is_current, again.uploaded) == (first.version, True, False)
    assert {name: registry.get(name) for name in registry.names()} == before


def test_a_packed_artifact_is_published_as_its_directory_is(
    registry: Registry, artifact: Path, tmp_path: Path
) -> None:
    files = {name: (artifact / name).read_bytes() for name in files_in(artifact)}
    manifest = files.pop("manifest.json")
    (tmp_path / "model.tar.gz").write_bytes(pack(files, manifest))
    publish(artifact, registry.uri, client=registry.client)

    again = publish(tmp_path / "model.tar.gz", registry.uri, client=registry.client)

    assert not again.uploaded


def test_an_archive_packed_by_another_zlib_is_the_same(registry: Registry, artifact: Path) -> None:
    version = publish(artifact, registry.uri, client=registry.client).version
    name = f"versions/{version}/model.tar.gz"
    packed = registry.get(name)
    # The tenth byte of a gzip stream names the operating system.
    registry.put(name, packed[:9] + b"\x03" + packed[10:])

    assert not publish(artifact, registry.uri, client=registry.client).uploaded

    registry.put(name, flip(packed))
    with pytest.raises(RegistryError, match=r"model\.tar\.gz is there with other content"):
        publish(artifact, registry.uri, client=registry.client)


@pytest.mark.parametrize("there", range(7))
def test_a_publication_that_was_cut_off_is_completed(
    registry: Registry, artifact: Path, tmp_path: Path, there: int
) -> None:
    version = publish(artifact, registry.uri, client=registry.client).version
    listed = json.loads((artifact / "manifest.json").read_bytes())["files"]
    own = ["model.tar.gz", "publication.json", "manifest.json"]
    written = [f"versions/{version}/{name}" for name in [*listed, *own]]
    before = {name: registry.get(name) for name in written}
    for name in [*written[there:], "current.json"]:
        registry.remove(name)

    published = publish(artifact, registry.uri, client=registry.client)

    assert (published.is_current, published.uploaded) == (True, there < len(written))
    # The first publication's date stays only where it was written.
    dated = set() if there > 4 else {f"versions/{version}/publication.json"}
    assert {name: registry.get(name) for name in {*written} - dated} == {
        name: before[name] for name in {*written} - dated
    }
    check_invariant(registry, tmp_path / "scratch")


def test_eight_publishers_of_two_versions_make_one_pointer(
    registry: Registry, artifact: Path, other: Path, tmp_path: Path
) -> None:
    with ThreadPoolExecutor(8) as pool:
        published = list(
            pool.map(
                lambda path: publish(path, registry.uri, client=registry.client),
                [artifact, other] * 4,
            )
        )

    pointer = pointer_of(registry)
    assert pointer is not None
    assert pointer.seq == 1
    assert {one.version for one in published if one.is_current} == {pointer.version}
    assert sum(one.is_current for one in published) == 4
    manifests = {name for name in registry.names() if name.endswith("manifest.json")}
    assert len(manifests) == 2
    check_invariant(registry, tmp_path / "scratch")


def test_an_empty_registry_says_what_to_do(registry: Registry, tmp_path: Path) -> None:
    for use in (fetch_current, pull):
        with pytest.raises(RegistryError, match=r"nothing is published at .*scorecard publish"):
            use(registry.uri, tmp_path, client=registry.client)


@pytest.mark.parametrize(
    ("version", "words"),
    [("0" * 32, "no version 0{32} at"), ("../x", "32 characters"), ("", "32 characters")],
)
def test_an_unknown_version_is_not_pulled(
    registry: Registry, artifact: Path, tmp_path: Path, version: str, words: str
) -> None:
    publish(artifact, registry.uri, client=registry.client)

    with pytest.raises(RegistryError, match=words):
        pull(registry.uri, tmp_path / "pulled", version=version, client=registry.client)


def test_pulling_replaces_an_artifact_and_nothing_else(
    registry: Registry, artifact: Path, other: Path, tmp_path: Path
) -> None:
    publish(artifact, registry.uri, client=registry.client)
    shutil.copytree(other, tmp_path / "old")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")

    pull(registry.uri, tmp_path / "old", client=registry.client)
    with pytest.raises(ArtifactError, match="not an artifact"):
        pull(registry.uri, tmp_path / "mine", client=registry.client)

    assert files_in(tmp_path / "old") == files_in(artifact)
    assert visible(tmp_path / "mine") == ["thesis.txt"]


@pytest.mark.parametrize(
    ("note", "words"), [("a\nb", "one line"), ("x" * (MAX_NOTE + 1), "at most"), ("\udc80", "line")]
)
def test_a_note_that_would_not_be_read_is_not_written(
    registry: Registry, artifact: Path, note: str, words: str
) -> None:
    with pytest.raises(InvalidInput, match=words):
        publish(artifact, registry.uri, note=note, client=registry.client)

    assert registry.names() == set()
