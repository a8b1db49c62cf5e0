"""A scorecard of peers, absolute metrics, a model of risk and an overlay, from CSVs on."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from absolute_cards import HEALTH, MIXED, weighed, write_card, write_facts

from serving.scoring import InvalidInput
from serving.scoring.artifact import read_files
from training import interactive
from training.batch import read_for
from training.build import NeedsFit, build, lacking
from training.bulk.scoring import score_folder
from training.gate import Limits, judge
from training.model_report import report_metric, report_model
from training.train import train

ACCOUNTS = 500


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The accounts, and what was fitted to them."""
    folder = tmp_path_factory.mktemp("mixed")
    write_facts(folder / "data", ACCOUNTS)
    run = train(folder / "data", write_card(folder / "mixed.yaml", MIXED), folder / "A")
    (folder / "notes.json").write_text(json.dumps(run.notes))
    return folder


@pytest.fixture(scope="module")
def heavier(folder):
    """The same artifact with a component that counts more."""
    card = write_card(folder / "heavier.yaml", weighed(MIXED, adoption=30, care=50))
    build(card, folder / "A", folder / "heavier")
    return folder / "heavier"


@pytest.fixture(scope="module")
def scored(folder):
    scorer, accounts, date = read_for(folder / "A", folder / "data", 0.01, None)
    return scorer, accounts, date, scorer.encode(accounts.frame, scoring_date=date)


def test_training_fits_what_each_kind_needs(folder):
    files = read_files(folder / "A")

    told = json.loads(files["evaluation.json"])

    assert {"peer_tables.npz", "risk_models.npz", "peer_overlay.npz", "golden.json"} <= set(files)
    assert json.loads((folder / "notes.json").read_text()) == []
    assert set(told["metrics"]) == {"macro", "bots"}
    assert set(told["signals"]) == set(MIXED["metrics"]) - {"macro", "bots"}
    assert set(told["risks"]) == {"churn"}
    for counted in told["signals"].values():
        assert sum(counted["statuses"].values()) == told["accounts"]
    assert sum(told["bands"].values()) == told["global"]["accounts"]


def test_the_model_card_says_what_each_metric_is_and_who_has_a_score(folder):
    card = (folder / "A" / "model_card.md").read_text()

    told = json.loads((folder / "A" / "evaluation.json").read_text())["signals"]["insider"]

    assert "| auto | 10 | macro | 1 | higher is better |" in card
    assert "only where insider_program" in card
    assert f"not_applicable {told['statuses']['not_applicable']}" in card
    assert "## Models of risk" in card
    assert "| bots | as it should be |" in card or "| bots | " in card.split("## How right")[1]


@pytest.mark.slow
def test_the_order_of_rows_and_the_number_of_jobs_change_no_byte(folder, tmp_path):
    shutil.copytree(folder / "data", tmp_path / "data")
    for path in (tmp_path / "data").glob("*.csv"):
        frame = pd.read_csv(path, dtype=str)
        frame.sample(frac=1, random_state=3).to_csv(path, index=False)

    again = train(tmp_path / "data", folder / "mixed.yaml", tmp_path / "A", jobs=2)

    assert read_files(tmp_path / "A") == read_files(folder / "A")
    assert again.notes == ()


@pytest.mark.slow
def test_b15_absolute_scores_stay_when_it_is_trained_on_other_accounts(folder, scored, tmp_path):
    scorer, _, _, encoded = scored
    write_facts(tmp_path / "others", ACCOUNTS, seed=77)
    other = train(tmp_path / "others", folder / "mixed.yaml", tmp_path / "B").scorer

    ours, theirs = scorer.score(encoded).values, other.score(encoded).values

    peers = {"auto_macro_metric_score", "auto_bots_metric_score", "auto_component_score"}
    learned = {"risk_churn_metric_score", "risk_component_score", "global_score"}
    for place, key in enumerate(scorer.outputs[:-1]):
        same = ours[:, place].tobytes() == theirs[:, place].tobytes()
        assert same == (key not in peers | learned), key


def test_accounts_one_by_one_in_a_batch_and_in_a_file_score_the_same(folder, scored, tmp_path):
    scorer, _, _, encoded = scored

    done = score_folder(folder / "A", folder / "data", str(tmp_path / "s.csv"), with_statuses=True)

    written = pd.read_csv(tmp_path / "s.csv", dtype=str)
    scores = scorer.score(encoded)
    assert done.count == ACCOUNTS
    keys = list(scorer.outputs[:-1])
    assert list(written.columns)[1 : len(keys) + 3] == [*keys, "global_band", "last_modified"]
    assert np.array_equal(written[keys].to_numpy(dtype=float), scores.values, equal_nan=True)
    alone = np.vstack([scorer.score(encoded[[row]]).values for row in range(40)])
    assert alone.tobytes() == np.ascontiguousarray(scores.values[:40]).tobytes()
    bands = [one.band for one in scorer.explain(encoded[:40])]
    assert written["global_band"][:40].tolist() == bands
    insider = written["care_insider_metric_status"]
    assert set(insider) == {"ok", "not_applicable", "missing"}
    assert (written["care_insider_metric_score"].notna() == (insider == "ok")).all()


def test_without_being_asked_for_there_are_no_statuses(folder, tmp_path):
    score_folder(folder / "A", folder / "data", str(tmp_path / "s.csv"))

    header = (tmp_path / "s.csv").read_text().splitlines()[0].split(",")
    assert not [name for name in header if name.endswith("_status")]


