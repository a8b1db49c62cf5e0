"""A registry's pointer moves while requests are answered: each by exactly one version."""

import itertools
import json
import signal
import time

import pytest

from serving.scoring.artifact import read_files
from serving.scoring.manifest import MANIFEST, to_json
from tests.load.bad_publications import KINDS, publish_bad
from tests.load.container_log import Log
from tests.load.moved_registry import (
    FAKE_AWS,
    InFolder,
    InMoto,
    MovedRegistry,
    moto_at,
    moved_registry,
)
from tests.load.scored_batches import Versions, calling, make_versions
from tests.load.worker_state import memory_mb, wait_until, workers_of
from tests.processes import call, free_port

WORKERS = 2
POLL_S = 0.1


@pytest.fixture(scope="module")
def versions(tmp_path_factory) -> Versions:
    return make_versions(tmp_path_factory.mktemp("versions"), 5)


@pytest.fixture
def registry_of(tmp_path):
    """A registry with all versions, and a container's environment."""
    open_ones = []

    def make(kind, versions):
        context = moved_registry(kind, tmp_path / "registry")
        registry, environ = context.__enter__()
        open_ones.append(context)
        return filled(registry, versions), environ

    yield make
    for context in open_ones:
        context.__exit__(None, None, None)


def filled(registry: MovedRegistry, versions: Versions) -> MovedRegistry:
    for parts in versions.parts.values():
        registry.publish(parts.all_files)
    return registry


def start_following(start, registry, tmp_path, environ, poll_s=POLL_S):
    return start(
        SCORECARD_MODEL=registry.uri,
        SCORECARD_CACHE=str(tmp_path / "cache"),
        SCORECARD_POLL_S=str(poll_s),
        SCORECARD_WORKERS=str(WORKERS),
        SCORECARD_EXTRAS="artifact_version",
        **environ,
    )


def point_to(registry: MovedRegistry, versions: Versions, version: str) -> None:
    registry.point_to(version, versions.parts[version].manifest_bytes)


@pytest.mark.parametrize(
    ("kind", "swaps", "seconds"),
    [
        ("directory", 6, 2),
        pytest.param("s3", 30, 9, marks=pytest.mark.slow),
        pytest.param("s3", 200, 60, marks=pytest.mark.soak),
    ],
)
def test_every_answer_is_that_of_exactly_the_version_it_names_while_versions_change(
    start, say, tmp_path, versions, registry_of, kind, swaps, seconds
):
    registry, environ = registry_of(kind, versions)
    names = list(versions.parts)
    point_to(registry, versions, names[0])
    container = start_following(start, registry, tmp_path, environ)
    workers = workers_of(container.pid)
    log, loaded, memory, slowest = Log(container), dict.fromkeys(names, 0), {}, 0.0
    loaded[names[0]] = WORKERS

    with calling(versions, container.port) as callers:
        time.sleep(seconds / 4)
        began = time.monotonic()
        for number, version in zip(range(1, swaps + 1), itertools.cycle(names[1:] + names[:1])):
            point_to(registry, versions, version)
            loaded[version] += WORKERS
            took = wait_until(
                lambda version=version: log.told("model loaded", version) == loaded[version],
                within_s=10,
                why="every worker serves the version",
            )
            slowest = max(slowest, took)
            if number in {swaps // 4, swaps}:
                memory[number] = [round(memory_mb(worker), 1) for worker in workers]
            time.sleep(max(0.0, began + number * seconds / swaps - time.monotonic()))
        ended = time.monotonic()

    say(
        f"{swaps} swaps in {WORKERS} workers within {ended - began:.0f} s, the slowest "
        f"{slowest:.2f} s after the pointer moved; {len(callers.took)} requests; p50 and p99 "
        f"{callers.quantile(0.5, began, ended) * 1000:.1f} and "
        f"{callers.quantile(0.99, began, ended) * 1000:.1f} ms, without swaps "
        f"{callers.quantile(0.5, 0, began) * 1000:.1f} and "
        f"{callers.quantile(0.99, 0, began) * 1000:.1f} ms; {memory} MiB"
    )
    assert callers.wrong == []
    assert set(callers.answers) == set(names)
    assert workers_of(container.pid) == workers
    early, late = memory.values()
    assert all(after - before < 8 for before, after in zip(early, late, strict=True))
    assert len([path for path in (tmp_path / "cache").iterdir() if path.name[0] != "."]) <= 4


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("directory", len(KINDS)),
        pytest.param("s3", len(KINDS), marks=pytest.mark.slow),
        pytest.param("s3", 50, marks=pytest.mark.soak),
    ],
)
def test_whatever_is_published_that_must_not_be_served_is_refused_once_and_the_good_one_goes_on(
    start, say, tmp_path, versions, registry_of, kind, number
):
    registry, environ = registry_of(kind, versions)
    good, other, *_ = versions.parts
    point_to(registry, versions, good)
    container = start_following(start, registry, tmp_path, environ)
    log = Log(container)

    with calling(versions, container.port) as callers:
        for seed, name in zip(range(number), itertools.cycle(KINDS), strict=False):
            publish_bad(registry, name, seed=1000 + seed)
            so_far = WORKERS * (seed + 1)
            wait_until(
                lambda so_far=so_far: log.told("model refused", good) >= so_far,
                within_s=10,
                why=name,
            )
        time.sleep(5 * POLL_S)
        refused = [line for line in log.lines if line["event"] == "model refused"]
        point_to(registry, versions, other)
        wait_until(
            lambda: log.told("model loaded", other) == WORKERS, within_s=10, why="a good one"
        )
        counted = f'scorecard_model_updates_total{{result="refused"}} {WORKERS * number}.0'
        wait_until(
            lambda: counted in call(container.port, "GET", "/metrics").body.decode(),
            within_s=5,
            why="both workers have written what they counted",
        )

    say(f"{number} bad publications: {len(callers.took)} requests, {len(callers.wrong)} failed")
    assert callers.wrong == []
    assert set(callers.answers) <= {good, other}
    assert len(refused) == WORKERS * number
    assert log.told("registry not read", "") == 0
    assert not any("traceback" in line for line in refused)


