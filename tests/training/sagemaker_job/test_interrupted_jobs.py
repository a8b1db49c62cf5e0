"""SIGTERM and SIGKILL at any moment: what was done is kept, and the model is whole or not there."""

import random
import signal
import subprocess
import sys
import time

import pytest
from job_folders import JobFolder, digests

from training.sagemaker_job.stopping import EXIT_CODE, Stopped, Stopping

#: Between SIGTERM and SIGKILL.
GRACE_S = 120


@pytest.fixture
def whole_scorecard(tmp_path, tables):
    """Makes jobs of thirteen metrics."""

    def make(name, **hyperparameters):
        job = JobFolder(tmp_path / name, tables, **hyperparameters)
        (job.channel("scorecard") / "card.yaml").unlink()
        job.channel("scorecard").rmdir()
        return job

    return make


def stopped(process):
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=GRACE_S)
    return time.monotonic() - started, said


@pytest.fixture
def _handler_is_put_back():
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("_handler_is_put_back")
def test_sigterm_stops_a_run_once_until_its_model_is_written():
    stopping = Stopping(patience_s=86_400)
    stopping.listen()

    with pytest.raises(Stopped):
        signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGTERM)

    assert stopping.heard
    with stopping.held_back():
        signal.raise_signal(signal.SIGTERM)


ENDING = """
import os, signal, sys
from training.sagemaker_job.stopping import Stopping

class Last:
    # Collected when the interpreter has taken every handler of ours away.
    def __del__(self, kill=os.kill, pid=os.getpid(), number=signal.SIGTERM):
        kill(pid, number)

stopping = Stopping()
stopping.listen()
with stopping.held_back():
    signal.raise_signal(signal.SIGTERM)
signal.raise_signal(signal.SIGTERM)
sys.last = Last()
print("written", flush=True)
"""


def test_sigterm_after_the_model_is_written_does_not_make_a_stopped_run_of_it():
    done = subprocess.run(
        [sys.executable, "-c", ENDING], check=False, capture_output=True, text=True, timeout=60
    )

    assert (done.returncode, done.stdout) == (0, "written\n"), done.stderr


@pytest.mark.soak
def test_t14_sigterm_keeps_the_metrics_that_are_fitted_and_a_restart_ends_with_the_same_bytes(
    whole_scorecard,
):
    straight, broken = whole_scorecard("straight"), whole_scorecard("broken", jobs="1")
    assert straight.run() == 0
    process = broken.start()
    while process.stdout.readline() != "metrics_fitted=2;\n":
        assert process.poll() is None

    seconds, said = stopped(process)

    fitted = len(list(broken.checkpoints.glob("fits-*/*.fit")))
    assert process.returncode == EXIT_CODE
    assert seconds < GRACE_S / 4
    assert 2 <= fitted < 13
    assert list(broken.model.iterdir()) == []
    assert not (broken.root / "output" / "failure").exists()
    assert "checkpoints are kept" in said
    assert "Traceback" not in said
    again = broken.start()
    _, said = again.communicate(timeout=120)
    assert again.returncode == 0
    assert said.count("taken from its checkpoint") == fitted
    assert digests(broken.model) == digests(straight.model)


@pytest.mark.parametrize(
    "wait_s",
    [
        pytest.param(1.0, marks=pytest.mark.slow),
        *(pytest.param(wait_s, marks=pytest.mark.soak) for wait_s in (0.1, 0.3, 0.6, 1.5, 2.0)),
    ],
)
def test_t14_sigterm_before_anything_is_fitted_ends_the_job_too(job, wait_s):
    process = job.start()
    time.sleep(wait_s)

    seconds, said = stopped(process)

    assert "Traceback" not in said
    assert process.returncode in (EXIT_CODE, -signal.SIGTERM, 0), "0 if it was done already"
    assert seconds < GRACE_S / 4
    assert process.returncode == 0 or not any(job.model.glob("*"))


@pytest.mark.slow
def test_t15_killed_after_its_first_metric_a_restart_ends_with_the_same_bytes(job, model_bytes):
    process = job.start()
    while process.stdout.readline() != "metrics_fitted=1;\n":
        assert process.poll() is None

    process.kill()
    process.communicate(timeout=GRACE_S)

    assert not any(job.model.iterdir())
    assert list(job.checkpoints.glob("fits-*/*.fit"))
    assert job.run() == 0
    assert digests(job.model) == model_bytes


@pytest.mark.parametrize(
    ("number", "times"),
    [
        pytest.param(signal.SIGKILL, 40),
        pytest.param(signal.SIGTERM, 40),
    ],
)
@pytest.mark.soak
def test_t15_killed_at_any_instant_a_restart_ends_with_the_same_bytes(
    tmp_path, tables, model_bytes, number, times
):
    jobs = (JobFolder(tmp_path / str(count), tables, jobs="1") for count in range(times + 2))
    started = time.monotonic()
    first = next(jobs).start()
    first.communicate(timeout=GRACE_S)
    assert first.returncode == 0
    whole_s = time.monotonic() - started
    draw = random.Random(number)  # noqa: S311 (moments to stop at)
    job, killed = next(jobs), 0

    for _ in range(times):
        process = job.start()
        try:
            process.communicate(timeout=draw.uniform(0.3, 1.0) * whole_s)
            assert process.returncode == 0
        except subprocess.TimeoutExpired:
            process.send_signal(number)
            process.communicate(timeout=GRACE_S)
            killed += process.returncode != 0
        if process.returncode == 0:
            assert digests(job.model) == model_bytes
            job = next(jobs)

    last = job.start()
    _, said = last.communicate(timeout=120)
    assert last.returncode == 0, said
    assert digests(job.model) == model_bytes
    assert killed, "the moments were badly drawn"
