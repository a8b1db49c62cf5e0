"""The commands of deploy/EINSTEIN_STUDIO.md run as they stand there."""

import csv
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import free_port

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
CHECKOUT, INSTALLED = re.findall(
    r"```sh\n(.*?)```", (ROOT / "deploy" / "EINSTEIN_STUDIO.md").read_text(), re.DOTALL
)
FREE_OF_AWS = {
    name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SCORECARD_"))
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A checkout of its own in which `make run` runs; its gateway has a port of its own, too."""
    root = tmp_path_factory.mktemp("checkout")
    for name in ("data", "deploy"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("terraform"))
    (root / ".venv").symlink_to(sys.prefix)
    port = free_port()
    file = root / "data" / "jobs" / "css_mini_job.yaml"
    text = file.read_text()
    assert text.count(":8000/") == 1
    file.write_text(text.replace(":8000/", f":{port}/"))
    process = subprocess.Popen(
        [sys.executable, root / "deploy" / "local.py"],
        env={**FREE_OF_AWS, "GATEWAY_PORT": str(port), "CONTAINER_PORT": str(free_port())},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    printed = ""
    for line in process.stdout:
        printed += line
        if line.startswith("Ctrl-C"):
            break
    assert process.poll() is None, printed
    yield root
    process.terminate()  # Not Ctrl-C: what a shell starts in the background ignores that.
    process.communicate(timeout=60)


def run(commands, folder, **environ):
    done = subprocess.run(
        ["bash", "-e", "-c", commands], cwd=folder, env={**FREE_OF_AWS, **environ},
        check=False, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def check_told(said, scores, accounts):
    assert f"{accounts:,} accounts scored, 0 refused by the model" in said
    assert "css_mini_scores: Success; last run from " in said
    assert f"{accounts:,} accounts: {accounts:,} scored, 0 Error, 0 to be scored" in said
    rows = list(csv.DictReader(scores.read_text().splitlines()))
    assert len(rows) == accounts
    assert len(rows[0]) == 19
    highest = sorted((float(row["global_score"] or -1) for row in rows), reverse=True)[:5]
    assert [float(line.split()[1]) for line in said.splitlines()[-5:]] == highest


def test_the_commands_for_a_checkout_score_the_sample(checkout):
    said = run(CHECKOUT, checkout)

    sample = (checkout / "data" / "sample" / "peer_dims.csv").read_text().splitlines()
    check_told(said, checkout / "build" / "scores.csv", len(sample) - 1)


def test_the_commands_for_accounts_of_one_s_own_run_once_the_file_is_edited(checkout, tmp_path):
    key = run(CHECKOUT.splitlines()[1] + "\necho $SCORECARD_JOB_KEY", checkout, PATH=bin_first())
    for name in ("peer_dims", "product_metrics", "usage_metrics"):
        lines = (checkout / "data" / "sample" / f"{name}.csv").read_text().splitlines(True)
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine.csv").write_text("".join(lines[:101]))
    port = re.search(r":(\d+)/", (checkout / "data" / "jobs" / "css_mini_job.yaml").read_text())[1]
    edits = {
        "../../build/css_mini_scores.sqlite": "css_mini_scores.sqlite",
        "../sample/": "",
        "127.0.0.1:8000": f"127.0.0.1:{port}",
    }
    editor = tmp_path / "edit"
    words = " ".join(f"-e 's|{before}|{after}|'" for before, after in edits.items())
    editor.write_text(f'#!/bin/sh\nexec sed -i {words} "$1"\n')
    editor.chmod(0o755)

    assert "YOUR-KEY" in INSTALLED
    commands = INSTALLED.replace("YOUR-KEY", key.strip())
    said = run(commands, tmp_path, EDITOR=str(editor), PATH=bin_first())

    check_told(said, tmp_path / "scores.csv", 100)


def bin_first():
    return f"{Path(sys.executable).parent}:{os.environ['PATH']}"
