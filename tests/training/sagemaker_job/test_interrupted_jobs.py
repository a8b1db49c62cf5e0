"""SIGTERM and SIGKILL at any moment: what was done is kept, and the model is whole or not there."""

import random
import signal
import subprocess
import time

import pytest
from job_folders import JobFolder, digests

from training.sagemaker_job.stopping import EXIT_CODE

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


@pytest.mark.slow
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


@pytest.mark.parametrize(
    ("number", "times"),
    [
        pytest.param(signal.SIGKILL, 2, marks=pytest.mark.slow),
        pytest.param(signal.SIGKILL, 40, marks=pytest.mark.soak),
        pytest.param(signal.SIGTERM, 40, marks=pytest.mark.soak),
    ],
)
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
