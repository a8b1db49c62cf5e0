"""Scorecards whose peers are alike in a category and a date, through every command."""

from __future__ import annotations

import csv
import datetime as dt
import json

import pandas as pd
import pytest

from serving.scoring import Flag, load_scorer

pytestmark = pytest.mark.slow

CARD = """
schema: scorecard/v1
id: by-region
scale: {type: out_of_10, step: 1}
peer_dimensions:
  - acct_size
  - {name: region, type: category}
  - {name: customer_since, type: date}
metrics:
  macro: {kind: peer}
  workflows: {kind: peer}
  activation_rate: {kind: peer}
components:
  auto: {weight: 1, metrics: [macro, workflows], weights: nonzero_share}
  use: {weight: 1, metrics: {activation_rate: 1}}
"""
#: In the CSVs' last_updated, the newest.
NEWEST = "2026-01-05"


@pytest.fixture(scope="module")
def regional(tmp_path_factory, run, small):
    """A folder of accounts with a region and a date, and the artifact made of them."""
    folder = tmp_path_factory.mktemp("regional")
    data = folder / "data"
    data.mkdir()
    tables = {path.stem: pd.read_csv(path) for path in small.glob("*.csv")}
    peers = tables["peer_dims"]
    peers["region"] = [("EMEA", "Asia, Pacific", "Ünited")[row % 3] for row in peers.index]
    days = pd.to_timedelta((peers["acct_age"].fillna(0) * 30).astype(int), unit="D")
    peers["customer_since"] = (pd.Timestamp("2025-12-31") - days).dt.strftime("%Y-%m-%d")
    peers.loc[peers.index % 50 == 7, "region"] = None
    region = peers.set_index("acct_id")["region"]
    # In one region everybody uses ten times as much, so that peers matter.
    usage = tables["usage_metrics"]
    usage.loc[usage["acct_id"].map(region) == "EMEA", "workflows"] *= 10
    for name, table in tables.items():
        table.to_csv(data / f"{name}.csv", index=False)
    (folder / "card.yaml").write_text(CARD)
    done = run(
        "train", "--data", data, "--scorecard", folder / "card.yaml", "--out", "artifact",
        cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


def rows_of(done):
    assert done.returncode == 0, done.stderr
    return [
        {key: value for key, value in row.items() if key != "last_modified"}
        for row in csv.DictReader(done.stdout.splitlines())
    ]


def joined(data):
    tables = [pd.read_csv(path) for path in sorted(data.glob("*.csv"))]
    table = next(table for table in tables if "region" in table)
    for other in tables:
        if "region" not in other:
            table = table.merge(other.drop(columns="last_updated"), on="acct_id", how="left")
    return table


def test_the_manifest_lists_the_categories_and_types(regional):
    manifest = json.loads((regional / "artifact" / "manifest.json").read_text())

    inputs = {entry["name"]: entry for entry in manifest["inputs"]}

    assert list(inputs) == sorted(inputs), "the wire's order"
    assert inputs["region"]["categories"] == ["Asia, Pacific", "EMEA", "Ünited"]
    assert inputs["customer_since"]["type"] == "date"
    assert manifest["training"]["scoring_date"] == NEWEST


def test_weights_by_nonzero_share_are_resolved_in_the_manifest(regional):
    manifest = json.loads((regional / "artifact" / "manifest.json").read_text())

    counts = {
        name: fit["accounts"] - fit["zeros"]
        for name, fit in manifest["training"]["metrics"].items()
    }
    weights = manifest["scorecard"]["components"]["auto"]["metrics"]

    total = counts["macro"] + counts["workflows"]
    assert weights == {
        "macro": counts["macro"] / total,
        "workflows": counts["workflows"] / total,
    }
    assert 0 < weights["macro"] < weights["workflows"]


def test_weights_by_nonzero_share_are_the_same_when_built_again(run, regional, tmp_path):
    done = run(
        "build", "--scorecard", regional / "card.yaml", "--from", regional / "artifact",
        "--out", "again", cwd=tmp_path,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert load_scorer(tmp_path / "again").artifact.version == (
        load_scorer(regional / "artifact").artifact.version
    )


def test_a_region_is_compared_with_itself(regional):
    scorer = load_scorer(regional / "artifact")
    here = {"acct_size": [50.0], "customer_since": [dt.date(2024, 1, 1)]}
    metrics = {"macro": [1.0], "workflows": [1.0], "activation_rate": [0.5]}

    score = {
        region: scorer.score(
            scorer.encode({**here, **metrics, "region": [region]}, scoring_date=dt.date(2026, 1, 5))
        ).values[0, scorer.outputs.index("auto_workflows_metric_score")]
        for region in ("EMEA", "Ünited")
    }

    assert score["EMEA"] < score["Ünited"], "ten times as much is usual there"


def test_folder_csv_and_python_score_alike(run, regional, tmp_path):
    table = joined(regional / "data")
    table.to_csv(tmp_path / "in.csv", index=False)
    artifact = regional / "artifact"

    by_folder = rows_of(
        run("score", artifact, "--data", regional / "data", "--out", "-", cwd=tmp_path)
    )
    dated = ("--scoring-date", NEWEST)
    by_csv = rows_of(run("score", artifact, "--csv", "in.csv", *dated, "--out", "-", cwd=tmp_path))
    scorer = load_scorer(artifact)
    table["region"] = table["region"].astype(object).where(table["region"].notna(), None)
    table["customer_since"] = pd.to_datetime(table["customer_since"])
    encoded = scorer.encode(table, scoring_date=dt.date.fromisoformat(NEWEST))
    by_python = scorer.score(encoded).values.tolist()

    assert by_csv == by_folder
    assert [
        [float(value) if value else None for key, value in row.items() if key != "acct_id"]
        for row in by_folder
    ] == [[None if value != value else value for value in row] for row in by_python]


def test_another_scoring_date_gives_other_scores(run, regional, tmp_path):
    score = ("score", regional / "artifact", "--data", regional / "data", "--out", "-")

    newest = rows_of(run(*score, cwd=tmp_path))
    later = rows_of(run(*score, "--scoring-date", "2031-01-01", cwd=tmp_path))

    assert newest != later
    assert [row["acct_id"] for row in newest] == [row["acct_id"] for row in later]


def test_a_single_csv_with_a_date_needs_the_scoring_date(run, regional, tmp_path):
    joined(regional / "data").to_csv(tmp_path / "in.csv", index=False)

    done = run("score", regional / "artifact", "--csv", "in.csv", "--out", "s.csv", cwd=tmp_path)

    assert done.returncode == 1
    assert "customer_since is a date" in done.stderr
    assert "give --scoring-date" in done.stderr
    assert not (tmp_path / "s.csv").exists()


def test_an_unknown_category_is_scored_and_flagged(run, regional, tmp_path):
    cells = {
        "acct_id": "A", "acct_size": 50, "region": "Moon", "customer_since": "2024-01-01",
        "macro": 1, "workflows": 1, "activation_rate": 0.5,
    }  # fmt: skip
    text = f"{','.join(cells)}\n{','.join(map(str, cells.values()))}\n"
    scorer = load_scorer(regional / "artifact")

    done = run(
        "score", regional / "artifact", "--csv", "-", "--scoring-date", NEWEST, "--out", "-",
        cwd=tmp_path, stdin=text,
    )  # fmt: skip
    encoded = scorer.encode(
        {name: [value] for name, value in cells.items() if name != "customer_since"}
        | {"customer_since": [dt.date(2024, 1, 1)]},
        scoring_date=dt.date.fromisoformat(NEWEST),
    )

    (row,) = rows_of(done)
    assert row.pop("acct_id") == "A"
    assert all(row.values()), "every score is there"
    assert scorer.score(encoded).flags[0] & Flag.PEER_DIMENSION_MISSING


@pytest.mark.slow
def test_evaluation_counts_dates_from_the_newest_row_as_training_did(run, regional, tmp_path):
    done = run(
        "evaluate", regional / "artifact", "--data", regional / "data", "--json", cwd=tmp_path
    )

    assert json.loads(done.stdout) == json.loads(
        (regional / "artifact" / "evaluation.json").read_text()
    )


def test_other_peer_dimensions_need_a_fit(run, regional, five_metrics, tmp_path):
    done = run(
        "build", "--scorecard", five_metrics, "--from", regional / "artifact", "--out", "new",
        cwd=tmp_path,
    )  # fmt: skip

    assert done.returncode == 1
    assert done.stderr == (
        "error: the tables compare accounts by acct_size, region, customer_since; "
        "other peer dimensions need a fit\n"
    )
    assert list(tmp_path.iterdir()) == []
