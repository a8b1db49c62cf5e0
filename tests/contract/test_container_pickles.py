"""A real container meets every pickle as its model, one after the other, and lives on."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.load.worker_state import workers_of
from tests.processes import UNPICKLED, Process
from tests.scoring.pickle_payloads import PARTS, PAYLOADS, write_payload


def refusals(container: Process) -> list[str]:
    return [line["reason"] for line in container.log_lines() if "reason" in line]


def wait_for_another_refusal(container: Process, act: Callable[[], object]) -> str:
    """Do something that the container refuses with other words than before; give them."""
    before = len(refusals(container))
    act()
    deadline = time.monotonic() + 20
    while len(refusals(container)) == before:
        assert time.monotonic() < deadline, container.log()
        time.sleep(0.01)
    return refusals(container)[-1]


@pytest.mark.slow
def test_a_container_refuses_every_pickle_and_serves_the_honest_model_that_follows(
    start_container: Callable[..., Process], tmp_path: Path
) -> None:
    place, marker = tmp_path / "model", tmp_path / "ran"
    container = start_container(SCORECARD_MODEL=str(place), SCORECARD_POLL_S="0.1")
    container.wait_for_ping(503)
    workers = workers_of(container.pid)

    for number, (name, payload, what) in enumerate(PAYLOADS):
        made = write_payload(tmp_path / f"{number}", name, payload(marker))

        wait_for_another_refusal(container, lambda: made.rename(place))  # noqa: B023

        assert not marker.exists(), what
        gone = wait_for_another_refusal(container, lambda: place.rename(tmp_path / "old"))
        assert "there is no artifact" in gone
        remove(tmp_path / "old")
    PARTS.write(tmp_path / "honest").rename(place)

    container.wait_for_ping(200)
    assert workers_of(container.pid) == workers != []
    assert UNPICKLED not in container.log().encode()


def remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
