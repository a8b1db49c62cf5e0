"""Long work shows a bar on a terminal and in a notebook, and nothing elsewhere."""

import os
import pty
import subprocess
import sys

WORK = """
import sys, time, warnings
warnings.simplefilter("error")
if "notebook" in sys.argv:
    # What a kernel has: the module, and a shell whose settings name the kernel.
    class Shell: config = {"IPKernelApp": {}}
    class IPython:
        @staticmethod
        def get_ipython(): return Shell
    sys.modules["IPython"] = IPython
from training.progress import progress_bar
with progress_bar("metrics fitted") as done:
    for name in ("one", "two"):
        time.sleep(0.12)  # A bar draws itself ten times a second at most.
        done(name, 2)
"""


def start(*arguments, stderr=subprocess.PIPE, program=WORK):
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_program_without_a_terminal_shows_nothing():
    done = start()

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_notebook_shows_a_bar_and_no_warning():
    done = start("notebook")

    assert done.returncode == 0, done.stderr
    assert "metrics fitted" in done.stderr
    assert "2/2" in done.stderr
    assert "Warning" not in done.stderr


def test_a_terminal_shows_a_bar():
    leader, follower = pty.openpty()

    done = start(stderr=follower)
    os.close(follower)
    shown = os.read(leader, 65536).decode()
    os.close(leader)

    assert done.returncode == 0
    assert "metrics fitted" in shown
    assert "2/2" in shown


def test_who_asked_for_lines_gets_one_per_step():
    logging = "import logging; logging.basicConfig(level=logging.INFO)\n"

    done = start(program=logging + WORK)

    assert done.stderr.splitlines() == [
        "INFO:training.progress:metrics fitted, 1 of 2: one",
        "INFO:training.progress:metrics fitted, 2 of 2: two",
    ]


def test_a_program_without_stderr_goes_on():
    done = start(program="import sys; sys.stderr = None\n" + WORK)

    assert done.returncode == 0
