"""What another definition would do to accounts, before anything is published."""

import json

import numpy as np
import pandas as pd
import pytest
from absolute_cards import DATE, HEALTH, MIXED, make_facts, weighed, write_card, write_facts
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.scoring.bands import Band
from training.band_moves import band_moves
from training.build import NeedsFit, build, draft
from training.cli.diff import diff as diff_command
from training.definition import parse_definition, read_definition
from training.definition_changes import definition_changes
from training.diff import diff
from training.points_lost import points_lost

BANDS = (Band("Poor", 0.0), Band("Good", 50.0))


def test_accounts_are_counted_from_band_to_band_lower_bounds_inclusive():
    old = np.array([50.0, 49.9, 80.0, np.nan, np.nan, 10.0])
    new = np.array([49.0, 50.0, 90.0, np.nan, 60.0, 20.0])

    moves = band_moves(old, new, BANDS, BANDS)

    assert moves.before == moves.after == ("Good", "Poor", "no score")
    assert moves.counts.tolist() == [[1, 1, 0], [1, 1, 0], [1, 0, 1]]
    assert moves.changed.tolist() == [True, True, False, False, True, False]
    assert moves.flows() == [
        ("Good", "Poor", 1), ("Poor", "Good", 1), ("no score", "Good", 1),
    ]  # fmt: skip
    assert moves.changed_share == 0.5


def test_a_band_that_is_called_otherwise_is_another_band():
    renamed = (Band("Bad", 0.0), Band("Good", 50.0))
    scores = np.array([10.0, 60.0])

    moves = band_moves(scores, scores, BANDS, renamed)

    assert moves.changed.tolist() == [True, False]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("diff")
    write_facts(folder / "data", 400)
    write_card(folder / "old.yaml", HEALTH)
    write_card(folder / "new.yaml", weighed(HEALTH, adoption=30, care=70))
    build(folder / "old.yaml", None, folder / "A")
    return folder


def test_a_definition_is_compared_with_an_artifact_without_being_written(folder):
    found, accounts = diff(folder / "A", folder / "new.yaml", folder / "data")

    old, new = (draft(read_definition(folder / name), None).scorer()
                for name in ("old.yaml", "new.yaml"))  # fmt: skip
    encoded = old.encode(accounts.frame, scoring_date=pd.Timestamp(DATE).date())
    before, after = (scorer.score(encoded).values[:, -1] for scorer in (old, new))
    by_id = dict(zip(accounts.frame["acct_id"], after - before, strict=True))
    moves = dict(zip(found.accounts["acct_id"], found.accounts["move"], strict=True))
    assert moves == pytest.approx(by_id, nan_ok=True)
    told = found.to_dict()
    counts = np.array(told["bands"]["counts"])
    assert counts.sum() == told["accounts"] == 400
    assert counts.sum() - np.trace(counts) == told["changed"] == found.changed.sum() > 0
    assert told["movement"]["total"] == pytest.approx(np.nansum(np.abs(after - before)))
    assert found.changes == (
        "weight of component adoption: 60 -> 30", "weight of component care: 40 -> 70",
    )  # fmt: skip
    sizes = found.changed_accounts()["move"].abs().dropna()
    assert sizes.is_monotonic_decreasing
    assert not any("build" in path.name for path in folder.iterdir())


def test_the_metric_named_is_the_one_that_moved_the_account(tmp_path):
    card = json.loads(json.dumps(HEALTH))
    write_card(tmp_path / "old.yaml", card)
    card["metrics"]["qbr"]["steps"] = {90: 100, 180: 10}
    write_card(tmp_path / "new.yaml", card)
    write_facts(tmp_path / "data", 200)

    found, _ = diff(tmp_path / "old.yaml", tmp_path / "new.yaml", tmp_path / "data")

    moved = found.accounts[found.accounts["move"].fillna(0) != 0]
    assert len(moved) > 20
    assert set(moved["metric"]) == {"qbr"}
    assert moved["metric_move"].to_numpy() == pytest.approx(moved["move"].to_numpy())
    still = found.accounts[found.accounts["move"] == 0]
    assert still["metric"].isna().all()
    assert any(change.startswith("qbr.steps") for change in found.changes)


def test_the_same_definition_changes_nobody(folder):
    found, _ = diff(folder / "A", folder / "old.yaml", folder / "data")

    told = found.to_dict()
    assert told["changed"] == 0
    assert told["definition"] == []
    assert told["movement"]["total"] == 0.0
    assert told["largest"] == []


def test_without_bands_a_move_of_more_than_a_point_counts(folder, tmp_path):
    bare = {key: value for key, value in HEALTH.items() if key != "bands"}
    old = write_card(tmp_path / "old.yaml", bare)
    new = write_card(tmp_path / "new.yaml", weighed(bare, adoption=58, care=42))

    found, _ = diff(old, new, folder / "data")

    told = found.to_dict()
    assert told["bands"] is None
    assert told["changed_by"] == "a move of more than 1"
    moves = found.accounts["move"].abs()
    assert told["changed"] == (moves > 1 + 1e-9).sum() > 0
    assert (moves[~found.changed].dropna() <= 1 + 1e-9).all()


def test_a_score_that_comes_or_goes_counts_as_a_change(folder, tmp_path):
    strict = write_card(tmp_path / "strict.yaml", HEALTH | {"coverage": {"minimum": 0.95}})

    found, _ = diff(folder / "A", strict, folder / "data")

    told = found.to_dict(400)
    went = told["movement"]["went"]
    assert went == sum(row[-1] for row in told["bands"]["counts"]) > 0
    gone = [row for row in told["largest"] if row["new_score"] is None]
    assert len(gone) == went
    assert all(row["move"] is None and row["metric"] is None for row in gone)


