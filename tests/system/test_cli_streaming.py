"""A long CSV is scored in little memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from serving.scoring import load_scorer

PROGRAM = Path(sys.executable).parent / "scorecard"


def peak_mb(artifact, rows, folder):
    columns = [column.name for column in load_scorer(artifact).inputs]
    path = folder / f"{rows}.csv"
    with path.open("w") as file:
        file.write(f"acct_id,{','.join(columns)}\n")
        cells = ",".join(["0.123456"] * len(columns))
        file.writelines(f"account-number-{row},{cells}\n" for row in range(rows))
    process = subprocess.Popen(
        [PROGRAM, "score", artifact, "--csv", path, "--out", folder / f"{rows}.out"],
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    with (folder / f"{rows}.out").open() as file:
        assert sum(1 for _ in file) == rows + 1
    return usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


@pytest.mark.slow
def test_twenty_times_the_rows_take_hardly_more_memory(trained, tmp_path):
    some = peak_mb(trained.artifact, 100_000, tmp_path)
    many = peak_mb(trained.artifact, 2_000_000, tmp_path)

    assert many < some + 60, f"{some:.0f} MB, then {many:.0f} MB"
