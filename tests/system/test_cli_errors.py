"""Hostile and clumsy use: one clear message and the right exit code, never a traceback."""

from __future__ import annotations

import pytest
from attempts import attempt, tree

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
        ("score A --data data --out data/peer_dims.csv", "accounts are read from", "or be lost"),
        (
            "score A --csv data/peer_dims.csv --out data/../data/peer_dims.csv",
            "accounts are read",
            "",
        ),
        ("train --data data --out B --refused data/peer_dims.csv", "accounts are read", "so, too"),
        ("score A --data data --out s.csv --refused s.csv", "for both", "one would be lost"),
        ("score A --data data --out s.csv --master local[2]", "--engine spark", "unheard"),
        ("score A --data data --out s3://b/s.csv", "--engine spark", "a folder called s3:"),
        ("score A --data s3://b/data --out s.csv", "--engine spark", "no folder of this machine"),
        ("train --data s3://b/data --out B", "--engine spark", "no folder of this machine"),
        ("score A --csv a.csv --out s --engine spark", "--csv is for one machine", "not read"),
        ("score A --data data --out s --engine spark --jobs 2", "--jobs is for one", "unheard"),
        ("score A --data data --out s --engine spark --memory 1GB", "--memory is for", "unheard"),
        ("train --data data --out B --engine spark --memory 1GB", "--memory is for", "unheard"),
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
