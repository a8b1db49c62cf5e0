"""Whichever call of S3 fails, and however: nothing is half done, and doing it again ends it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fault_proxy import CUT, DROP, LOSE, Fault, FaultProxy
from registries import InS3, check_invariant, make_s3_client, pointer_of, version_of

from serving.registry import RegistryError
from training.registry import Skipped, promote, publish, remove_old_versions, rollback

SKIPPED = Skipped("nothing to compare with")

FAULTS: list[Fault] = [
    DROP,
    LOSE,
    CUT,
    (500, "InternalError"),
    (503, "SlowDown"),
    (409, "ConditionalRequestConflict"),
]


@dataclass
class Scene:
    """A registry of three versions in a prefix of its own; the last one is current."""

    registry: InS3
    sources: list[Path]
    versions: list[str]

    def state(self) -> tuple[Any, ...]:
        pointer = pointer_of(self.registry)
        assert pointer is not None
        told = (pointer.seq, pointer.version, pointer.previous, pointer.removing)
        return (*told, sorted(self.registry.names()))


def publish_and_promote(scene: Scene, client: Any) -> None:
    done = publish(scene.sources[3], scene.registry.uri, client=client)
    if not done.is_current:
        promote(scene.registry.uri, done.version, gate=SKIPPED, client=client)


def go_back(scene: Scene, client: Any) -> None:
    # Without a name, doing it twice is no repetition.
    rollback(scene.registry.uri, to=scene.versions[0], client=client)


def remove(scene: Scene, client: Any) -> None:
    later = datetime.now(UTC) + timedelta(days=8)
    remove_old_versions(scene.registry.uri, client=client, now=lambda: later)


Act = Callable[[Scene, Any], None]


@pytest.fixture
def scenes(s3: InS3, artifacts: Callable[[int], Path]) -> Iterator[Scene]:
    sources = [artifacts(number) for number in range(4)]
    made = InS3(s3.client, s3.bucket, "made")
    for path in sources[:3]:
        publish(path, made.uri, client=s3.client)
    promote(made.uri, version_of(sources[2]), gate=SKIPPED, client=s3.client)
    stored = {name: made.get(name) for name in made.names()}

    def endless() -> Iterator[Scene]:
        for number in range(10_000):
            registry = InS3(s3.client, s3.bucket, f"scene/{number}")
            for name, data in stored.items():
                registry.put(name, data)
            yield Scene(registry, sources, [version_of(path) for path in sources])

    return endless()


@pytest.mark.parametrize("act", [publish_and_promote, go_back, remove])
@pytest.mark.parametrize(
    ("fault", "step"),
    [
        pytest.param(LOSE, 4, marks=pytest.mark.slow),
        *(pytest.param(fault, 1, marks=pytest.mark.soak) for fault in FAULTS),
        *(pytest.param(fault, 5, marks=pytest.mark.slow) for fault in FAULTS[::3]),
    ],
)
def test_whichever_call_fails_doing_it_again_ends_in_the_same_state(
    proxy: FaultProxy, scenes: Iterator[Scene], tmp_path: Path, act: Act, fault: Fault, step: int
) -> None:
    client = make_s3_client(proxy.endpoint)
    wanted = next(scenes)
    proxy.start(lambda *_: None)
    act(wanted, client)
    calls = len(proxy.seen)

    failed = 0
    for failing in range(calls - 1, -1, -step):
        scene = next(scenes)
        proxy.start(lambda number, *_, failing=failing: fault if number == failing else None)
        try:
            act(scene, client)
        except RegistryError:
            failed += 1
        check_invariant(scene.registry, tmp_path / "scratch")
        act(scene, scene.registry.client)
        assert scene.state() == wanted.state(), f"call {failing} of {calls}: {proxy.seen}"

    # What arrives broken is read again, and who met another tries again.
    assert failed or fault == CUT or fault[0] == 409


@pytest.mark.parametrize("act", [publish_and_promote, go_back, remove])
@pytest.mark.parametrize("fault", [LOSE, pytest.param((503, "SlowDown"), marks=pytest.mark.slow)])
def test_a_client_that_tries_again_needs_nobody_to_do_it_again(
    proxy: FaultProxy, scenes: Iterator[Scene], tmp_path: Path, act: Act, fault: Fault
) -> None:
    # Of these calls the answers get lost that tell whether a promise holds.
    told = {"current.json", "manifest.json"}
    client = make_s3_client(proxy.endpoint, attempts=5)
    wanted = next(scenes)
    act(wanted, wanted.registry.client)
    scene = next(scenes)
    lost: set[str] = set()

    def plan(_number: int, method: str, path: str) -> Fault:
        name = Path(path).name
        kind = f"{method} {name}"
        if method == "GET" or name not in told or kind in lost:
            return None
        lost.add(kind)
        return fault

    proxy.start(plan)

    act(scene, client)

    assert "PUT current.json" in lost
    assert scene.state() == wanted.state()
    check_invariant(scene.registry, tmp_path / "scratch")


def test_a_promotion_whose_answer_got_lost_is_told_that_it_moved_the_pointer(
    proxy: FaultProxy, scenes: Iterator[Scene]
) -> None:
    scene = next(scenes)
    lost = [LOSE]
    proxy.start(lambda _n, method, _path: lost.pop() if lost and method == "PUT" else None)

    done = promote(
        scene.registry.uri,
        scene.versions[1],
        gate=SKIPPED,
        client=make_s3_client(proxy.endpoint, attempts=5),
    )

    assert (done.moved, done.seq) == (True, 3)
    assert sum(method == "PUT" for method, _ in proxy.seen) == 2
    assert scene.state()[0] == 3


@pytest.mark.slow
def test_a_promotion_that_is_always_late_gives_up(
    proxy: FaultProxy, scenes: Iterator[Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.registry.retry._FIRST_PAUSE_S", 0.0)
    scene = next(scenes)
    uri = scene.registry.uri

    def plan(_number: int, method: str, path: str) -> Fault:
        if method == "PUT" and path.endswith("current.json"):
            current = pointer_of(scene.registry)
            assert current is not None
            other = scene.versions[0 if current.version == scene.versions[2] else 2]
            promote(uri, other, gate=SKIPPED, client=scene.registry.client)
        return None

    proxy.start(plan)

    with pytest.raises(RegistryError, match=r"current\.json was changed by somebody else"):
        promote(uri, scene.versions[1], gate=SKIPPED, client=make_s3_client(proxy.endpoint))

    assert scene.state()[0] == 2 + 20
