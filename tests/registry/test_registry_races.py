"""Two people at once, in every order of their calls (or as many orders as there is time for)."""

import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import turns
from registries import InS3, check_invariant, make_older, pointer_of, version_of
from turns import Actor, take_turns

from serving.registry import RegistryError
from serving.registry.pointer import Pointer
from training.registry import Skipped, promote, publish, remove_old_versions, rollback

SKIPPED = Skipped("nothing to compare with")
_numbers = itertools.count()

#: So many orders of a pair are drawn; there are some 400 of each.
LONG = [pytest.param(3, marks=pytest.mark.slow), pytest.param(60, marks=pytest.mark.soak)]
TIMES = [2, *LONG]


@dataclass
class Scene:
    """A registry of four old versions, the last of them current; what each is made from."""

    registry: InS3
    sources: list[Path]
    versions: list[str]
    before: Pointer

    def publish(self, number: int) -> Callable[[Any], Any]:
        return lambda client: publish(self.sources[number], self.registry.uri, client=client)

    def promote(self, number: int) -> Callable[[Any], Any]:
        version = self.versions[number]
        return lambda client: promote(self.registry.uri, version, gate=SKIPPED, client=client)

    def rollback(self, number: int | None = None) -> Callable[[Any], Any]:
        to = None if number is None else self.versions[number]
        return lambda client: rollback(self.registry.uri, to=to, client=client)

    def remove(self) -> Callable[[Any], Any]:
        return lambda client: remove_old_versions(self.registry.uri, client=client)

    def is_whole(self, number: int) -> bool:
        # That it is whole is what `check_invariant` looks at.
        return f"versions/{self.versions[number]}/manifest.json" in self.registry.names()


@pytest.fixture
def set_scene(
    s3: InS3, artifacts: Callable[[int], Path], monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Scene]:
    monkeypatch.setattr("serving.registry.retry.time", SimpleNamespace(sleep=turns.sleep))
    sources = [artifacts(number) for number in range(5)]
    made = InS3(s3.client, s3.bucket, "made")
    for path in sources[:4]:
        publish(path, made.uri, client=s3.client)
    for path in sources[2:4]:
        promote(made.uri, version_of(path), gate=SKIPPED, client=s3.client)
    stored = {name: made.get(name) for name in made.names()}

    def set_one() -> Scene:
        registry = InS3(s3.client, s3.bucket, f"scene/{next(_numbers)}")
        for name, data in stored.items():
            registry.put(name, data)
        make_older(registry, days=8)
        before = pointer_of(registry)
        assert before is not None
        return Scene(registry, sources, [version_of(path) for path in sources], before)

    return set_one


def orders(calls: tuple[int, int], times: int) -> Iterator[tuple[int, ...]]:
    """One starts, the other cuts in, the first goes on: after every call of both."""
    found = [
        (*((0,) * first), one, other)
        for first in (0, 1)
        for one in range(calls[first] + 1)
        for other in range(calls[1 - first] + 1)
    ]
    yield from found if times >= len(found) else random.sample(found, times)


def play(
    set_scene: Callable[[], Scene],
    acts: Callable[[Scene], tuple[Callable[[Any], Any], Callable[[Any], Any]]],
    times: int,
    scratch: Path,
    check: Callable[[Scene, Actor, Actor], None],
    prepare: Callable[[Scene], None] = lambda _scene: None,
) -> int:
    """Play two acts in many orders; the registry keeps its promise in all of them."""

    def scene_of(order: tuple[int, ...]) -> tuple[Scene, Actor, Actor]:
        scene = set_scene()
        prepare(scene)
        one, other = (Actor(scene.registry.client, act) for act in acts(scene))
        take_turns([one, other], order)
        return scene, one, other

    _, *alone = scene_of(())
    count = 0
    for order in orders((alone[0].calls, alone[1].calls), times):
        scene, one, other = scene_of(order)
        for actor in (one, other):
            if actor.error and not isinstance(actor.error, RegistryError):
                raise AssertionError(f"in the order {order}") from actor.error
        try:
            check_invariant(scene.registry, scratch)
            check(scene, one, other)
        except (AssertionError, RegistryError) as error:
            told = [actor.error or actor.result for actor in (one, other)]
            raise AssertionError(f"in the order {order}: {told}") from error
        count += 1
    return count


def now_pointer(scene: Scene) -> Pointer:
    pointer = pointer_of(scene.registry)
    assert pointer is not None
    return pointer


def nothing_is_left(scene: Scene) -> None:
    assert now_pointer(scene).removing == ()


@pytest.mark.slow
@pytest.mark.parametrize("times", TIMES)
def test_a_version_is_promoted_or_removed_and_never_both(
    set_scene: Callable[[], Scene], tmp_path: Path, times: int
) -> None:
    def check(scene: Scene, removing: Actor, promoting: Actor) -> None:
        pointer = now_pointer(scene)
        promoted = promoting.error is None
        assert removing.error is None
        assert promoted == (pointer.version == scene.versions[0]) == scene.is_whole(0)
        assert pointer.seq == scene.before.seq + promoted
        nothing_is_left(scene)

    play(set_scene, lambda scene: (scene.remove(), scene.promote(0)), times, tmp_path, check)


