"""Scores and archives appear whole, where they were asked for, or not at all."""

from __future__ import annotations

import io
import os
import stat
import sys
from types import SimpleNamespace

import pytest

from serving.scoring import InvalidInput, load_scorer
from serving.scoring.artifact import pack_artifact
from training.batch import pack_to
from training.bulk.scoring import score_file
from training.errors import TooManyRefused
from training.synthetic import write_sample
from training.train import train

CARD = """
schema: scorecard/v1
id: one
scale: {type: out_of_10, step: 1}
peer_dimensions: [acct_age, acct_size]
metrics: {macro: {kind: peer}}
components: {auto: {weight: 1, metrics: {macro: 1}}}
"""
HEADER = "acct_id,acct_age,acct_size,macro\n"


@pytest.fixture(scope="module")
def artifact(tmp_path_factory):
    folder = tmp_path_factory.mktemp("one_metric")
    write_sample(folder / "data", 60, 3)
    (folder / "card.yaml").write_text(CARD)
    train(folder / "data", folder / "card.yaml", folder / "A")
    return folder / "A"


@pytest.fixture
def score(artifact, tmp_path):
    def score(text, out=None, *, max_refused_share=0.01):
        (tmp_path / "in.csv").write_text(text)
        return score_file(
            artifact,
            str(tmp_path / "in.csv"),
            str(out or tmp_path / "s.csv"),
            max_refused_share=max_refused_share,
        ).count

    return score


def stdout(monkeypatch):
    stream = SimpleNamespace(buffer=io.BytesIO())
    monkeypatch.setattr(sys, "stdout", stream)
    return stream.buffer


def test_a_row_per_account_even_twice_the_same(score, tmp_path):
    count = score(HEADER + "A,12,50,3\nB,12,50,\nA,12,50,0\n")

    lines = (tmp_path / "s.csv").read_text().splitlines()
    assert count == 3
    assert [line.split(",")[0] for line in lines] == ["acct_id", "A", "B", "A"]
    assert lines[2].split(",")[1:4] == ["", "", ""]


def test_a_dash_streams_to_stdout(score, monkeypatch):
    written = stdout(monkeypatch)

    score(HEADER + "A,12,50,3\n", "-")

    assert len(written.getvalue().splitlines()) == 2


def test_a_closed_stdout_is_an_input_error(score, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)

    with pytest.raises(InvalidInput, match="stdout is closed"):
        score(HEADER + "A,12,50,3\n", "-")


def test_a_new_file_is_as_readable_as_the_umask_says_and_an_old_one_stays_so(score, tmp_path):
    mask = os.umask(0o027)
    try:
        score(HEADER, tmp_path / "new.csv")
        (tmp_path / "private.csv").touch(mode=0o600)
        score(HEADER, tmp_path / "private.csv")
    finally:
        os.umask(mask)

    assert stat.S_IMODE((tmp_path / "new.csv").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "private.csv").stat().st_mode) == 0o600


def test_a_run_that_is_refused_leaves_no_file(score, tmp_path):
    with pytest.raises(TooManyRefused):
        score(HEADER + "A,young,50,3\n", max_refused_share=0.5)

    assert {path.name for path in tmp_path.iterdir()} == {"in.csv"}


def test_as_many_refused_rows_as_allowed_are_left_out(score, tmp_path):
    assert score(HEADER + "A,young,50,3\nB,1,1,1\n", max_refused_share=0.5) == 1
    assert len((tmp_path / "s.csv").read_text().splitlines()) == 2


def test_the_input_may_be_the_output(score, tmp_path):
    score(HEADER + "A,12,50,3\n", tmp_path / "in.csv")

    assert (tmp_path / "in.csv").read_text().startswith("acct_id,auto_macro_metric_score,")


@pytest.mark.parametrize("kind", ["fifo", "device"])
def test_what_is_no_file_is_written_to_not_replaced(score, tmp_path, kind):
    place = tmp_path / kind
    try:
        # A null device like /dev/null: replacing the real one would break the machine.
        os.mkfifo(place) if kind == "fifo" else os.mknod(place, stat.S_IFCHR, os.makedev(1, 3))
    except (AttributeError, PermissionError):
        pytest.skip(f"no {kind} can be made here")
    reader = os.open(place, os.O_RDWR | os.O_NONBLOCK)
    before = place.stat()

    score(HEADER + "A,12,50,3\n", place)

    assert place.stat().st_mode == before.st_mode
    assert place.stat().st_ino == before.st_ino
    os.close(reader)


def test_a_folder_is_named_before_anything_is_scored(score, tmp_path):
    with pytest.raises(IsADirectoryError) as raised:
        score(HEADER, tmp_path)

    assert raised.value.filename == str(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"in.csv"}


def test_an_archive_is_packed_byte_for_byte(artifact, tmp_path):
    size = pack_to(artifact, tmp_path / "deep" / "model.tar.gz")

    packed = (tmp_path / "deep" / "model.tar.gz").read_bytes()
    assert packed == pack_artifact(artifact)
    assert size == len(packed)
    assert load_scorer(tmp_path / "deep" / "model.tar.gz").outputs == load_scorer(artifact).outputs
