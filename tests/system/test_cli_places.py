"""Artifacts, folders and streams that cannot be used: one clear message, nothing lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from attempts import attempt, tree

from serving.scoring import load_scorer

TRAIN = "train --scorecard card.yaml --data"


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
        pytest.param(
            ">/dev/full",
            "evaluate A --data data",
            "error: No space left on device",
            marks=pytest.mark.slow,
        ),
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
        pytest.param("evaluate A --data data --json", marks=pytest.mark.slow),
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
