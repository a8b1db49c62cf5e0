"""Work that is stopped, killed or runs out of disk leaves what was there before, whole."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from serving.scoring import load_scorer

FIRST_METRIC = "metrics fitted"


@pytest.fixture
def over_old(tmp_path, small_trained, small, five_metrics, launch):
    """Start `train --out A` over an existing artifact A; another seed makes another version."""
    shutil.copytree(small_trained, tmp_path / "A")
    (tmp_path / "scratch").mkdir()

    def begin():
        return launch(
            "train", "--data", small, "--scorecard", five_metrics, "--seed", 9, "--out", "A",
            cwd=tmp_path, TMPDIR=str(tmp_path / "scratch"),
        )  # fmt: skip

    return begin


@pytest.fixture(scope="session")
def versions(tmp_path_factory, small_trained, small, five_metrics, run):
    """The version that is there, and the one the interrupted run would make."""
    folder = tmp_path_factory.mktemp("new")
    run(
        "train", "--data", small, "--scorecard", five_metrics, "--seed", 9, "--out", "A", cwd=folder
    )
    made = [load_scorer(path).artifact.version for path in (small_trained, folder / "A")]
    assert made[0] != made[1]
    return made


def until_fitting(process):
    """Wait until the program is past its start; give what it has said."""
    said = ""
    for line in process.stderr:
        said += line
        if FIRST_METRIC in line:
            return said
    raise AssertionError(f"ended early: {said}")


def ended(process, said=""):
    _, rest = process.communicate(timeout=180)
    return process.returncode, said + rest


def strays(folder):
    return [
        str(path.relative_to(folder))
        for place in (folder, folder / "scratch")
        for path in place.iterdir()
        if path.name not in ("A", "scratch")
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "wait_s"),
    [
        (signal.SIGTERM, 0.4),
        pytest.param(signal.SIGINT, 0.0, marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, 0.2, marks=pytest.mark.slow),
    ],
)
def test_a_stopped_training_leaves_the_old_artifact_and_nothing_else(
    tmp_path, over_old, versions, number, wait_s
):
    process = over_old()
    said = until_fitting(process)
    time.sleep(wait_s)

    process.send_signal(number)
    code, said = ended(process, said)

    assert code in (0, 1, -number), "done already, stopped, or stopped after all was tidied up"
    assert code != 1 or said.endswith("Aborted!\n")
    assert "Traceback" not in said
    assert load_scorer(tmp_path / "A").artifact.version in versions
    assert strays(tmp_path) == []


@pytest.mark.slow
def test_a_killed_training_leaves_an_artifact_that_loads(tmp_path, over_old, versions):
    process = over_old()
    until_fitting(process)
    time.sleep(0.3)

    process.kill()
    ended(process)

    assert load_scorer(tmp_path / "A").artifact.version in versions
    assert all(name.startswith((".", "scratch/")) for name in strays(tmp_path))


@pytest.mark.slow
def test_an_impatient_second_interrupt_prints_no_traceback_either(tmp_path, over_old, versions):
    process = over_old()
    said = until_fitting(process)

    for _ in range(3):
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
    _, said = ended(process, said)

    assert "Traceback" not in said
    assert "Exception ignored" not in said
    assert load_scorer(tmp_path / "A").artifact.version in versions


@pytest.mark.soak
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_thirty_trainings_stopped_at_any_moment_leave_an_artifact_that_loads(
    tmp_path, over_old, versions, number
):
    draw = random.Random(number)  # noqa: S311 (moments to stop at)
    started = time.monotonic()
    process = over_old()
    ended(process)
    whole_s = time.monotonic() - started
    codes = []

    for _ in range(30):
        process = over_old()
        time.sleep(draw.uniform(0.0, 1.1 * whole_s))
        process.send_signal(number)
        codes.append(ended(process)[0])

        assert load_scorer(tmp_path / "A").artifact.version in versions
        if codes[-1] == 1:
            assert strays(tmp_path) == []

    assert set(codes) <= {0, 1, -number}
    assert len(set(codes)) > 1, "the moments were badly drawn"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_stopped_scoring_leaves_the_old_scores(tmp_path, launch, small_trained):
    os.mkfifo(tmp_path / "accounts")
    (tmp_path / "s.csv").write_text("old")
    columns = [column.name for column in load_scorer(small_trained).inputs]
    process = launch("score", small_trained, "--csv", "accounts", "--out", "s.csv", cwd=tmp_path)

    with (tmp_path / "accounts").open("w") as pipe:
        pipe.write(f"acct_id,{','.join(columns)}\n")
        pipe.flush()
        # It has opened the pipe and waits for more; what it writes to is there by then.
        until(lambda: list(tmp_path.glob(".s.csv.*")))
        process.terminate()
    # Closed only now, and before the wait: a signal that comes just before a read blocks is
    # noticed when the read returns.
    code, said = ended(process)

    assert code == 1
    assert said.strip() == "Aborted!"
    assert (tmp_path / "s.csv").read_text() == "old"
    assert {path.name for path in tmp_path.iterdir()} == {"accounts", "s.csv"}


def until(is_so, patience_s=120.0):
    give_up = time.monotonic() + patience_s
    while not is_so():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def test_a_program_started_with_nohup_goes_on_when_the_terminal_goes(
    tmp_path, small_trained, small
):
    program = Path(sys.executable).parent / "scorecard"
    line = f"trap '' HUP; exec '{program}' score '{small_trained}' --data '{small}' --out s.csv"
    process = subprocess.Popen(["bash", "-c", line], cwd=tmp_path, stderr=subprocess.PIPE)
    until(lambda: list(tmp_path.glob(".s.csv.*")) or process.poll() is not None)

    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=180)

    assert process.returncode == 0
    assert (tmp_path / "s.csv").exists()


@pytest.fixture
def full_disk(tmp_path):
    """A file system of 3 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "none", folder]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root can mount a small disk, and not in every container")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.slow
def test_a_full_disk_leaves_the_old_artifact_and_the_old_scores(
    full_disk, run, small_trained, small, five_metrics, tmp_path
):
    shutil.copytree(small_trained, full_disk / "A")
    (full_disk / "s.csv").write_text("old")
    free = shutil.disk_usage(full_disk).free
    (full_disk / "ballast").write_bytes(b"x" * (free - 2**16))
    (tmp_path / "mine.yaml").write_text(five_metrics.read_text().replace("macro: 1,", "macro: 9,"))
    before = {path.name for path in full_disk.iterdir()}
    version = load_scorer(full_disk / "A").artifact.version
    build = ("build", "--scorecard", "mine.yaml", "--from", full_disk / "A", "--out")

    train = ("train", "--data", small, "--scorecard", five_metrics, "--seed", 9, "--out")

    trained = run(*train, full_disk / "A", cwd=tmp_path)
    built = run(*build, full_disk / "A", cwd=tmp_path)
    scored = run(
        "score", small_trained, "--data", small, "--out", full_disk / "s.csv", cwd=tmp_path
    )
    packed = run("pack", small_trained, "--out", full_disk / "m.tar.gz", cwd=tmp_path)

    for done in (trained, built, scored, packed):
        assert done.returncode == 1
        assert "No space left on device" in done.stderr
        assert str(full_disk) in done.stderr
        assert "Traceback" not in done.stderr
    assert {path.name for path in full_disk.iterdir()} == before
    assert load_scorer(full_disk / "A").artifact.version == version
    assert (full_disk / "s.csv").read_text() == "old"
