"""Runs that are refused, and results put where people look for them."""

from __future__ import annotations

import csv
import os
import stat

import pytest

#: Written out: these are what Data Cloud is told, so a rename must be noticed.
from attempts import read_scores

from serving.scoring import load_scorer


def broken_rows(data, folder, count):
    folder.mkdir()
    for path in data.glob("*.csv"):
        (folder / path.name).write_bytes(path.read_bytes())
    peers = folder / "peer_dims.csv"
    lines = peers.read_text().splitlines()
    for number in range(1, count + 1):
        account, _, size = lines[number].split(",")
        lines[number] = f"{account},young,{size}"
    peers.write_text("\n".join(lines) + "\n")
    return folder


def test_stdout_is_nothing_but_the_csv_even_when_there_is_much_to_say(
    run, small_trained, small, tmp_path
):
    done = run(
        "score", small_trained, "--data", broken_rows(small, tmp_path / "data", 5), "--out", "-",
        cwd=tmp_path,
    )  # fmt: skip

    rows = list(csv.reader(done.stdout.splitlines()))
    assert done.returncode == 0
    assert {len(row) for row in rows} == {len(rows[0])}
    assert "peer_dims.csv: 5 rows: acct_age is not a number" in done.stderr
    assert "list them with --refused FILE.csv" in done.stderr


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("train", "--out", "A"), "before anything is fitted"),
        (("score", "{artifact}", "--out", "s.csv"), "the whole folder was read"),
        (("score", "{artifact}", "--out", "-"), "and stdout stays empty"),
        (("evaluate", "{artifact}"), "figures on a tenth of the accounts would mislead"),
    ],
)
def test_too_many_refused_rows_exit_3_and_are_listed(
    run, small_trained, small, five_metrics, tmp_path, command, why
):
    data = broken_rows(small, tmp_path / "data", 300)
    arguments = [part.format(artifact=small_trained) for part in command]
    if command[0] == "train":
        arguments += ["--scorecard", str(five_metrics)]

    done = run(*arguments, "--data", data, "--refused", "list/refused.csv", cwd=tmp_path)

    assert done.returncode == 3, why
    assert done.stdout == ""
    assert done.stderr.startswith("refused: ")
    assert "more than the allowed 1.000%" in done.stderr
    rows = list(csv.reader((tmp_path / "list" / "refused.csv").read_text().splitlines()))
    assert rows[0] == ["file", "line", "reason"]
    assert rows[1][:2] == ["peer_dims.csv", "2"]
    assert "'young'" in rows[1][2]
    assert {path.name for path in tmp_path.iterdir()} == {"data", "list"}, "nothing half made"


def test_a_streamed_csv_with_too_many_refused_rows_leaves_the_old_scores(
    run, small_trained, tmp_path
):
    columns = [column.name for column in load_scorer(small_trained).inputs]
    cells = ",".join(["1"] * (len(columns) - 1))
    (tmp_path / "s.csv").write_text("old")

    done = run(
        "score", small_trained, "--csv", "-", "--out", "s.csv", "--refused", "r.csv", cwd=tmp_path,
        stdin=f"acct_id,{','.join(columns)}\nA,1,{cells}\nB,x,{cells}\n",
    )  # fmt: skip

    assert done.returncode == 3
    assert (tmp_path / "s.csv").read_text() == "old"
    assert (tmp_path / "r.csv").read_text().splitlines()[1].startswith("<stdin>,3,")
    assert {path.name for path in tmp_path.iterdir()} == {"s.csv", "r.csv"}


@pytest.mark.slow
def test_evaluating_accounts_that_were_all_fitted_says_so(run, small_trained, small, tmp_path):
    lonely = tmp_path / "data"
    lonely.mkdir()
    for path in small.glob("*.csv"):
        (lonely / path.name).write_text("\n".join(path.read_text().splitlines()[:2]) + "\n")
    # `tests/training/test_split.py` holds how accounts are dealt; this one is not kept out.
    for path in lonely.glob("*.csv"):
        header, row = path.read_text().splitlines()
        path.write_text(f"{header}\nfitted-1{row[row.index(',') :]}\n")

    kept_out = run("evaluate", small_trained, "--data", lonely, cwd=tmp_path)

    assert kept_out.returncode == 1
    assert "none of the 1 accounts was kept out of training; --all" in kept_out.stderr


def test_a_result_replaces_what_a_link_points_to(run, small_trained, small, tmp_path):
    (tmp_path / "real.csv").write_text("old")
    (tmp_path / "real.csv").chmod(0o600)
    (tmp_path / "link.csv").symlink_to("real.csv")

    run("score", small_trained, "--data", small, "--out", "link.csv", cwd=tmp_path)

    assert (tmp_path / "link.csv").is_symlink()
    assert len(read_scores(tmp_path / "real.csv")) == 1500
    assert stat.S_IMODE((tmp_path / "real.csv").stat().st_mode) == 0o600, "private stays private"


def test_a_linked_artifact_is_replaced_behind_its_link(run, small_trained, five_metrics, tmp_path):
    build = ("build", "--from", small_trained, "--out", "current", "--scorecard")
    (tmp_path / "current").symlink_to("v1")
    (tmp_path / "mine.yaml").write_text(five_metrics.read_text().replace("macro: 1,", "macro: 9,"))

    first = run(*build, five_metrics, cwd=tmp_path)
    second = run(*build, "mine.yaml", cwd=tmp_path)

    assert (first.returncode, second.returncode) == (0, 0), second.stderr
    assert (tmp_path / "current").is_symlink()
    assert load_scorer(tmp_path / "v1").artifact.version in second.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"current", "v1", "mine.yaml"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_named_pipe_is_written_to_not_replaced(launch, small_trained, small, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    process = launch("score", small_trained, "--data", small, "--out", "pipe", cwd=tmp_path)

    text = (tmp_path / "pipe").read_text()

    assert process.wait(180) == 0
    assert len(read_scores(text)) == 1500
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    process.communicate()
