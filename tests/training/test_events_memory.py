"""A long file of events is read in little memory."""

import os
import subprocess
import sys

import pytest

READING = """
import sys
from pathlib import Path
from serving.scoring.column import Input
from training.tables import read_accounts

events = {"used": {"event": "credits_used", "take": "sum", "months": 12}}
folder = Path(sys.argv[1])
frame = read_accounts(folder, [Input("used")], peer_dimensions=(), events=events).frame
print(frame["used"].tolist())
"""


def peak_mb(folder, events):
    folder.mkdir()
    (folder / "peer_dims.csv").write_text("acct_id,last_updated\nA,2026-01-10\nB,2026-01-10\n")
    block = "A,credits_used,2026-01-01,1\nB,credits_used,2025-12-31,2\n" * 5_000
    with (folder / "events.csv").open("w") as file:
        file.write("acct_id,event,date,quantity\n")
        file.writelines(block for _ in range(events // 10_000))
    command = [sys.executable, "-c", READING, str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    told = process.stdout.read()
    process.stdout.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert (process.returncode, told) == (0, f"[{events / 2}, {events + 0.0}]\n")
    return usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


@pytest.mark.slow
def test_five_times_the_events_take_hardly_more_memory(tmp_path):
    some = peak_mb(tmp_path / "some", 500_000)
    many = peak_mb(tmp_path / "many", 2_500_000)

    assert many < some + 60, f"{some:.0f} MB, then {many:.0f} MB"
