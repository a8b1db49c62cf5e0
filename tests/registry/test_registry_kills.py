"""kill -9 at any instant, of publishers and of fetchers."""

import dataclasses
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from registries import InDirectory, InS3, Registry, check_invariant, visible

from serving.registry import fetch_current
from serving.scoring import load_scorer
from training.registry import publish

ROOT = Path(__file__).parents[2]

#: Three files, the packed artifact, the manifest, the pointer.
FILES = 6

#: (verb, artifact or cache, address, seconds to live) → seconds it took, None if it was killed.
Mortal = Callable[[str, Path, str, float], float | None]


@pytest.fixture
def mortal() -> Iterator[Mortal]:
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("mortal.py"))],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        stdin, stdout = process.stdin, process.stdout

        def run(verb: str, place: Path, uri: str, seconds: float) -> float | None:
            stdin.write(f"{verb} {place} {uri} {seconds}\n")
            stdin.flush()
            answer = stdout.readline().strip()
            return None if answer == "killed" else float(answer)

        yield run


TIMES = [10, pytest.param(100, marks=pytest.mark.slow)]


def another(registry: Registry, number: int) -> Registry:
    """An empty registry beside this one."""
    if isinstance(registry, InS3):
        return dataclasses.replace(registry, prefix=f"number/{number}")
    assert isinstance(registry, InDirectory)
    (registry.folder / str(number)).mkdir(exist_ok=True)
    return InDirectory(registry.folder / str(number))


def span_of(act: Callable[[int], float | None]) -> float:
    """How long it takes when nobody kills it."""
    return min(seconds for seconds in map(act, [-1, -2, -3]) if seconds is not None)


@pytest.mark.parametrize("times", TIMES)
def test_a_publisher_killed_at_any_instant_leaves_a_whole_version_or_no_pointer(
    registry: Registry, artifact: Path, tmp_path: Path, mortal: Mortal, times: int
) -> None:
    span = span_of(lambda n: mortal("publish", artifact, another(registry, n).uri, 60))
    rng = random.Random()  # noqa: S311 - instants
    killed = 0

    for number in range(times):
        victim = another(registry, number)
        killed += mortal("publish", artifact, victim.uri, rng.uniform(0, span)) is None
        check_invariant(victim, tmp_path / "scratch")
        assert publish(artifact, victim.uri, client=victim.client).is_current
        assert len(victim.names()) == FILES

    assert killed >= times // 10


@pytest.mark.parametrize("times", TIMES)
def test_a_fetcher_killed_at_any_instant_leaves_nothing_that_looks_finished(
    registry: Registry, artifact: Path, tmp_path: Path, mortal: Mortal, times: int
) -> None:
    publish(artifact, registry.uri, client=registry.client)
    span = span_of(lambda n: mortal("fetch", tmp_path / f"cache{n}", registry.uri, 60))
    rng = random.Random()  # noqa: S311 - instants
    killed = 0

    for number in range(times):
        cache = tmp_path / f"cache{number}"
        killed += mortal("fetch", cache, registry.uri, rng.uniform(0, span)) is None
        for name in visible(cache):
            load_scorer(cache / name)
        load_scorer(fetch_current(registry.uri, cache, client=registry.client))

    assert killed >= times // 10