@pytest.mark.parametrize("times", LONG)
def test_a_version_is_gone_back_to_or_removed_and_never_both(
    set_scene: Callable[[], Scene], tmp_path: Path, times: int
) -> None:
    def check(scene: Scene, removing: Actor, going_back: Actor) -> None:
        assert removing.error is None
        went = going_back.error is None
        assert went == (now_pointer(scene).version == scene.versions[1]) == scene.is_whole(1)
        nothing_is_left(scene)

    play(set_scene, lambda scene: (scene.remove(), scene.rollback(1)), times, tmp_path, check)


@pytest.mark.slow
@pytest.mark.parametrize("times", TIMES)
def test_who_completes_an_old_publication_while_others_remove_keeps_the_version(
    set_scene: Callable[[], Scene], tmp_path: Path, times: int
) -> None:
    def cut_off(scene: Scene) -> None:
        for name in ("manifest.json", "model.tar.gz"):
            scene.registry.remove(f"versions/{scene.versions[0]}/{name}")

    def check(scene: Scene, removing: Actor, publishing: Actor) -> None:
        assert (removing.error, publishing.error) == (None, None)
        assert publishing.result.uploaded
        assert scene.is_whole(0)
        nothing_is_left(scene)

    acts = lambda scene: (scene.remove(), scene.publish(0))  # noqa: E731
    play(set_scene, acts, times, tmp_path, check, cut_off)


@pytest.mark.parametrize("times", LONG)
def test_a_version_that_is_removed_while_it_is_published_again_is_whole_or_gone(
    set_scene: Callable[[], Scene], tmp_path: Path, times: int
) -> None:
    def check(scene: Scene, removing: Actor, publishing: Actor) -> None:
        assert (removing.error, publishing.error) == (None, None)
        assert not publishing.result.uploaded or scene.is_whole(0)
        names = {name for name in scene.registry.names() if scene.versions[0] in name}
        assert len(names) in {0, 6}
        nothing_is_left(scene)

    play(set_scene, lambda scene: (scene.remove(), scene.publish(0)), times, tmp_path, check)


@pytest.mark.parametrize("times", LONG)
def test_of_two_removals_one_works_at_a_time(
    set_scene: Callable[[], Scene], tmp_path: Path, times: int
) -> None:
    def check(scene: Scene, one: Actor, other: Actor) -> None:
        assert one.error is None or other.error is None
        for actor in (one, other):
            assert actor.error is None or "is at work" in str(actor.error)
        assert not scene.is_whole(0)
        nothing_is_left(scene)

    play(set_scene, lambda scene: (scene.remove(), scene.remove()), times, tmp_path, check)


@pytest.mark.parametrize("times", TIMES)
def test_two_promotions_both_count(
    set_scene: Callable[[], Scene], tmp_path: Path, times: int
) -> None:
    def check(scene: Scene, one: Actor, other: Actor) -> None:
        assert (one.error, other.error) == (None, None)
        first, last = sorted((one.result, other.result), key=lambda done: done.seq)
        pointer = now_pointer(scene)
        assert (first.seq, last.seq) == (scene.before.seq + 1, scene.before.seq + 2)
        assert (pointer.version, pointer.previous) == (last.version, first.version)

    play(set_scene, lambda scene: (scene.promote(0), scene.promote(1)), times, tmp_path, check)


@pytest.mark.parametrize("times", LONG)
def test_two_promotions_of_the_same_version_move_the_pointer_once(
    set_scene: Callable[[], Scene], tmp_path: Path, times: int
) -> None:
    def check(scene: Scene, one: Actor, other: Actor) -> None:
        assert sorted((one.result.moved, other.result.moved)) == [False, True]
        assert now_pointer(scene).seq == scene.before.seq + 1

    play(set_scene, lambda scene: (scene.promote(0), scene.promote(0)), times, tmp_path, check)


@pytest.mark.parametrize("times", LONG)
def test_two_who_go_back_at_once_do_not_undo_each_other(
    set_scene: Callable[[], Scene], tmp_path: Path, times: int
) -> None:
    def check(scene: Scene, one: Actor, other: Actor) -> None:
        done = [actor.result for actor in (one, other) if actor.error is None]
        pointer = now_pointer(scene)
        if len(done) == 2:
            # One after the other: back, and forth again.
            assert pointer.version == scene.versions[3]
        else:
            assert pointer.version == scene.versions[2]
        assert pointer.seq == scene.before.seq + len(done)

    play(set_scene, lambda scene: (scene.rollback(), scene.rollback()), times, tmp_path, check)


@pytest.mark.parametrize("times", LONG)
def test_a_new_version_is_published_beside_a_removal(
    set_scene: Callable[[], Scene], tmp_path: Path, times: int
) -> None:
    def check(scene: Scene, removing: Actor, publishing: Actor) -> None:
        assert (removing.error, publishing.error) == (None, None)
        assert scene.is_whole(4)
        assert not scene.is_whole(0)

    play(set_scene, lambda scene: (scene.remove(), scene.publish(4)), times, tmp_path, check)
