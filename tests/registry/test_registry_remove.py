"""Removing old versions."""

import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from registries import (
    InDirectory,
    InS3,
    Registry,
    a_moment_after_all,
    check_invariant,
    make_older,
    pointer_of,
)
from turns import Actor, Killed, take_turns

from serving.registry import RegistryError
from serving.registry.errors import NotFound
from serving.scoring import InvalidInput
from training.registry import (
    Removed,
    Skipped,
    list_versions,
    promote,
    publish,
    remove_old_versions,
    rollback,
)
from training.registry.remove import LEAST_AGE, WEEK

SKIPPED = Skipped("nothing to compare with")


@pytest.fixture
def four(registry: Registry, artifacts: Callable[[int], Path]) -> list[str]:
    """Versions; the last is current, the one before is the previous one."""
    done = [publish(artifacts(n), registry.uri, client=registry.client).version for n in range(4)]
    for version in done[2:]:
        promote(registry.uri, version, gate=SKIPPED, client=registry.client)
    return done


def remove(registry: Registry, **options) -> Removed:
    """As a week and a day later."""
    chosen = {"now": lambda: datetime.now(UTC) + WEEK + timedelta(days=1), **options}
    return remove_old_versions(registry.uri, client=registry.client, **chosen)


def versions_in(registry: Registry) -> set[str]:
    return {name.split("/")[1] for name in registry.names() if name.startswith("versions/")}


def test_neither_the_current_nor_the_previous_version_is_ever_removed(
    registry: Registry, four: list[str], tmp_path: Path
) -> None:
    done = remove(registry)

    assert done == Removed(tuple(sorted(four[:2])))
    assert versions_in(registry) == set(four[2:])
    pointer = pointer_of(registry)
    assert pointer is not None
    assert (pointer.seq, pointer.removing, pointer.removals) == (3, (), 1)
    check_invariant(registry, tmp_path / "scratch")
    assert rollback(registry.uri, client=registry.client).version == four[2]


def test_what_is_younger_stays(
    registry: Registry, four: list[str], artifacts: Callable[[int], Path]
) -> None:
    moment = a_moment_after_all(registry)
    young = publish(artifacts(4), registry.uri, client=registry.client).version
    # Old, but for one object.
    registry.put(f"versions/{four[0]}/model_card.md", b"mended by hand")

    done = remove(registry, now=lambda: moment + WEEK)

    assert done.versions == (four[1],)
    assert versions_in(registry) == {four[0], *four[2:], young}


def test_nothing_is_removed_before_its_time(registry: Registry, four: list[str]) -> None:
    before = {name: registry.get(name) for name in registry.names()}

    assert remove(registry, now=lambda: datetime.now(UTC)) == Removed(())
    assert remove(registry, dry_run=True) == Removed(tuple(sorted(four[:2])))

    assert {name: registry.get(name) for name in registry.names()} == before


def test_what_publications_that_were_cut_off_left_is_removed(
    registry: Registry, four: list[str]
) -> None:
    for name in ("manifest.json", "golden.json"):
        registry.remove(f"versions/{four[0]}/{name}")

    assert four[0] in remove(registry).versions

    assert versions_in(registry) == set(four[2:])


def test_what_is_no_version_is_left_alone(registry: Registry, four: list[str]) -> None:
    others = {"versions/README.md", "versions/draft/golden.json", "notes.txt"}
    for name in others:
        registry.put(name, b"mine")

    remove(registry)

    assert others < registry.names()


def test_versions_are_kept_for_an_hour_at_least(registry: Registry, four: list[str]) -> None:
    with pytest.raises(InvalidInput, match="at least an hour"):
        remove(registry, older_than=LEAST_AGE - timedelta(seconds=1))

    assert len(versions_in(registry)) == 4


def test_there_is_nothing_to_remove_where_nothing_is_published(registry: Registry) -> None:
    with pytest.raises(NotFound, match="nothing is published"):
        remove(registry)


def test_a_version_that_was_removed_can_be_published_again(
    registry: Registry, four: list[str], artifacts: Callable[[int], Path], tmp_path: Path
) -> None:
    remove(registry)

    again = publish(artifacts(0), registry.uri, client=registry.client)

    assert (again.version, again.uploaded) == (four[0], True)
    assert promote(registry.uri, four[0], gate=SKIPPED, client=registry.client).moved
    check_invariant(registry, tmp_path / "scratch")


