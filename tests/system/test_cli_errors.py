"""Hostile and clumsy use: one clear message and the right exit code, never a traceback."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from serving.cli import root
from serving.scoring import load_scorer
from training.cli import add_commands

add_commands(root)

BROKEN_CARD = """
schema: scorecard/v1
id: broken
scale: {type: out_of_11}
peer_dimensions: [acct_age]
metrics: {bots: {kind: peer, upperr: 1}}
components: {auto: {weight: -1, metrics: {bots: 1, robots: 1}}}
"""


@pytest.fixture(autouse=True)
def _logging_as_it_was():
    """The program sets logging up for itself; here it runs inside the tests."""
    logger = logging.getLogger()
    before, level = logger.handlers[:], logger.level
    yield
    logger.handlers[:] = before
    logger.setLevel(level)


@pytest.fixture
def here(tmp_path, monkeypatch, small, small_trained, five_metrics):
    """A working folder with data, artifact and card, and what goes wrong in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").symlink_to(small)
    shutil.copytree(small_trained, tmp_path / "A")
    shutil.copy(five_metrics, tmp_path / "card.yaml")
    (tmp_path / "broken.yaml").write_text(BROKEN_CARD)
    (tmp_path / "file").write_text("not what you think\n")
    (tmp_path / "empty").mkdir()
    (tmp_path / "no_peers").mkdir()
    shutil.copy(small / "usage_metrics.csv", tmp_path / "no_peers")
    (tmp_path / "no_usage").mkdir()
    for name in ("peer_dims.csv", "product_metrics.csv"):
        shutil.copy(small / name, tmp_path / "no_usage")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "diary.txt").write_text("dear diary")
    return tmp_path


