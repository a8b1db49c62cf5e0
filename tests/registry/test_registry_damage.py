"""What was altered is refused, whoever altered it, and never overwritten."""

import shutil
from pathlib import Path

import pytest
from registries import Registry, flip, visible

from serving.registry import RegistryError, fetch_current, pull
from serving.scoring import ArtifactError, load_scorer
from training.registry import publish

SERVED = ["golden.json", "manifest.json", "peer_tables.npz"]


@pytest.mark.parametrize("name", ["golden.json", "manifest.json", "plots/calibration.svg"])
def test_other_bytes_under_a_version_are_never_overwritten(
    registry: Registry, artifact: Path, name: str
) -> None:
    version = publish(artifact, registry.uri, client=registry.client).version
    place = f"versions/{version}/{name}"
    whole = registry.get(place)
    for damaged in (flip(whole), whole[:-1], whole * 3, b""):
        registry.put(place, damaged)

        with pytest.raises(RegistryError, match=name):
            publish(artifact, registry.uri, client=registry.client)

        assert registry.get(place) == damaged


@pytest.mark.parametrize("name", SERVED)
def test_damaged_files_are_refused(
    registry: Registry, artifact: Path, tmp_path: Path, name: str
) -> None:
    version = publish(artifact, registry.uri, client=registry.client).version
    place = f"versions/{version}/{name}"
    whole = registry.get(place)
    for damaged in (flip(whole), whole[:-1], whole + b" ", b"", None):
        if damaged is None:
            registry.remove(place)
        else:
            registry.put(place, damaged)

        with pytest.raises(RegistryError):
            fetch_current(registry.uri, tmp_path / "cache", client=registry.client)
        with pytest.raises(RegistryError):
            pull(registry.uri, tmp_path / "pulled", client=registry.client)

        assert visible(tmp_path / "cache") == []
        assert not (tmp_path / "pulled").exists()


def test_a_damaged_file_for_people_stops_a_pull_and_no_server(
    registry: Registry, artifact: Path, tmp_path: Path
) -> None:
    version = publish(artifact, registry.uri, client=registry.client).version
    registry.put(f"versions/{version}/plots/calibration.svg", b"<SVG/>")

    load_scorer(fetch_current(registry.uri, tmp_path / "cache", client=registry.client))
    with pytest.raises(RegistryError, match=r"calibration\.svg was altered"):
        pull(registry.uri, tmp_path / "pulled", client=registry.client)


def test_a_version_put_in_the_place_of_another_is_refused(
    registry: Registry, artifact: Path, other: Path, tmp_path: Path
) -> None:
    one = publish(artifact, registry.uri, client=registry.client).version
    two = publish(other, registry.uri, client=registry.client).version
    for name in SERVED:
        registry.put(f"versions/{one}/{name}", registry.get(f"versions/{two}/{name}"))

    with pytest.raises(RegistryError, match=r"manifest\.json was altered"):
        fetch_current(registry.uri, tmp_path / "cache", client=registry.client)


@pytest.mark.parametrize("name", [*SERVED, "plots/calibration.svg"])
def test_an_artifact_that_does_not_verify_is_not_published(
    registry: Registry, artifact: Path, tmp_path: Path, name: str
) -> None:
    damaged = shutil.copytree(artifact, tmp_path / "damaged")
    (damaged / name).write_bytes(flip((damaged / name).read_bytes()))

    with pytest.raises(ArtifactError):
        publish(damaged, registry.uri, client=registry.client)

    assert registry.names() == set()
