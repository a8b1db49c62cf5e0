"""Long work shows how far it is: a bar on a terminal, a line per metric elsewhere."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).parent / "scorecard"
METRICS = {"macro", "workflowrules", "workflows", "activation_rate", "utilization_rate"}


@pytest.mark.slow
def test_a_log_has_a_line_per_metric(run, small, five_metrics, tmp_path):
    done = run(
        "train", "--data", small, "--scorecard", five_metrics, "--out", "A", "--jobs", 1,
        cwd=tmp_path,
    )  # fmt: skip

    lines = [line for line in done.stderr.splitlines() if "fitted" in line]
    assert {re.fullmatch(r"INFO metrics fitted, \d of 5: (\w+)", each)[1] for each in lines} == (
        METRICS
    )
    assert len(lines) == 5
    assert "fitted (of" not in done.stdout
    assert "\r" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lines", "columns", "why"),
    [
        pytest.param(50, 132, "a window", marks=pytest.mark.slow),
        (0, 0, "as `docker exec -t` and serial lines leave it"),
    ],
)
def test_a_terminal_has_a_bar_and_stdout_has_none_of_it(
    small, five_metrics, tmp_path, lines, columns, why
):
    leader, follower = pty.openpty()
    fcntl.ioctl(leader, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    process = subprocess.Popen(
        [PROGRAM, "train", "--data", small, "--scorecard", five_metrics, "--out", "A"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=follower, text=True,
    )  # fmt: skip
    os.close(follower)
    seen: list[bytes] = []
    reader = threading.Thread(target=drain, args=(leader, seen))
    reader.start()

    printed, _ = process.communicate(timeout=180)
    reader.join()
    os.close(leader)

    shown = b"".join(seen).decode()
    assert process.returncode == 0
    assert "metrics fitted: " in shown, why
    assert "\r" in shown
    assert re.search(r"\b[1-5]/5\b", shown), "the last of them may be gone before it is drawn"
    assert "INFO" not in shown
    assert "\r" not in printed
    assert printed.startswith("on ")


def drain(leader, seen):
    # A pty whose other end is closed reads as an error on Linux, as the end elsewhere.
    try:
        while part := os.read(leader, 4096):
            seen.append(part)
    except OSError:
        pass
