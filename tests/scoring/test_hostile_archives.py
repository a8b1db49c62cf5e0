import gzip
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from archive_builders import ZEROS
from hostile_archives import HOSTILE, Make

from serving.scoring import ArtifactError, load_scorer
from tests.audit import watched_writes

CASES = [(make, why, words) for words, cases in HOSTILE.items() for make, why in cases]


def peak_mb(act: Callable[[], object]) -> float:
    """How much memory that took at most, in MiB."""
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()


def refuse(path: Path) -> None:
    with pytest.raises(ArtifactError):
        load_scorer(path)


def test_sixty_hostile_archives_are_told_apart() -> None:
    assert len({why for _, why, _ in CASES}) >= 60


@pytest.mark.parametrize(("make", "why", "words"), CASES, ids=[f"{w}: {c}" for _, c, w in CASES])
def test_a_hostile_archive_is_refused_within_a_second_and_writes_nothing(
    make: Make, why: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    monkeypatch.chdir(inside)
    (inside / "model.tar.gz").write_bytes(make())
    start = time.process_time()

    with watched_writes() as written, pytest.raises(ArtifactError, match=words):
        load_scorer(inside / "model.tar.gz")

    # Unpacking 10 GB would take half a minute.
    assert time.process_time() - start < 1, why
    assert written == []
    there = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*"))
    assert there == ["a", "a/b", "a/b/model.tar.gz"]


def test_hostile_archives_take_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "model.tar.gz"
    peaks = []
    for make, _, _ in CASES:
        path.write_bytes(make())
        peaks.append(peak_mb(lambda: refuse(path)))

    assert len(peaks) == len(CASES)
    assert max(peaks) < 16
    assert peak_mb(lambda: gzip.decompress(ZEROS)) >= 64, "what would be taken is seen"


def test_what_is_written_would_be_seen(tmp_path: Path) -> None:
    with watched_writes() as written:
        (tmp_path / "folder").mkdir()
        (tmp_path / "file").write_bytes(b"")
        (tmp_path / "file").rename(tmp_path / "other")
        (tmp_path / "other").read_bytes()

    assert [event for event, _ in written] == ["os.mkdir", "open", "os.rename"]