def test_a_second_removal_waits_until_the_first_one_must_have_ended(
    registry: Registry, four: list[str]
) -> None:
    pointer = json.loads(registry.get("current.json"))
    registry.put("current.json", json.dumps(pointer | {"removing": [four[0]]}).encode())

    with pytest.raises(RegistryError, match="another `scorecard gc` is at work; if it was inter"):
        remove(registry, now=lambda: datetime.now(UTC) + timedelta(minutes=55))
    assert len(versions_in(registry)) == 4

    done = remove(registry, now=lambda: datetime.now(UTC) + timedelta(minutes=61))
    assert done.versions == ()
    pointer_after = pointer_of(registry)
    assert pointer_after is not None
    assert pointer_after.removing == ()


def test_a_removal_stops_in_time_and_says_what_is_left(registry: Registry, four: list[str]) -> None:
    ticks = iter([0.0, 1.0, 601.0])

    done = remove(registry, clock=lambda: next(ticks))

    first, second = sorted(four[:2])
    assert done == Removed((first,), left=(second,))
    assert versions_in(registry) == {second, *four[2:]}
    assert remove(registry) == Removed((second,))


def test_a_publisher_waits_for_a_removal_and_then_gives_up(
    directory: InDirectory,
    artifact: Path,
    artifacts: Callable[[int], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("serving.registry.retry.time", Clock(pauses))
    publish(artifact, directory.uri)
    doomed = publish(artifacts(1), directory.uri).version
    pointer = json.loads(directory.get("current.json"))
    directory.put("current.json", json.dumps(pointer | {"removing": [doomed]}).encode())

    with pytest.raises(RegistryError, match="if it was interrupted, run it again, then publish"):
        publish(artifacts(1), directory.uri)

    assert 8 < sum(pauses) < 20


class Clock:
    """Sleeps without waiting."""

    def __init__(self, pauses: list[float]) -> None:
        self.sleep = pauses.append


#: Reading, listing, announcing; listing and removing six objects, twice; reading, concluding.
CALLS = 3 + 2 * 7 + 2
KILLS = {0, 3, 5, 11, CALLS - 1, CALLS}


@pytest.mark.parametrize(
    "killed_before",
    [n if n in KILLS else pytest.param(n, marks=pytest.mark.slow) for n in range(CALLS + 1)],
)
def test_a_removal_that_was_killed_is_finished_by_the_next_one(
    s3: InS3, artifacts: Callable[[int], Path], tmp_path: Path, killed_before: int
) -> None:
    done = [publish(artifacts(n), s3.uri, client=s3.client).version for n in range(4)]
    for version in done[2:]:
        promote(s3.uri, version, gate=SKIPPED, client=s3.client)
    make_older(s3, days=8)
    victim = Actor(
        s3.client, lambda client: remove_old_versions(s3.uri, client=client), lives=killed_before
    )

    take_turns([victim], [])
    pointer = pointer_of(s3)
    make_older(s3, days=1, beginning="current.json")
    if pointer and pointer.removing:
        for version in done[:2]:
            # All of it may be gone by now.
            with pytest.raises(RegistryError, match=r"is being removed|there is no version"):
                promote(s3.uri, version, gate=SKIPPED, client=s3.client)
    remove_old_versions(s3.uri, client=s3.client)

    assert isinstance(victim.error, Killed) == (killed_before < CALLS)
    assert versions_in(s3) == set(done[2:])
    after = pointer_of(s3)
    assert after is not None
    assert (after.seq, after.version, after.removing) == (3, done[3], ())
    check_invariant(s3, tmp_path / "scratch")


def test_what_writers_that_were_killed_left_in_a_directory_is_removed(
    directory: InDirectory, artifact: Path
) -> None:
    version = publish(artifact, directory.uri).version
    leftover, young, lock = (
        directory.folder / name
        for name in (f"versions/{version}/.golden.json.ab12cd34", ".current.json.ab12cd35", ".lock")
    )
    others = [
        directory.folder / name
        for name in (".editor.settings", "versions/.keep", "versions/.backup.20260101")
    ]
    for path in (leftover, young, lock, *others):
        path.write_bytes(b"half")
        os.utime(path, (0, 0) if path != young else (time.time() + 10**6,) * 2)

    remove(directory)

    assert not leftover.exists()
    assert young.exists()
    assert lock.exists()
    assert all(path.exists() for path in others), "they are somebody else's"


def test_folders_go_with_their_last_file(
    directory: InDirectory, artifacts: Callable[[int], Path]
) -> None:
    done = [publish(artifacts(n), directory.uri).version for n in range(2)]

    remove(directory)

    assert [path.name for path in (directory.folder / "versions").iterdir()] == done[:1]


def test_a_half_removed_version_is_listed_as_incomplete(
    registry: Registry, four: list[str]
) -> None:
    registry.remove(f"versions/{four[0]}/golden.json")

    rows = {row.version: row for row in list_versions(registry.uri, client=registry.client)}

    assert [rows[version].incomplete for version in four] == [True, False, False, False]