def attempt(line):
    done = CliRunner().invoke(root, line.split() if isinstance(line, str) else line)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def tree(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


TRAIN = "train --scorecard card.yaml --data"


@pytest.mark.parametrize(
    ("line", "says", "why"),
    [
        ("train --data data --out x --seed -1", "--seed", "numpy takes none below 0"),
        ("train --data data --out x --seed 9223372036854775808", "--seed", "nor XGBoost this"),
        ("train --data data --out x --seed pi", "--seed", "not a number"),
        ("train --data data --out x --jobs 0", "--jobs", "nobody works"),
        ("train --data data --out x --max-refused 1%", "--max-refused", "a share, not per cent"),
        ("train --data data --out x --max-refused 2", "--max-refused", "more than all"),
        ("train --data data --out x --max-refused nan", "not a number from 0", "allows anything"),
        ("train --data data --out x --scoring-date 05.01.2026", "%Y-%m-%d", "another date order"),
        ("train --data file --out x", "is a file", "a file is not a folder of CSVs"),
        ("train --data data --scorecard empty --out x", "is a directory", "not a card"),
        ("score A --out x.csv", "give one of --data and --csv", "nothing to score"),
        ("score A --data data --csv - --out x.csv", "give one of --data and --csv", "two things"),
        ("score A --data data", "Missing option '--out'", "where to"),
        ("score A --data data --out A/s.csv", "is inside the artifact", "it would not load then"),
        ("score A --data data --out s.csv --refused A/r.csv", "is inside the artifact", "nor so"),
        ("score A --csv - --out A/plots/s.csv", "is inside the artifact", "nor deeper"),
        ("evaluate A --data data --refused A/r.csv", "is inside the artifact", "nor here"),
        ("pack A --out A/model.tar.gz", "is inside the artifact", "an archive of itself"),
        ("pack A --out empty", "is a directory", "an archive is a file"),
        ("lint", "give a definition, or --write-schema", "nothing to do"),
        ("build --scorecard card.yaml --out x", "give --from an artifact", "needs a fit"),
        ("data sample --seed -1 --out x", "--seed", "numpy takes none below 0"),
        ("data sample --accounts 0 --out x", "--accounts", "no accounts"),
        ("data sample --accounts 99999999999999 --out x", "--accounts", "no machine holds them"),
        ("data sample --out file", "is a file", "three CSVs need a folder"),
    ],
)
def test_wrong_use_exits_2_and_says_what(here, line, says, why):
    before = tree(here)

    done = attempt(line)

    assert done.exit_code == 2, why
    assert says in " ".join(done.stderr.split())
    assert "--help' for help" in done.stderr
    assert done.stdout == ""
    assert tree(here) == before


@pytest.mark.parametrize(
    ("line", "says", "why"),
    [
        (f"{TRAIN} nowhere --out x", "nowhere is not a folder", "no data"),
        (f"{TRAIN} empty --out x", "no peer_dims.csv; it has no CSV at all", "an empty folder"),
        (f"{TRAIN} no_peers --out x", "it has usage_metrics.csv", "the one that says who"),
        (f"{TRAIN} no_usage --out x", "no file has macro, workflowrules, workflows", "columns"),
        (f"{TRAIN} data --out file", "file is a file", "an artifact is a directory"),
        (f"{TRAIN} data --out file/x", "is a file; file/x cannot be made", "a file on the way"),
        (f"{TRAIN} data --out notes", "is not empty and not an artifact", "somebody's diary"),
        (f"{TRAIN} data --out .", "is the current directory", "it would be moved away"),
        (f"{TRAIN} data --out ..", "or holds it", "or what it is in"),
        (f"{TRAIN} data --out x --refused file/r.csv", "file", "said before the fit, not after"),
        ("train --data data --scorecard none.yaml --out x", "cannot read the scorecard", "absent"),
        ("evaluate nowhere --data data", "there is no artifact at nowhere", "absent"),
        ("evaluate file --data data", "not a model.tar.gz", "not an archive"),
        ("score empty --data data --out s.csv", "manifest.json is missing", "not an artifact"),
        ("score A --data nowhere --out s.csv", "nowhere is not a folder", "no data"),
        ("score A --data no_usage --out s.csv", "no file has macro", "columns are missing"),
        ("score A --csv none.csv --out s.csv", "none.csv: No such file", "absent"),
        ("score A --csv empty --out s.csv", "empty: Is a directory", "a folder is --data"),
        ("score A --csv file --out s.csv", "has no column acct_id", "not a table of accounts"),
        ("score A --csv data/peer_dims.csv --out s.csv", "missing columns: activation", "some"),
        ("score A --data data --out empty", "empty: Is a directory", "a CSV is a file"),
        ("score A --data data --out file/s.csv", "file/s.csv: ", "a file on the way"),
        ("pack A --out file/m.tar.gz", "file/m.tar.gz: ", "a file on the way"),
        ("pack nowhere --out m.tar.gz", "there is no artifact at nowhere", "absent"),
        ("lint none.yaml", "cannot read the scorecard none.yaml", "absent"),
        ("build --scorecard card.yaml --from nowhere --out x", "no artifact at nowhere", "absent"),
        ("build --scorecard card.yaml --from A --out file", "file is a file", "as for train"),
        ("build --scorecard card.yaml --from A --out notes", "not an artifact", "as for train"),
        ("data sample --accounts 5 --out file/x", "file/x: Not a directory", "on the way"),
    ],
)
def test_what_cannot_be_done_exits_1_with_one_message(here, line, says, why):
    before = tree(here)

    done = attempt(line)

    assert done.exit_code == 1, why
    message = done.stderr.splitlines()[-1]
    assert message.startswith("error: ")
    assert says in message
    assert "metrics fitted" not in done.stderr, "said before the work, not after it"
    assert done.stdout == ""
    assert tree(here) == before


@pytest.mark.parametrize(
    "line",
    [
        "train --data data --scorecard broken.yaml --out x",
        "build --scorecard broken.yaml --from A --out x",
        "lint broken.yaml",
    ],
)
def test_a_broken_definition_exits_2_with_every_mistake_and_its_line(here, line):
    done = attempt(line)

    assert done.exit_code == 2
    where = [text.removeprefix("error: ").split(": ")[:2] for text in done.stderr.splitlines()]
    assert where == [
        ["broken.yaml:4", "scale.type"],
        ["broken.yaml:6", "metrics.bots.upperr"],
        ["broken.yaml:7", "components.auto.weight"],
        ["broken.yaml:7", "components.auto.metrics.robots"],
    ]
    assert not (here / "x").exists()


@pytest.mark.parametrize(
    ("spoil", "says", "why"),
    [
        (
            lambda folder: (folder / "golden.json").write_text("{}"),
            "golden.json has 2 bytes",
            "short",
        ),
        (lambda folder: (folder / "peer_tables.npz").unlink(), "is missing", "a file is gone"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "is not valid", "half"),
        (lambda folder: (folder / "mine.txt").write_text(""), "mine.txt", "one too many"),
        (
            lambda folder: rewrite(folder, lambda manifest: manifest.update(format_version=99)),
            "artifact format 99; this program reads 1",
            "from the future",
        ),
    ],
)
@pytest.mark.parametrize(
    "line",
    [
        "score A --data data --out s.csv",
        "evaluate A --data data",
        "build --scorecard card.yaml --from A --out x",
    ],
)
def test_a_spoiled_artifact_is_not_used(here, line, spoil, says, why):
    spoil(here / "A")

    done = attempt(line)

    assert done.exit_code == 1, why
    assert done.stderr.startswith("error: ")
    assert says in done.stderr
    assert not (here / "s.csv").exists()
    assert not (here / "x").exists()


def rewrite(folder, change):
    manifest = json.loads((folder / "manifest.json").read_text())
    change(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_an_artifact_that_does_not_say_how_it_was_split_is_not_evaluated_on_the_split(here):
    rewrite(here / "A", lambda manifest: manifest["training"].pop("split"))

    done = attempt("evaluate A --data data")

    assert done.exit_code == 1
    assert "does not say how accounts were split" in done.stderr


@pytest.mark.parametrize(
    ("manifest", "says"),
    [
        ('{"name": "my browser extension", "version": 3}', "not an artifact of this program"),
        ("[]", "not an artifact of this program"),
    ],
)
def test_a_folder_with_another_programs_manifest_is_left_alone(here, manifest, says):
    (here / "notes" / "manifest.json").write_text(manifest)
    before = tree(here)

    done = attempt(f"{TRAIN} data --out notes")

    assert done.exit_code == 1
    assert says in done.stderr
    assert tree(here) == before


def test_what_people_put_into_an_artifact_is_not_deleted_with_it(here):
    (here / "A" / "thoughts.md").write_text("why I like it")
    before = tree(here)

    done = attempt(f"{TRAIN} data --out A")

    assert done.exit_code == 1
    assert "holds files that are not the artifact's: thoughts.md" in done.stderr
    assert tree(here) == before


def test_an_empty_out_is_the_current_directory_and_refused(here):
    done = attempt([*TRAIN.split(), "data", "--out", ""])

    assert done.exit_code == 1
    assert "is the current directory" in done.stderr


@pytest.fixture
def locked(here):
    """A folder nobody may write to; root may write everywhere but to a read-only mount."""
    folder = here / "locked"
    folder.mkdir(mode=0o555)
    if os.geteuid() != 0:
        yield folder
        return
    mount = ["mount", "-t", "tmpfs", "-o", "ro,size=1m", "none", folder]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("root may write everywhere, and cannot mount here")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (f"{TRAIN} data --out locked/B", "locked is read-only; locked/B cannot be written there"),
        ("build --scorecard card.yaml --from A --out locked/B", "locked is read-only"),
        ("pack A --out locked/m.tar.gz", "error: locked/m.tar.gz: "),
        ("score A --data data --out locked/s.csv", "error: locked/s.csv: "),
        ("data sample --accounts 5 --out locked/d", "error: locked/d: "),
        ("lint --write-schema locked/s.json", "error: locked/s.json: "),
    ],
)
def test_a_folder_that_may_not_be_written_to_is_named(locked, line, says):
    done = attempt(line)

    assert done.exit_code == 1
    assert says in done.stderr.splitlines()[-1]
    assert list(locked.iterdir()) == []