def test_building_keeps_tables_and_models_but_no_overlay_of_other_scores(folder, heavier):
    kept, new = read_files(folder / "A"), read_files(heavier)
    same_scores = write_card(folder / "bands.yaml", MIXED | {"bands": {"Good": 60, "Poor": 0}})

    rebanded = build(same_scores, folder / "A", folder / "rebanded")

    for name in ("peer_tables.npz", "risk_models.npz"):
        assert new[name] == kept[name]
    assert "peer_overlay.npz" not in new
    assert [told for told in lacking(interactive.load(heavier).scorer) if "`peers`" in told]
    assert read_files(folder / "rebanded")["peer_overlay.npz"] == kept["peer_overlay.npz"]
    assert lacking(rebanded) == []
    told = json.loads(new["evaluation.json"])
    assert "signals" not in told, "with other weights other accounts are in other bands"
    assert told["metrics"] == json.loads(kept["evaluation.json"])["metrics"]


def test_a_model_with_other_inputs_is_not_kept(folder, tmp_path):
    churn = {"kind": "learned_risk", "model": "churn", "inputs": ["tenure"]}
    card = write_card(tmp_path / "card.yaml", MIXED | {"metrics": MIXED["metrics"] | {
        "churn": churn}})  # fmt: skip

    scorer = build(card, folder / "A", tmp_path / "B")

    assert not scorer.artifact.models
    assert any("there is no model churn" in told for told in lacking(scorer))


def test_peers_cannot_come_of_an_artifact_that_has_none(folder, tmp_path):
    build(write_card(tmp_path / "health.yaml", HEALTH), None, tmp_path / "H")

    with pytest.raises(NeedsFit, match="no tables for: macro, bots"):
        build(folder / "mixed.yaml", tmp_path / "H", tmp_path / "B")


def test_a_card_with_nothing_to_learn_is_sent_to_build(folder, tmp_path):
    with pytest.raises(
        InvalidInput, match=r"nothing to learn from accounts.*use `scorecard build`"
    ):
        train(folder / "data", write_card(tmp_path / "h.yaml", HEALTH), tmp_path / "A")

    assert not (tmp_path / "A").exists()


def words(report):
    return {verdict.name: (verdict.word, verdict.text) for verdict in report.verdicts}


def test_the_gate_lets_the_same_scores_pass_and_tells_other_weights_in_words(folder, heavier):
    data = folder / "data"

    same = judge(folder / "A", folder / "A", data=data, limits=Limits())
    moved = judge(heavier, folder / "A", data=data, limits=Limits())

    assert same.passed
    assert words(same)["definition"] == ("passed", "that of the champion")
    assert words(same)["stable bands"][1].startswith("0.0% of 500 accounts")
    assert words(moved)["definition"] == (
        "passed",
        "changed: weight of component adoption: 40 -> 30; weight of component care: 40 -> 50",
    )
    assert words(moved)["stable bands"][0] == "REFUSED"
    assert words(moved)["stable global score"][0] == "REFUSED"
    assert words(moved)["stable metrics"][0] == "passed"


def test_an_absolute_candidate_has_no_calibration_to_be_judged_by(folder, tmp_path):
    build(write_card(tmp_path / "h.yaml", HEALTH), None, tmp_path / "H")

    for data in (folder / "data", None):
        report = judge(tmp_path / "H", tmp_path / "H", data=data, limits=Limits())
        assert report.passed
        assert words(report)["calibration"] == ("not judged", "no metric is compared with peers")


def test_model_show_tells_every_kind(folder):
    told, one = report_model(folder / "A"), report_metric(folder / "A", "qbr")

    assert set(told["metrics"]) == {"macro", "bots"}
    assert told["signals"]["activation"]["how"] == "numerator active, denominator bought"
    assert one["kind"] == "recency"
    assert one["inputs"] == [{"name": "last_qbr", "type": "date"}]
    assert one["statuses"]["ok"] > 0


def test_notebooks_show_a_mixed_and_an_absolute_model(folder, tmp_path):
    health = build(write_card(tmp_path / "h.yaml", HEALTH), None, tmp_path / "H")
    mixed, absolute = interactive.load(folder / "A"), interactive.load(tmp_path / "H")
    read = absolute.read(folder / "data")

    one = interactive.account(absolute, read, read.frame["acct_id"][3])
    other = interactive.account(mixed, folder / "data", read.frame["acct_id"][3])
    measured = interactive.evaluate(absolute, folder / "data")

    assert absolute.version == health.artifact.version
    assert "compares by: nothing" in repr(absolute)
    assert list(one.signals().index) == list(HEALTH["metrics"])
    assert one.explanation.band in repr(one)
    assert set(other.standings) == {"macro", "bots"}
    assert other.frame().index.tolist() == ["macro", "bots"]
    with pytest.raises(InvalidInput, match="compares no metric with peers"):
        one.figure()
    with pytest.raises(InvalidInput, match="compares no metric with peers"):
        absolute.figure()
    with pytest.raises(InvalidInput, match="none has a calibration"):
        measured.figure()
    assert measured.signals()["ok"].sum() > 0
    assert "bands: Healthy" in repr(measured)
    assert "<table" in one._repr_html_()
    assert "<table" in absolute._repr_html_()
