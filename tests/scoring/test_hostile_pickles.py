"""No file of an artifact is ever unpickled, whatever it holds and wherever it lies."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from pickle_payloads import FOR_PEOPLE, PAYLOADS, RUNNING, Payload, parts_for_people, write_payload

from serving.scoring import ArtifactError, load_scorer
from tests.audit import UNPICKLED, watched

UNPICKLE = "import pickle, sys; pickle.load(open(sys.argv[1], 'rb'))"


def test_thirty_payloads_are_told_apart() -> None:
    assert len({what for _, _, what in PAYLOADS}) == len(PAYLOADS) >= 30


@pytest.mark.parametrize(("place", "payload", "what"), PAYLOADS, ids=[p[2] for p in PAYLOADS])
def test_a_pickle_as_a_file_of_an_artifact_is_refused_and_never_loaded(
    place: str, payload: Payload, what: str, tmp_path: Path
) -> None:
    marker = tmp_path / "ran"
    path = write_payload(tmp_path / "model", place, payload(marker))

    with watched(UNPICKLED) as unpickled, pytest.raises(ArtifactError):
        load_scorer(path)

    assert unpickled == [], what
    assert not marker.exists(), what


@pytest.mark.parametrize("name", FOR_PEOPLE)
def test_a_pickle_among_the_files_for_people_is_never_opened(name: str, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    folder = parts_for_people(name, marker).write(tmp_path / "model")

    with watched(UNPICKLED, "open") as seen:
        load_scorer(folder)

    assert {Path(what[0]).name for event, what in seen if event == "open"} >= {"golden.json"}
    assert not any(event == UNPICKLED or name in str(what[0]) for event, what in seen)
    assert not marker.exists()


@pytest.mark.parametrize("what", RUNNING)
def test_whoever_loads_such_a_payload_is_hit(what: str, tmp_path: Path) -> None:
    (tmp_path / "payload").write_bytes(RUNNING[what](tmp_path / "ran"))

    subprocess.run([sys.executable, "-c", UNPICKLE, str(tmp_path / "payload")], check=True)

    # What was started is perhaps still at it.
    until = time.monotonic() + 5
    while not (tmp_path / "ran").exists():
        assert time.monotonic() < until
        time.sleep(0.01)
