"""Two hundred ways in which a download arrives damaged, on a real wire.

Where S3 sends a checksum, boto3 sees the damage and the object is read again. Where the headers
agree with the damaged body, the hash in the pointer and those in the manifest are what is left.
"""

import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from fault_proxy import Damage, Fault, FaultProxy, Plan
from registries import InDirectory, InS3, files_in, make_s3_client, visible

from serving.registry import RegistryError, fetch_current
from serving.registry.pointer import POINTER
from serving.scoring import load_scorer
from serving.scoring.artifact import GOLDEN, TABLES
from serving.scoring.manifest import MANIFEST
from training.registry import publish

SERVED = (TABLES, GOLDEN)
NAMES = (POINTER, MANIFEST, *SERVED)


@dataclass(frozen=True)
class Case:
    """The object `name`, damaged at a place; `hidden` if no header tells."""

    name: str
    place: int
    kind: str
    hidden: bool

    def damage(self) -> Damage:
        alter = self.cut if self.kind == "cut" else self.flip
        return Damage(alter, hidden=self.hidden)

    def cut(self, data: bytes) -> bytes:
        return data[: self.place]

    def flip(self, data: bytes) -> bytes:
        return data[: self.place] + bytes([data[self.place] ^ 1]) + data[self.place + 1 :]


def pick_cases(whole: dict[str, bytes], each: int) -> list[Case]:
    """Half cut, half flipped; half of each hidden; as many of each file, anywhere in it."""
    rng = random.Random(6)  # noqa: S311 - places
    ways = list(itertools.product(["cut", "flip"], [False, True], NAMES))
    return [
        Case(name, place, kind, hidden)
        for kind, hidden, name in ways
        for place in rng.sample(places(name, whole[name], kind, hidden=hidden), each // len(ways))
    ]


def places(name: str, data: bytes, kind: str, *, hidden: bool) -> range:
    """Where damage must be seen.

    The pointer is not hashed by anything. If no header tells, a byte of its note may differ; a byte
    of the version or of the manifest's hash may not. Its last byte ends the line.
    """
    if name == POINTER and hidden:
        if kind == "cut":
            return range(len(data) - 1)
        start = data.index(b'"version": "') + len(b'"version": "')
        return range(start, data.index(b'"', start))
    return range(len(data))


@pytest.fixture
def published(s3: InS3, artifact: Path) -> tuple[InS3, dict[str, bytes]]:
    version = publish(artifact, s3.uri, client=s3.client).version
    whole = {
        name: s3.get(name if name == POINTER else f"versions/{version}/{name}") for name in NAMES
    }
    return s3, whole


def the_first(times: int, fault: Fault, name: str) -> Plan:
    left = [fault] * times
    return lambda _number, _method, path: left.pop() if left and path.endswith(name) else None


@pytest.mark.parametrize("count", [32, pytest.param(208, marks=pytest.mark.slow)])
def test_two_hundred_damaged_downloads_are_seen_and_none_is_served(
    proxy: FaultProxy,
    published: tuple[InS3, dict[str, bytes]],
    artifact: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    count: int,
) -> None:
    monkeypatch.setattr("serving.registry.retry._FIRST_PAUSE_S", 0.0)
    registry, whole = published
    client = make_s3_client(proxy.endpoint)
    version = load_scorer(artifact).artifact.version
    cases = pick_cases(whole, count)
    healed = 0

    for number, case in enumerate(cases):
        cache = tmp_path / str(number)
        # As long as it arrives damaged it is refused.
        proxy.start(the_first(99, case.damage(), case.name))
        with pytest.raises(RegistryError):
            fetch_current(registry.uri, cache, client=client)
        assert visible(cache) == [], case
        # Damaged once: read again by itself, or refused and whole the next time.
        proxy.start(the_first(1, case.damage(), case.name))
        healed += fetched_at_once(lambda: fetch_current(registry.uri, cache, client=client))  # noqa: B023
        folder = fetch_current(registry.uri, cache, client=client)
        assert folder.name == version, case
        assert {name: (folder / name).read_bytes() for name in visible(folder)} == {
            name: whole[name] for name in (MANIFEST, *SERVED)
        }, case

    assert len(cases) == count
    # Of a version every file has a hash; it is read again where it does not match.
    assert healed == sum(not (case.hidden and case.name == POINTER) for case in cases)


def fetched_at_once(fetch: Callable[[], Path]) -> bool:
    try:
        load_scorer(fetch())
    except RegistryError:
        return False
    return True


def test_whichever_byte_of_the_pointer_is_altered_no_other_version_is_served(
    directory: InDirectory, artifact: Path, other: Path, tmp_path: Path
) -> None:
    version = publish(artifact, directory.uri).version
    publish(other, directory.uri)
    whole = directory.get(POINTER)
    honest = files_in(fetch_current(directory.uri, tmp_path / "cache"))
    served = 0

    for place, bit in itertools.product(range(len(whole)), [1, 4, 64]):
        directory.put(POINTER, whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :])
        try:
            folder = fetch_current(directory.uri, tmp_path / "cache")
        except RegistryError:
            continue
        served += 1
        assert folder.name == version
        assert files_in(folder) == honest

    # The note, the date and the number may differ; they decide nothing here.
    assert 0 < served < len(whole) * 3 / 2
