"""kill -9 at any instant, of publishers and of fetchers."""

import dataclasses
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from registries import (
    InDirectory,
    InS3,
    Registry,
    check_invariant,
    pointer_of,
    version_of,
    visible,
)

from serving.registry import fetch_current
from serving.scoring import load_scorer
from training.registry import publish

ROOT = Path(__file__).parents[2]

#: Three files, the packed artifact, the publication, the manifest, the pointer.
FILES = 7

#: (verb, artifact or cache, address, seconds to live) → seconds it took, None if it was killed.
Mortal = Callable[[str, Path, str, float], float | None]


def start_mortals() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("mortal.py"))],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def mortal() -> Iterator[Mortal]:
    with start_mortals() as process:
        assert process.stdin is not None
        assert process.stdout is not None
        stdin, stdout = process.stdin, process.stdout

        def run(verb: str, place: Path, uri: str, seconds: float) -> float | None:
            stdin.write(f"{verb} {place} {uri} {seconds}\n")
            stdin.flush()
            answer = stdout.readline().strip()
            return None if answer == "killed" else float(answer)

        yield run


TIMES = [pytest.param(100, marks=pytest.mark.slow)]


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
    near_registry: Registry, artifact: Path, tmp_path: Path, mortal: Mortal, times: int
) -> None:
    span = span_of(lambda n: mortal("publish", artifact, another(near_registry, n).uri, 60))
    rng = random.Random()  # noqa: S311 - instants
    killed = 0

    for number in range(times):
        victim = another(near_registry, number)
        killed += mortal("publish", artifact, victim.uri, rng.uniform(0, span)) is None
        check_invariant(victim, tmp_path / "scratch")
        assert publish(artifact, victim.uri, client=victim.client).is_current
        assert len(victim.names()) == FILES

    assert killed >= times // 10


@pytest.mark.parametrize("times", TIMES)
def test_a_fetcher_killed_at_any_instant_leaves_nothing_that_looks_finished(
    near_registry: Registry, artifact: Path, tmp_path: Path, mortal: Mortal, times: int
) -> None:
    publish(artifact, near_registry.uri, client=near_registry.client)
    span = span_of(lambda n: mortal("fetch", tmp_path / f"cache{n}", near_registry.uri, 60))
    rng = random.Random()  # noqa: S311 - instants
    killed = 0

    for number in range(times):
        cache = tmp_path / f"cache{number}"
        killed += mortal("fetch", cache, near_registry.uri, rng.uniform(0, span)) is None
        for name in visible(cache):
            load_scorer(cache / name)
        load_scorer(fetch_current(near_registry.uri, cache, client=near_registry.client))

    assert killed >= times // 10


@pytest.mark.parametrize(
    ("times", "least"),
    [pytest.param(10, 1, marks=pytest.mark.slow), pytest.param(200, 100, marks=pytest.mark.soak)],
)
def test_a_promoter_killed_at_any_instant_leaves_a_pointer_to_a_whole_version(
    near_registry: Registry,
    artifacts: Callable[[int], Path],
    tmp_path: Path,
    mortal: Mortal,
    capsys: pytest.CaptureFixture[str],
    times: int,
    least: int,
) -> None:
    uri, client = near_registry.uri, near_registry.client
    publish(artifacts(0), uri, client=client)
    numbers = iter(range(1, 4))
    span = span_of(lambda _n: mortal("promote", artifacts(next(numbers)), uri, 60))
    rng = random.Random()  # noqa: S311 - instants
    killed, moved, seq = 0, 0, 4

    for number in range(4, 4 + times):
        was_killed = mortal("promote", artifacts(number), uri, rng.uniform(0, span)) is None
        killed += was_killed
        # Two of three are killed, however fast the machine is just now.
        span *= 1.05 if was_killed else 0.9
        current = load_scorer(fetch_current(uri, tmp_path / "cache", client=client))
        pointer = pointer_of(near_registry)
        assert pointer is not None
        assert current.artifact.version == pointer.version
        assert pointer.seq - seq == (pointer.version == version_of(artifacts(number)))
        moved, seq = moved + pointer.seq - seq, pointer.seq

    check_invariant(near_registry, tmp_path / "scratch")
    assert mortal("promote", artifacts(4), uri, 60) is not None
    after = pointer_of(near_registry)
    assert after is not None
    assert after.version == version_of(artifacts(4))
    with capsys.disabled():
        print(f" [{killed} of {times} were killed, {moved} moved the pointer]")  # noqa: T201
    assert killed >= least


@pytest.mark.slow
@pytest.mark.parametrize(
    ("near_registry", "rounds"),
    [
        ("s3", 2),
        pytest.param("directory", 2, marks=pytest.mark.slow),
        pytest.param("s3", 50, marks=pytest.mark.soak),
        pytest.param("directory", 50, marks=pytest.mark.soak),
    ],
    indirect=["near_registry"],
)
def test_three_promoters_at_once_lose_nothing(
    near_registry: Registry, artifacts: Callable[[int], Path], tmp_path: Path, rounds: int
) -> None:
    three = [start_mortals() for _ in range(3)]
    for first, process in enumerate(three):
        assert process.stdin is not None
        for number in range(first * rounds, (first + 1) * rounds):
            process.stdin.write(f"promote {artifacts(number)} {near_registry.uri} 60\n")
        process.stdin.close()

    for process in three:
        assert process.stdout is not None
        answers = process.stdout.read().split()
        process.stdout.close()
        assert len(answers) == rounds
        assert "killed" not in answers
        assert process.wait() == 0

    pointer = pointer_of(near_registry)
    assert pointer is not None
    assert pointer.seq == 3 * rounds
    wanted = {version_of(artifacts(number)) for number in range(3 * rounds)}
    names = near_registry.names()
    assert {name.split("/")[1] for name in names if name.endswith("manifest.json")} == wanted
    check_invariant(near_registry, tmp_path / "scratch")