@pytest.mark.parametrize(
    ("redirection", "arguments", "says"),
    [
        ("<&-", "score A --csv - --out s.csv", "error: stdin is closed"),
        (">&-", "score A --data data --out -", "error: stdout is closed"),
        (">/dev/full", "score A --data data --out -", "error: No space left on device"),
        (">/dev/full", "pack A --out -", "error: No space left on device"),
        (">/dev/full", "evaluate A --data data", "error: No space left on device"),
    ],
)
def test_streams_that_are_closed_or_full_are_said_in_a_line(here, redirection, arguments, says):
    if "full" in redirection and not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")

    done = shell(f"scorecard {arguments} {redirection}")

    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if not line.startswith("note: ")]
    assert lines == [says]


@pytest.mark.parametrize(
    "arguments",
    [
        "score A --data data --out -",
        "score A --csv - --out - <one.csv",
        "pack A --out -",
        "evaluate A --data data --json",
    ],
)
def test_a_reader_that_has_seen_enough_causes_no_traceback(here, arguments):
    inputs = [column.name for column in load_scorer(here / "A").inputs]
    row = ",".join(["1"] * len(inputs))
    (here / "one.csv").write_text(
        f"acct_id,{','.join(inputs)}\n" + "".join(f"A{n},{row}\n" for n in range(100_000))
    )

    done = shell(f"scorecard {arguments} | head -c 10")

    assert len(done.stdout) == 10
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def shell(line):
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    return subprocess.run(
        ["bash", "-c", line], env=environment, capture_output=True, check=False, text=True,
        errors="replace",
    )  # fmt: skip
