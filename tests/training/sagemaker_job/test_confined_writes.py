"""A job writes to its model, its output, its checkpoints and /tmp, and nowhere else."""

import os
import subprocess
from pathlib import Path

import pytest
from job_folders import digests

from tests.audit import watched_writes
from tests.processes import BIN

SCRIPT = Path(__file__).with_name("read_only_container.sh")


def can_mount():
    tried = ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"]
    try:
        return subprocess.run(tried, check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@pytest.mark.slow
def test_t10_t20_a_job_needs_nothing_else_to_be_writable(job, tmp_path, model_bytes):
    if not can_mount():
        pytest.skip("only root can mount a read-only file system, and not in every container")
    if not tmp_path.is_relative_to("/tmp"):  # noqa: S108 (it is what stays writable)
        pytest.skip("the tests' own files are not in /tmp")
    (tmp_path / "out").mkdir()
    (job.root / "checkpoints").rmdir()
    kept = {"PATH", "HOME", "PYTHONPATH", "TMPDIR"}
    environ = {name: value for name, value in os.environ.items() if name in kept}

    done = subprocess.run(
        ["unshare", "--mount", "sh", SCRIPT, job.root, tmp_path / "out", BIN / "train"],
        check=False,
        capture_output=True,
        text=True,
        env=environ,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert digests(tmp_path / "out" / "model") == model_bytes
    assert list((tmp_path / "out" / "checkpoints").glob("fits-*/*.fit"))
    assert (tmp_path / "out" / "output" / "data" / "evaluation.json").is_file()


@pytest.mark.slow
def test_t20_python_itself_sees_no_other_write(job, tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    allowed = tuple(map(str, (job.model, job.root / "output", job.checkpoints, scratch)))

    with watched_writes() as written:
        assert job.run() == 0

    paths = [str(path) for _, (path, *_) in written if isinstance(path, str | Path)]
    assert paths
    assert [path for path in paths if path.startswith("/") and not path.startswith(allowed)] == []


@pytest.mark.soak
def test_t10_a_channel_is_left_as_it_was(job, tables):
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in tables.iterdir()}

    assert job.run() == 0
    assert {
        path: (path.stat().st_mtime_ns, path.read_bytes()) for path in tables.iterdir()
    } == before
