"""A folder never looks finished while it is not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from training.atomic_files import arriving_together

NAMES = ["metrics.csv", "more.csv", "peer_dims.csv"]


def write(folder: Path, text: str) -> None:
    with arriving_together(folder, NAMES) as scratch:
        for name in NAMES:
            (scratch / name).write_text(text)


def test_a_writer_killed_while_writing_leaves_no_file_under_its_final_name(tmp_path: Path) -> None:
    killed_at_the_second_file = (
        "import os, signal, sys; from pathlib import Path\n"
        "from training.atomic_files import arriving_together\n"
        f"with arriving_together(Path(sys.argv[1]), {NAMES!r}) as scratch:\n"
        f"    (scratch / {NAMES[0]!r}).write_text('whole')\n"
        f"    (scratch / {NAMES[1]!r}).write_text('ha')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )

    killed = subprocess.run(
        [sys.executable, "-c", killed_at_the_second_file, str(tmp_path)],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
    )

    assert killed.returncode == -signal.SIGKILL
    assert list(tmp_path.glob("*.csv")) == []


@pytest.mark.parametrize("failing_rename", [0, 1, 2])
def test_a_writer_stopped_between_renames_leaves_no_peer_dims(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing_rename: int
) -> None:
    write(tmp_path, "old")
    rename, done = Path.replace, []

    def failing(self: Path, target: Path) -> Path:
        if len(done) == failing_rename:
            raise OSError("the disk is gone")
        done.append(target)
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(OSError, match="the disk is gone"):
        write(tmp_path, "new")

    assert not (tmp_path / "peer_dims.csv").exists()
    assert list(tmp_path.glob(".partial-*")) == []


def test_a_writer_that_fails_leaves_the_older_files_as_they_were(tmp_path: Path) -> None:
    write(tmp_path, "old")

    with pytest.raises(FileNotFoundError), arriving_together(tmp_path, NAMES) as scratch:
        (scratch / "no such folder" / NAMES[0]).write_text("ha")

    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == dict.fromkeys(
        NAMES, "old"
    )
