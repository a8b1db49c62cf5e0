"""What a reader may rely on: small modules, few public names, nothing of one machine."""

import re
import subprocess
from pathlib import Path

import pytest

import serving.scoring

ROOT = Path(__file__).parents[2]
FILES = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    if (ROOT / name).is_file()
]
MODULES = [path for path in FILES if path.suffix == ".py"]

#: The folders that people who use this know; there are no others.
TOP_LEVEL = {"serving", "training", "notebooks", "data", "deploy", "tests", ".ci", ".github"}

MAX_LINES = 300


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_fits_into_a_reader_s_head(path):
    assert len(path.read_text().splitlines()) <= MAX_LINES


def test_the_top_level_is_the_agreed_one():
    folders = {path.relative_to(ROOT).parts[0] for path in FILES if path.parent != ROOT}

    assert folders <= TOP_LEVEL


def test_the_scorer_s_public_names_are_a_short_list():
    assert sorted(serving.scoring.__all__) == [
        "ArtifactCorrupt",
        "ArtifactError",
        "Flag",
        "Input",
        "InvalidInput",
        "InvalidScorecard",
        "MissingColumns",
        "Scorer",
        "Scores",
        "ScoringError",
        "UnsupportedFormat",
        "load_scorer",
    ]
    assert all(hasattr(serving.scoring, name) for name in serving.scoring.__all__)


@pytest.mark.parametrize("word", ["utils", "helpers", "common", "base", "misc"])
def test_no_module_is_named_after_nothing(word):
    assert not [path for path in FILES if re.fullmatch(rf"_*{word}", path.stem)]


def test_no_file_names_a_machine_s_own_folders():
    own = re.compile(r"/(?:work|root|home|Users)/\w")
    texts = [path for path in FILES if path.suffix in {".py", ".md", ".toml", ".yml", ".yaml", ""}]

    assert not [path for path in texts if own.search(path.read_text())]
