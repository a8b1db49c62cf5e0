"""A file of scores is the same bytes, however many processes and wherever tables are joined."""

import datetime as dt
import gzip
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from health_artifact import build_health, without_stamp, write_tables

from serving.scoring import load_scorer
from training.bulk.scoring import score_file, score_folder
from training.errors import DataError

#: So little that tables are joined on the disk.
NO_MEMORY = 1
SCORECARD = [sys.executable, "-c", "from serving.cli import main; main()"]

#: More than a block of lines, so that processes have something to do.
MANY = 150_000
HEADER = "acct_id,active,bought,usage_tier,last_qbr,insider_call,insider_program\n"
LINE = "an account with a rather long name,5,10,high,2026-01-05,true,false\n"


@pytest.fixture(scope="module")
def artifact(tmp_path_factory):
    return build_health(tmp_path_factory.mktemp("health"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tables(tmp_path_factory.mktemp("tables"), 500)


def run(*arguments, **options):
    return subprocess.run(
        [*SCORECARD, "score", *map(str, arguments)],
        check=False, capture_output=True, text=True, **options,
    )  # fmt: skip


def start(*arguments):
    return subprocess.Popen(
        [*SCORECARD, "score", *map(str, arguments)], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    )


def workers_of(pid):
    """The worker processes of a process; Linux alone says which."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    if not children.exists():
        pytest.skip("this system does not tell a process's children")
    found: list[int] = []
    while not found:
        found = [
            int(child)
            for child in children.read_text().split()
            if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
        ]
    return found


def stampless(text):
    """A file of scores without when they were made."""
    return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", "", text)


def test_memory_disk_and_processes_write_the_same_bytes(artifact, folder, tmp_path):
    score_folder(artifact, folder, str(tmp_path / "memory.csv"))
    score_folder(artifact, folder, str(tmp_path / "disk.csv"), memory_bytes=NO_MEMORY)
    done = run(artifact, "--data", folder, "--out", tmp_path / "two.csv", "--jobs", 2,
               "--memory", "1MB")  # fmt: skip

    assert done.returncode == 0, done.stderr
    texts = [(tmp_path / f"{name}.csv").read_text() for name in ("memory", "disk", "two")]
    assert len({stampless(text) for text in texts}) == 1
    assert [row["acct_id"] for row in without_stamp(texts[1])] == [
        f"acct {number}" for number in range(500)
    ]


def test_a_name_that_ends_in_gz_is_packed(artifact, folder, tmp_path):
    for name in ("s.csv", "s.csv.gz"):
        score_folder(artifact, folder, str(tmp_path / name))

    unpacked = gzip.decompress((tmp_path / "s.csv.gz").read_bytes()).decode()
    assert stampless(unpacked) == stampless((tmp_path / "s.csv").read_text())


@pytest.mark.parametrize("memory", [NO_MEMORY, 2**31])
def test_parquet_holds_what_the_csv_does_and_the_version(artifact, folder, tmp_path, memory):
    for name in ("s.csv", "s.parquet"):
        score_folder(artifact, folder, str(tmp_path / name), memory_bytes=memory)

    table = pq.read_table(tmp_path / "s.parquet")
    rows = without_stamp((tmp_path / "s.csv").read_text())
    version = load_scorer(artifact).artifact.version
    assert set(table.column("artifact_version").to_pylist()) == {version}
    for name in rows[0]:
        written = [row[name] or None for row in rows]
        if table.schema.field(name).type == "double":
            written = [None if text is None else float(text) for text in written]
        assert table.column(name).to_pylist() == written


@pytest.mark.parametrize("memory", [NO_MEMORY, 2**31])
def test_ids_that_need_quotes_are_read_back(artifact, tmp_path, memory):
    names = [(3, "a,b"), (7, 'say "hi"')]
    folder = write_tables(tmp_path / "tables", 20, special=names)

    score_folder(artifact, folder, str(tmp_path / "s.csv"), memory_bytes=memory)

    text = (tmp_path / "s.csv").read_text()
    rows = without_stamp(text)
    assert [(place, rows[place]["acct_id"]) for place, _ in names] == names
    assert text.splitlines()[1].startswith('"acct 0"')


def test_one_file_with_everything_is_scored_whatever_its_format(artifact, tmp_path):
    rows = HEADER + "A,5,10,high,2026-01-05,true,false\nB,,,,,,\nC,x,1,low,,,\nD,1,1,low,,,\n"
    (tmp_path / "all.csv").write_text(rows)
    pd.read_csv(tmp_path / "all.csv", dtype=str).to_parquet(tmp_path / "all.parquet")
    found = []
    for name in ("all.csv", "all.parquet"):
        scored = score_file(
            artifact, str(tmp_path / name), str(tmp_path / "s.csv"),
            max_refused_share=0.5, scoring_date=dt.date(2026, 2, 1),
        )  # fmt: skip
        assert scored.count == 3
        assert [entry.line for entry in scored.refusals.entries] == [4]
        found.append(without_stamp((tmp_path / "s.csv").read_text()))

    assert found[0] == found[1]
    assert [row["acct_id"] for row in found[0]] == ["A", "B", "D"]


@pytest.mark.slow
def test_a_stream_is_scored_by_two_processes_in_its_order(artifact, tmp_path):
    lines = [LINE.replace("an account", f"{number:09}") for number in range(MANY)]
    text = HEADER + "".join(lines)
    for jobs in (1, 2):
        done = run(artifact, "--csv", "-", "--out", tmp_path / f"{jobs}.csv", "--jobs", jobs,
                   "--scoring-date", "2026-02-01", input=text)  # fmt: skip
        assert done.returncode == 0, done.stderr

    first, second = (stampless((tmp_path / f"{jobs}.csv").read_text()) for jobs in (1, 2))
    assert first == second
    assert [line[:9] for line in first.splitlines()[1:]] == [f"{n:09}" for n in range(MANY)]


@pytest.mark.slow
def test_a_worker_killed_in_the_middle_ends_the_run_and_leaves_nothing(artifact, tmp_path):
    scoring = start(artifact, "--csv", "-", "--out", tmp_path / "s.csv", "--jobs", 2,
                    "--scoring-date", "2026-02-01")  # fmt: skip
    scoring.stdin.write((HEADER + LINE * MANY).encode())
    scoring.stdin.flush()
    os.kill(workers_of(scoring.pid)[0], signal.SIGKILL)

    _, said = scoring.communicate((LINE * MANY).encode())

    assert scoring.returncode == 1
    assert b"error: a worker process was ended before its work was done" in said
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_leaves_neither_files_nor_processes(artifact, tmp_path, number):
    scoring = start(artifact, "--csv", "-", "--out", tmp_path / "s.csv", "--jobs", 2,
                    "--scoring-date", "2026-02-01")  # fmt: skip
    scoring.stdin.write((HEADER + LINE * MANY).encode())
    scoring.stdin.flush()
    workers = workers_of(scoring.pid)
    scoring.send_signal(number)

    _, said = scoring.communicate()

    assert scoring.returncode == 1
    assert b"Aborted!" in said
    assert b"Traceback" not in said
    assert not list(tmp_path.iterdir())
    assert not [pid for pid in workers if Path(f"/proc/{pid}").exists()]


def test_nothing_is_written_of_a_folder_that_cannot_be_used(artifact, folder, tmp_path):
    bad = write_tables(tmp_path / "bad", 10)
    (bad / "peer_dims.csv").write_text("acct_id\n")

    for memory in (NO_MEMORY, 2**31):
        with pytest.raises(DataError, match="were refused"):
            score_folder(artifact, bad, str(tmp_path / "s.csv"), memory_bytes=memory)

    assert not (tmp_path / "s.csv").exists()


def test_a_log_tells_of_progress_now_and_then(artifact, folder, tmp_path):
    done = run(artifact, "--data", folder, "--out", tmp_path / "s.csv", "--memory", "1 MB")

    assert "scored, 1 of 1: 500 accounts" in done.stderr
    assert "500 accounts scored" in done.stderr


@pytest.mark.parametrize("memory", ["many", "-1", "1.5GB", "GB"])
def test_a_size_that_is_none_is_wrong_usage(artifact, folder, tmp_path, memory):
    done = run(artifact, "--data", folder, "--out", tmp_path / "s.csv", "--memory", memory)

    assert done.returncode == 2
    assert "is no size" in done.stderr
