"""A follower gives what is new and whole, and remembers what was good last."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from fault_proxy import DROP, FaultProxy
from registries import InDirectory, InS3, Registry, flip, make_s3_client, pointer_of, visible

from serving.registry import Follower, RegistryError
from serving.registry.cache import KEPT_VERSIONS
from serving.registry.errors import BadVersion
from serving.registry.follow import RETRY_S
from serving.registry.pointer import POINTER
from serving.scoring import load_scorer
from tests.scoring.builders import make_parts
from training.registry import Skipped, promote, publish

Artifacts = Callable[[int], Path]


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    """Versions by number."""
    return lambda seed: make_parts(seed=seed).write(tmp_path / "artifacts" / str(seed))


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def move(registry: Registry, artifact: Path) -> str:
    """Publish a version and make it current."""
    version = publish(artifact, registry.uri, client=registry.client).version
    promote(registry.uri, version, gate=Skipped("a test"), client=registry.client)
    return version


def following(registry: Registry, cache: Path) -> Follower:
    return Follower(registry.uri, cache, client=registry.client)


def accept_current(follower: Follower) -> str:
    candidate = follower.poll()
    assert candidate is not None
    follower.accept(candidate)
    return candidate.pointer.version


def test_each_version_is_given_once_whole_and_ready_to_load(
    registry: Registry, artifacts: Artifacts, cache: Path
) -> None:
    follower = following(registry, cache)
    for seed in (1, 2, 1):
        version = move(registry, artifacts(seed))

        candidate = follower.poll()

        assert candidate is not None
        assert candidate.pointer.version == version
        assert load_scorer(candidate.folder).artifact.version == version
        follower.accept(candidate)
        assert follower.poll() is None


def test_an_unchanged_pointer_costs_one_request_without_a_body(
    proxy: FaultProxy, s3: InS3, artifact: Path, cache: Path
) -> None:
    publish(artifact, s3.uri, client=s3.client)
    follower = Follower(s3.uri, cache, client=make_s3_client(proxy.endpoint))
    accept_current(follower)
    proxy.start(lambda *_: None)

    for _ in range(3):
        assert follower.poll() is None

    assert [path.split("/")[-1] for _, path in proxy.seen] == [POINTER] * 3


def test_a_pointer_that_changes_only_its_words_brings_nothing_new(
    registry: Registry, artifact: Path, cache: Path
) -> None:
    publish(artifact, registry.uri, client=registry.client)
    follower = following(registry, cache)
    accept_current(follower)
    pointer = pointer_of(registry)
    assert pointer is not None

    registry.put(POINTER, replace(pointer, note="as before", seq=2).to_json())

    assert follower.poll() is None


def test_a_version_that_is_damaged_is_refused_once_and_not_fetched_again(
    proxy: FaultProxy, s3: InS3, artifact: Path, cache: Path
) -> None:
    version = publish(artifact, s3.uri, client=s3.client).version
    name = f"versions/{version}/peer_tables.npz"
    s3.put(name, flip(s3.get(name)))
    follower = Follower(s3.uri, cache, client=make_s3_client(proxy.endpoint))

    with pytest.raises(BadVersion, match=r"peer_tables\.npz was altered"):
        follower.poll()
    proxy.start(lambda *_: None)

    assert follower.poll() is None
    assert len(proxy.seen) == 1
    assert visible(cache) == []


def test_a_version_that_was_mended_where_it_lies_is_taken_after_a_while(
    directory: InDirectory, artifacts: Artifacts, cache: Path
) -> None:
    now = 0.0
    follower = Follower(directory.uri, cache, clock=lambda: now)
    move(directory, artifacts(1))
    accept_current(follower)
    version = move(directory, artifacts(2))
    place = f"versions/{version}/peer_tables.npz"
    whole = directory.get(place)
    directory.put(place, flip(whole))
    with pytest.raises(BadVersion):
        follower.poll()
    directory.put(place, whole)

    assert follower.poll() is None
    now = RETRY_S + 1
    assert accept_current(follower) == version


@pytest.mark.parametrize("name", ["golden.json", "manifest.json", "peer_tables.npz"])
@pytest.mark.parametrize("damage", ["missing", "longer", "empty"])
def test_every_damage_of_a_version_is_its_own_fault(
    registry: Registry, artifact: Path, cache: Path, name: str, damage: str
) -> None:
    version = publish(artifact, registry.uri, client=registry.client).version
    name = f"versions/{version}/{name}"
    if damage == "missing":
        registry.remove(name)
    else:
        registry.put(name, registry.get(name) + bytes(5 * 2**20) if damage == "longer" else b"")

    with pytest.raises(BadVersion):
        following(registry, cache).poll()


def test_a_registry_that_fails_on_the_way_is_asked_again(
    proxy: FaultProxy, s3: InS3, artifact: Path, cache: Path
) -> None:
    version = publish(artifact, s3.uri, client=s3.client).version
    follower = Follower(s3.uri, cache, client=make_s3_client(proxy.endpoint))
    for number in range(4):
        proxy.start(lambda at, *_, number=number: DROP if at == number else None)

        with pytest.raises(RegistryError) as caught:
            follower.poll()

        assert not isinstance(caught.value, BadVersion)
    proxy.start(lambda *_: None)

    assert accept_current(follower) == version


def test_an_old_pointer_put_back_is_ignored_also_by_later_processes(
    registry: Registry, artifacts: Artifacts, cache: Path
) -> None:
    move(registry, artifacts(1))
    old = registry.get(POINTER)
    version = move(registry, artifacts(2))
    follower = following(registry, cache)
    accept_current(follower)

    registry.put(POINTER, old)

    with pytest.raises(BadVersion, match="went back from seq 2 to 1"):
        follower.poll()
    assert follower.poll() is None
    with pytest.raises(BadVersion, match="went back from seq 2 to 1"):
        following(registry, cache).poll()
    last = following(registry, cache).last_accepted()
    assert last is not None
    assert last.pointer.version == version


def test_only_what_was_accepted_is_remembered(
    registry: Registry, artifacts: Artifacts, cache: Path
) -> None:
    move(registry, artifacts(1))
    follower = following(registry, cache)

    given = follower.poll()

    assert given is not None
    assert following(registry, cache).last_accepted() is None
    follower.accept(given)
    assert following(registry, cache).last_accepted() == given


def test_what_was_accepted_last_needs_no_registry_and_is_verified_again(
    artifacts: Artifacts, cache: Path, directory: InDirectory
) -> None:
    move(directory, artifacts(1))
    accept_current(following(directory, cache))
    shutil.rmtree(directory.folder)

    last = following(directory, cache).last_accepted()

    assert last is not None
    load_scorer(last.folder)
    (last.folder / "golden.json").write_bytes(b"{}")
    assert following(directory, cache).last_accepted() is None


def test_registries_that_share_a_cache_do_not_take_each_other_s_versions(
    artifacts: Artifacts, cache: Path, directory: InDirectory, s3: InS3
) -> None:
    first = move(directory, artifacts(1))
    accept_current(following(directory, cache))
    follower = following(s3, cache)
    for seed in range(2, 4 + KEPT_VERSIONS):
        move(s3, artifacts(seed))
        accept_current(follower)

    last = following(directory, cache).last_accepted()

    assert last is not None
    assert last.pointer.version == first
    assert len(visible(cache)) == KEPT_VERSIONS + 1


def test_the_cache_keeps_the_versions_used_last_and_nothing_half_written(
    registry: Registry, artifacts: Artifacts, cache: Path
) -> None:
    follower = following(registry, cache)
    used = []
    for seed in (1, 2, 1, 3, 4):
        move(registry, artifacts(seed))
        used.append(accept_current(follower))
        (cache / f".{used[-1]}.killed.partial").mkdir()

    follower.accept(follower.last_accepted() or pytest.fail("nothing"))

    assert KEPT_VERSIONS == 3
    assert visible(cache) == sorted({used[2], used[3], used[4]})
    assert not list(cache.glob("*.partial"))


def test_what_cannot_be_loaded_is_given_again_only_if_it_may_be_good_then(
    registry: Registry, artifact: Path, cache: Path
) -> None:
    publish(artifact, registry.uri, client=registry.client)
    follower = following(registry, cache)
    given = follower.poll()
    assert given is not None

    follower.refuse(given, for_good=True)

    assert follower.poll() is None
    follower.refuse(given, for_good=False)
    assert follower.poll() == given
    shutil.rmtree(given.folder)
    follower.refuse(given, for_good=True)
    assert follower.poll() == given


def test_an_older_process_does_not_make_the_cache_forget_what_a_newer_one_accepted(
    registry: Registry, artifacts: Artifacts, cache: Path
) -> None:
    move(registry, artifacts(1))
    slow, fast = following(registry, cache), following(registry, cache)
    old = slow.poll()
    assert old is not None
    new = move(registry, artifacts(2))
    accept_current(fast)

    slow.accept(old)

    last = following(registry, cache).last_accepted()
    assert last is not None
    assert last.pointer.version == new


def test_a_cache_that_cannot_be_written_is_named_and_what_is_in_use_stays_so(
    registry: Registry, artifact: Path, cache: Path
) -> None:
    version = publish(artifact, registry.uri, client=registry.client).version
    follower = following(registry, cache)
    given = follower.poll()
    assert given is not None
    (cache / ".accepted").write_text("no directory")

    with pytest.raises(RegistryError, match="cache cannot be written: "):
        follower.accept(given)

    assert follower.in_use == version
    assert follower.poll() is None
