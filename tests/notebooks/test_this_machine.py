"""What notebook 01 and `make run` start on this machine, when something goes wrong."""

import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from tests.notebooks.executed import processes
from tests.notebooks.notebook_files import ROOT

pytestmark = pytest.mark.notebooks

BEGIN = f"""
import os, signal, sys
sys.path.append({str(ROOT / "deploy")!r})
from this_machine import DidNotRun, ThisMachine
machine = ThisMachine(sys.argv[1])
machine.start_s3()
"""


def run(folder: Path, mark: str, program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", BEGIN + program, str(folder)],
        env={**os.environ, "NOTEBOOKS_TEST": mark},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


def wait_for_the_end_of(mark: str) -> list[str]:
    until = time.monotonic() + 10
    while processes(mark) and time.monotonic() < until:
        time.sleep(0.1)
    return processes(mark)


@pytest.mark.parametrize(
    "end", ["sys.exit()", "raise KeyError('a cell')", "machine.stop(); machine.stop()"]
)
def test_the_end_of_the_program_ends_what_it_started(tmp_path, end):
    mark = uuid.uuid4().hex

    run(tmp_path, mark, end)

    assert wait_for_the_end_of(mark) == []


def test_a_proxy_of_the_environment_is_not_asked_for_what_is_on_this_machine(tmp_path, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    ended = run(tmp_path, uuid.uuid4().hex, "print('it runs')")

    assert ended.stdout == "it runs\n"


@pytest.mark.skipif(not shutil.which("setpriv"), reason="needs setpriv, which Linux has")
def test_a_kernel_that_is_killed_leaves_no_process(tmp_path):
    mark = uuid.uuid4().hex

    done = run(tmp_path, mark, "os.kill(os.getpid(), signal.SIGKILL)")

    assert done.returncode == -signal.SIGKILL
    assert wait_for_the_end_of(mark) == []


def test_what_does_not_start_is_named_with_the_end_of_its_log(tmp_path):
    mark = uuid.uuid4().hex

    # There is no model, so the container never becomes ready.
    done = run(
        tmp_path, mark, "import this_machine; this_machine.READY_S = 5\nmachine.start_container()"
    )

    assert f"container did not start; its log is {tmp_path / 'container.log'}" in done.stderr
    assert "s3://css-mini-local/models" in done.stderr
    assert '"/ping"' not in done.stderr
    assert wait_for_the_end_of(mark) == []


def test_an_aws_account_in_the_environment_is_not_touched(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of-somebody")
    shown = "print(sorted(name for name in os.environ if name.startswith('AWS_')))"

    done = run(tmp_path, uuid.uuid4().hex, f"machine.use_here()\n{shown}")

    assert done.stdout.strip() == str(
        ["AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_SECRET_ACCESS_KEY"]
    )