def test_peers_are_those_of_an_artifact_or_asked_for(folder, tmp_path):
    mixed = {
        key: value for key, value in MIXED.items() if key != "peers"
    }  # with nothing to take them from
    card = write_card(tmp_path / "mixed.yaml", mixed)

    with pytest.raises(NeedsFit, match="macro, bots"):
        diff(folder / "old.yaml", card, folder / "data")


def test_the_command_prints_a_table_or_json_and_writes_all_that_changes(folder, tmp_path):
    asked = [str(folder / "A"), str(folder / "new.yaml"), "--data", str(folder / "data")]

    text = CliRunner().invoke(
        diff_command, [*asked, "--top", "2", "--csv", str(tmp_path / "m.csv")]
    )
    told = CliRunner().invoke(diff_command, [*asked, "--json"])

    found = json.loads(told.stdout)
    assert (text.exit_code, told.exit_code) == (0, 0), text.output
    assert "weight of component adoption: 60 -> 30" in text.stdout
    assert f"{found['changed']:,} of 400 accounts change band" in text.stdout
    assert text.stdout.count(" -> ") >= 4
    written = pd.read_csv(tmp_path / "m.csv")
    assert len(written) == found["changed"]
    assert written["acct_id"].astype(str).str.len().gt(0).all()
    assert (written["old_band"] != written["new_band"]).all()


def test_every_kind_of_change_is_told_in_a_sentence():
    old = draft(parse_definition(_yaml(HEALTH), source="old.yaml"), None).scorecard
    card = json.loads(json.dumps(HEALTH))
    card["metrics"]["nps"] = {"kind": "linear", "input": "nps", "best": 10, "worst": 0}
    del card["metrics"]["insider"]
    card["components"]["care"] = {"weight": 30, "metrics": {"qbr": 1}}
    card["components"]["voice"] = {"weight": 10, "metrics": {"nps": 1}}
    card["bands"] = {"Good": 50, "Poor": 0}
    card["missing"] = "zero"
    new = draft(parse_definition(_yaml(card), source="new.yaml"), None).scorecard

    assert definition_changes(new, old) == [
        "missing: skip -> zero",
        "bands: {Healthy: 75, Watch: 50, At Risk: 25, Critical: 0} -> {Good: 50, Poor: 0}",
        "metric insider is gone",
        "metric nps (linear) is new",
        "weight of component care: 40 -> 30",
        "weight of metric qbr: 3 -> 1",
        "component voice is new, weight 10",
    ]
    assert definition_changes(old, old) == []


def test_large_numbers_that_change_a_little_are_not_told_as_the_same():
    card = {
        "schema": "scorecard/v1", "id": "spend", "scale": {"type": "zero_to_100"},
        "metrics": {"spend": {"kind": "linear", "input": "spend", "best": 1_234_567, "worst": 0}},
        "components": {"all": {"weight": 1, "metrics": {"spend": 1}}},
    }  # fmt: skip
    other = json.loads(json.dumps(card))
    other["metrics"]["spend"] |= {"best": 1_234_568, "worst": 0.123456789}
    old, new = (
        draft(parse_definition(_yaml(each), source="card.yaml"), None).scorecard
        for each in (card, other)
    )

    assert definition_changes(new, old) == [
        "spend.best: 1234567 -> 1234568", "spend.worst: 0 -> 0.123456789",
    ]  # fmt: skip


def test_one_account_is_told_of_in_the_singular(folder, tmp_path):
    facts = folder / "data"
    one = tmp_path / "one"
    one.mkdir()
    for path in facts.iterdir():
        lines = path.read_text().splitlines(keepends=True)
        (one / path.name).write_text("".join(lines[:2]))
    bare = {key: value for key, value in HEALTH.items() if key != "bands"}
    old = write_card(tmp_path / "old.yaml", bare)
    new = write_card(tmp_path / "new.yaml", weighed(bare, adoption=1, care=99))

    still, moved = (
        CliRunner().invoke(diff_command, [str(old), str(card), "--data", str(one)])
        for card in (old, new)
    )

    assert "0 of 1 account have a move of more than 1 (0.0%)" in still.stdout, still.output
    assert "1 of 1 account has a move of more than 1 (100.0%)" in moved.stdout, moved.output


def _yaml(card):
    return json.dumps(card)  # which YAML is a superset of


WEIGHTS = st.integers(0, 9)


@settings(max_examples=25, deadline=None)
@given(
    weights=st.tuples(WEIGHTS, WEIGHTS, st.integers(1, 9), WEIGHTS, st.integers(1, 9)),
    missing=st.sampled_from(["skip", "zero"]),
    seed=st.integers(0, 99),
)
def test_a_score_and_all_points_lost_are_the_maximum(weights, missing, seed):
    card = json.loads(json.dumps(HEALTH)) | {"missing": missing, "weights_total": None}
    card["components"]["adoption"]["weight"] = weights[0] + 1
    card["components"]["care"]["weight"] = weights[1]
    card["components"]["adoption"]["metrics"] = {"activation": weights[2], "usage": weights[3]}
    card["components"]["care"]["metrics"] = {"qbr": weights[4], "insider": 1}
    del card["weights_total"]
    scorer = draft(parse_definition(_yaml(card), source="card.yaml"), None).scorer()
    date = pd.Timestamp(DATE).date()
    scores = scorer.score(scorer.encode(make_facts(60, seed), scoring_date=date))

    lost = sum(points_lost(scorer, scores).values())

    overall = scores.values[:, -1]
    known = ~np.isnan(overall)
    assert (overall + lost)[known] == pytest.approx(100, abs=1e-9)
