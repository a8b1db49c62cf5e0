"""The same accounts, scorecard and seed give the same bytes, whatever is different around them."""

from __future__ import annotations

import csv
import hashlib
import json
import random

import pytest

CARD_WITH_EVERYTHING = """
schema: scorecard/v1
id: with-everything
scale: {type: zero_to_100}
missing: zero
peer_dimensions: [acct_age, acct_size]
metrics:
  macro: {kind: peer}
  workflowrules: {kind: peer, lower: 0, upper: 12}
  workflows: {kind: peer, ties: mid}
  activation_rate: {kind: peer, estimator: {name: marginal}}
components:
  auto: {weight: 3, metrics: [macro, workflowrules, workflows], weights: nonzero_share}
  consumption: {weight: 2, metrics: {activation_rate: 1}}
"""


def digests(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def card(tmp_path_factory):
    path = tmp_path_factory.mktemp("card") / "card.yaml"
    path.write_text(CARD_WITH_EVERYTHING)
    return path


@pytest.fixture(scope="module")
def make(run, card):
    """Train and pack in a folder; give the digest of every file made."""

    def make(folder, data, *options, **environment):
        trained = run(
            "train", "--data", data, "--scorecard", card, "--out", "A", *options,
            cwd=folder, **environment,
        )  # fmt: skip
        assert trained.returncode == 0, trained.stderr
        packed = run("pack", "A", "--out", "model.tar.gz", cwd=folder, **environment)
        assert packed.returncode == 0, packed.stderr
        return digests(folder / "A") | {"tar": digests(folder)["model.tar.gz"]}

    return make


@pytest.fixture(scope="module")
def first(tmp_path_factory, make, small):
    made = make(tmp_path_factory.mktemp("first"), small)
    assert {
        "manifest.json",
        "peer_tables.npz",
        "golden.json",
        "evaluation.json",
        "model_card.html",
        "model_card.md",
        "plots/calibration.png",
        "tar",
    } < set(made)
    assert any(name.startswith("boosters/") for name in made)
    return made


@pytest.mark.parametrize(
    ("options", "environment", "why"),
    [
        (["--jobs", "1"], {"PYTHONHASHSEED": "0"}, "one metric after the other"),
        (["--jobs", "2"], {"PYTHONHASHSEED": "123"}, "sets and dicts in another order"),
        ([], {"LC_ALL": "C", "TZ": "Asia/Tokyo", "PYTHONUTF8": "0"}, "another place"),
        ([], {"OMP_NUM_THREADS": "2"}, "more threads"),
    ],
)
@pytest.mark.slow
def test_the_bytes_do_not_depend_on(tmp_path, make, small, first, options, environment, why):
    again = make(tmp_path, small, *options, **environment)

    assert again == first, why


def rewritten(data, folder, change):
    folder.mkdir()
    for path in data.glob("*.csv"):
        with path.open(newline="") as file:
            rows = change(path.name, list(csv.reader(file)))
        with (folder / path.name).open("w", newline="") as file:
            csv.writer(file).writerows(rows)
    return folder


def shuffled(_name, rows):
    draw = random.Random(3)  # noqa: S311 (an order)
    header, *rest = rows
    draw.shuffle(rest)
    columns = list(range(len(header)))
    draw.shuffle(columns)
    return [[row[column] for column in columns] for row in (header, *rest)]


@pytest.mark.slow
def test_the_bytes_do_not_depend_on_the_order_of_rows_and_columns(tmp_path, make, small, first):
    data = rewritten(small, tmp_path / "data", shuffled)

    assert make(tmp_path, data) == first


@pytest.mark.slow
def test_another_seed_is_another_version_of_the_same_data(tmp_path, run, small, card, first):
    run("train", "--data", small, "--scorecard", card, "--seed", 1, "--out", "A", cwd=tmp_path)

    assert digests(tmp_path / "A")["manifest.json"] != first["manifest.json"]
    training = json.loads((tmp_path / "A" / "manifest.json").read_text())["training"]
    assert training["seed"] == 1


@pytest.mark.slow
def test_one_changed_cell_is_other_data(tmp_path, run, small, card, small_trained):
    def one_more_macro(name, rows):
        if name == "usage_metrics.csv":
            column = rows[0].index("macro")
            rows[1][column] = str(float(rows[1][column] or 0) + 1)
        return rows

    data = rewritten(small, tmp_path / "data", one_more_macro)
    hashes = []
    for number, folder in enumerate((small, data)):
        out = tmp_path / f"A{number}"
        run("train", "--data", folder, "--scorecard", card, "--out", out, cwd=tmp_path)
        hashes.append(json.loads((out / "manifest.json").read_text())["training"]["data_sha256"])

    assert hashes[0] != hashes[1]


@pytest.mark.slow
def test_the_whole_scorecard_on_the_sample_gives_the_same_bytes(tmp_path, run, trained, sample):
    run("train", "--data", sample, "--out", "A", "--jobs", 1, cwd=tmp_path, PYTHONHASHSEED="7")

    assert digests(tmp_path / "A") == digests(trained.artifact)
