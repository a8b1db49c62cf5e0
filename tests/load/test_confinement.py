"""Places where little is allowed: H12, H13, H15 and rows 51, 52 and 54."""

import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.load.bodies import accounts, as_json, many_rows, one_row
from tests.load.client import Load
from tests.load.conftest import SERVE
from tests.load.worker_state import workers_of
from tests.processes import call

SOMEBODY = 23456  # a uid no user has
SCRATCH = ("/tmp", "/dev/shm")  # noqa: S108 (all that SageMaker and Docker leave writable)

#: Becomes somebody who owns nothing, then runs the rest of the command.
BECOME = f"""
import os, sys

pytestmark = pytest.mark.slow
os.setgroups([])
os.setgid({SOMEBODY})
os.setuid({SOMEBODY})
os.execv(sys.argv[1], sys.argv[1:])
"""


def succeeds(command):
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def with_own_mounts(script, command):
    """Run a program after a script whose mounts nobody else sees."""
    return ("unshare", "--mount", "sh", "-ec", f'{script}\nexec "$@"', "sh", *command)


@pytest.fixture
def may_mount():
    if not shutil.which("unshare") or not succeeds(
        with_own_mounts("mount -t tmpfs tmpfs /mnt", ["true"])
    ):
        pytest.skip("needs the right to mount: root on Linux")


@pytest.fixture
def public_model(model):
    """A copy that everybody may read, and that stays in sight when /tmp is covered."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        place = Path(folder)
        place.chmod(0o755)
        yield shutil.copytree(model, place / "model")


def serves(container):
    tally = Load(container.port, [one_row(), many_rows()], clients=2).run(count=40)
    return tally.answered == {200: 40}


@pytest.mark.parametrize("writable", SCRATCH)
def test_h12_it_serves_from_a_read_only_root(start, may_mount, writable):
    script = f"""
        mount --bind {SCRATCH[0]} {SCRATCH[0]}
        mount --bind {SCRATCH[1]} {SCRATCH[1]}
        for place in {" ".join({*SCRATCH, "/"} - {writable})}; do
            mount -o remount,bind,ro $place
            if touch $place/a-file; then exit 9; fi
        done
    """

    container = start(with_own_mounts(script, SERVE), HOME="/nowhere")

    assert serves(container)


def test_h12_nothing_is_written_into_the_model_s_directory(start, public_model):
    before = [(path, path.stat().st_mtime_ns) for path in sorted(public_model.rglob("*"))]

    container = start(SCORECARD_MODEL=str(public_model))

    assert serves(container)
    assert [(path, path.stat().st_mtime_ns) for path in sorted(public_model.rglob("*"))] == before


def test_it_serves_with_a_full_tmp(start, may_mount, public_model):
    tmp = SCRATCH[0]
    if Path(sys.prefix).is_relative_to(tmp):
        pytest.skip(f"this environment lies in {tmp}, which the test covers")
    script = f"mount -t tmpfs -o size=1m tmpfs {tmp}; cat /dev/zero >{tmp}/full || true"

    container = start(with_own_mounts(script, SERVE), SCORECARD_MODEL=str(public_model))

    assert serves(container)
    assert not [line for line in container.log_lines() if line["level"] == "error"]


def test_h15_it_serves_as_an_arbitrary_user(start, may_mount, public_model):
    become = [sys.executable, "-c", BECOME]
    open_python = python_for_everybody()
    if not succeeds(with_own_mounts(open_python, [*become, sys.executable, "-c", "import flask"])):
        pytest.skip("others may not read this environment")

    container = start(
        with_own_mounts(open_python, [*become, *SERVE]),
        SCORECARD_MODEL=str(public_model),
        HOME="/nowhere",
    )

    (worker,) = workers_of(container.pid)
    assert f"Uid:\t{SOMEBODY}" in Path(f"/proc/{worker}/status").read_text()
    assert serves(container)


def python_for_everybody():
    """Give a script that shows the interpreter to all where it lies in a private home."""
    home = Path(sys.base_prefix)
    private = [parent for parent in home.parents if not parent.stat().st_mode & stat.S_IXOTH]
    if not private:
        return ""
    return f"""
        mount --bind {home} /mnt
        mount -t tmpfs -o mode=755 tmpfs {private[-1]}
        mkdir -p {home}
        mount --bind /mnt {home}
    """


def test_h13_unknown_variables_and_amazon_s_headers_are_ignored(start):
    container = start(
        SAGEMAKER_SOMETHING_NEW="yes",
        SAGEMAKER_SAFE_PORT_RANGE="9000-9100",
        SCORECARD_OF_LATER="?",
        AWS_CONTAINER_CREDENTIALS_RELATIVE_URI="/v2/credentials/x",
    )

    answer = call(
        container.port,
        "POST",
        "/invocations",
        as_json(accounts(1)),
        Content_Type="application/json",
        X_Amzn_SageMaker_Inference_Id="7",
        X_Amzn_SageMaker_Target_Model="none.tar.gz",
        X_Amzn_Something_New="x" * 1000,
        X_Amzn_Trace_Id="Root=1-67891233-abcdef012345678912345678",
    )

    assert answer.status == 200


def test_no_socket_is_left_for_others_to_command_the_server(start):
    before = Path("/proc/net/unix").read_text().count("gunicorn")

    start()

    assert Path("/proc/net/unix").read_text().count("gunicorn") == before