@pytest.mark.slow
def test_without_s3_a_worker_starts_with_what_was_good_last_and_follows_when_it_is_back(
    start, say, tmp_path, versions
):
    first, second, *_ = versions.parts
    port = free_port()
    environ = {**FAKE_AWS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
    with moto_at(port) as endpoint:
        registry = filled(InMoto(endpoint), versions)
        point_to(registry, versions, first)
        container = start_following(start, registry, tmp_path, environ)
        workers = workers_of(container.pid)
        log = Log(container)
        wait_until(lambda: log.told("model loaded", first) == WORKERS, within_s=10, why="a model")

    with calling(versions, container.port) as callers:
        wait_until(lambda: log.told("registry not read", first), within_s=60, why="S3 is missed")
        container.send(signal.SIGHUP)
        took = wait_until(
            lambda: (
                len(workers_of(container.pid)) == WORKERS
                and not set(workers_of(container.pid)) & set(workers)
            ),
            within_s=60,
            why="new workers alone",
        )
        with moto_at(port) as endpoint:
            registry = filled(InMoto(endpoint), versions)
            registry.point_to(second, versions.parts[second].manifest_bytes, seq=7)
            back = wait_until(
                lambda: log.told("model loaded", second) == WORKERS, within_s=60, why="S3 is back"
            )
            registry.point_to(first, versions.parts[first].manifest_bytes, seq=6)
            wait_until(
                lambda: log.told("model refused", "went back from seq 7 to 6") == WORKERS,
                within_s=10,
                why="an old pointer is ignored",
            )
            time.sleep(5 * POLL_S)

    say(f"reloaded without S3 in {took:.1f} s; followed {back:.1f} s after it was back")
    assert callers.wrong == []
    assert set(callers.answers) == {first, second}
    assert log.told("serving the version accepted last", first) == WORKERS
    assert log.told("model refused", "went back") == WORKERS


@pytest.mark.slow
def test_every_worker_follows_within_the_interval(start, say, tmp_path, versions, registry_of):
    registry, environ = registry_of("s3", versions)
    first, *others = versions.parts
    point_to(registry, versions, first)
    container = start_following(start, registry, tmp_path, environ, poll_s=3)
    log = Log(container)
    took = []

    for version in others:
        point_to(registry, versions, version)
        took.append(
            wait_until(
                lambda version=version: log.told("model loaded", version) == WORKERS,
                within_s=10,
                why="every worker serves the version",
            )
        )

    say(f"with an interval of 3 s the last worker followed after {took} s")
    assert max(took) < 3


@pytest.mark.parametrize(
    "swaps",
    [pytest.param(50, marks=pytest.mark.slow), pytest.param(200, marks=pytest.mark.soak)],
)
def test_swaps_of_a_trained_model_leave_memory_as_it_was(start, say, tmp_path, trained, swaps):
    registry = InFolder(tmp_path / "registry")
    files = read_files(trained)
    manifest = json.loads((trained / MANIFEST).read_bytes())
    named = {}
    for number in range(3):
        altered = to_json({**manifest, "training": {**manifest["training"], "copy": number}})
        named[registry.publish({**files, MANIFEST: altered})] = altered
    (first, *_) = named
    registry.point_to(first, named[first])
    container = start(
        SCORECARD_MODEL=registry.uri,
        SCORECARD_CACHE=str(tmp_path / "cache"),
        SCORECARD_POLL_S=str(POLL_S),
    )
    (worker,) = workers_of(container.pid)
    log, memory = Log(container), {}

    for number, version in zip(range(swaps + 1), itertools.cycle(named), strict=False):
        registry.point_to(version, named[version])
        wait_until(
            lambda number=number: log.told("model loaded", "") == number + 1,
            within_s=10,
            why="it is loaded",
        )
        if number in {swaps // 4, swaps}:
            memory[number] = round(memory_mb(worker), 1)

    say(f"after so many swaps: {memory} MiB")
    assert memory[swaps] - memory[swaps // 4] < 8
