"""What benchmarks say of a program is true of all its processes."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.benchmarks.process_tree import TreeWatch, memory_bytes, run_measured, tree

pytestmark = pytest.mark.slow

BURN = "import time\nwhile time.process_time() < {}: pass\n"
#: Written to, so that it is resident.
HOLD = "block = bytearray(b'x') * (64 << 20)\n"


def child_of_a_child(code):
    return f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {code!r}], check=True)\n"


def test_a_program_takes_what_its_children_s_children_take():
    code = child_of_a_child(child_of_a_child(BURN.format(1.0)))

    spent = run_measured([sys.executable, "-c", code])

    assert spent.cpu_s >= 1.0
    assert spent.wall_s > 0.0


def test_the_memory_is_that_of_all_processes_together():
    code = child_of_a_child(HOLD + BURN.format(1.0))

    spent = run_measured([sys.executable, "-c", HOLD + code])

    assert spent.peak_bytes > 128 << 20
    assert 64 << 20 < spent.largest_bytes < spent.peak_bytes


def test_a_server_beside_a_program_counts_from_when_the_program_begins():
    code = BURN.format(0.6) + "print('go', flush=True)\ninput()\n" + BURN.format(1.0) + "input()\n"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code], **pipes) as server:
        assert server.stdout.readline() == b"go\n"
        with TreeWatch([server.pid]) as watch:
            server.stdin.write(b"\n")
            server.stdin.flush()
            while watch.cpu_s < 0.3:
                time.sleep(0.01)
        server.communicate(b"\n")

    assert 0.3 <= watch.cpu_s < 0.6


def test_a_program_that_fails_ends_the_benchmark_with_what_it_said():
    with pytest.raises(SystemExit, match="no such account"):
        run_measured([sys.executable, "-c", "import sys; sys.exit('no such account')"])


def test_a_process_that_is_gone_has_no_children_and_no_memory():
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()

    assert tree([process.pid]) == []
    assert memory_bytes(process.pid) == 0


def test_without_proportional_sizes_resident_ones_count(monkeypatch):
    whole = Path.read_text
    monkeypatch.setattr(
        Path, "read_text", lambda self: denied(self) if self.name == "smaps_rollup" else whole(self)
    )

    assert memory_bytes(os.getpid()) > 1 << 20


def denied(path):
    raise PermissionError(path)
