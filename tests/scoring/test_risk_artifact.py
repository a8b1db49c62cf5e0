"""A classifier in an artifact: opened, checked against the scorecard, and scored with."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import Parts
from risk_builders import INPUTS, make_facts, make_risk
from scipy import special

from serving.scoring import ArtifactCorrupt, Scorer, load_scorer
from serving.scoring.artifact import GOLDEN, Artifact, build_manifest, read_artifact
from serving.scoring.golden import make_golden
from serving.scoring.manifest import to_json
from serving.scoring.risk_models import RISKS, pack_risks
from serving.scoring.risk_trees import BoostedRisk
from serving.scoring.scorecard import scorecard_from_dict
from serving.scoring.signals.signal import Status
from serving.scoring.tree_arrays import no_trees


def make_card(**metric: Any) -> dict[str, Any]:
    churn = {"kind": "learned_risk", "model": "churn", "inputs": [*INPUTS], **metric}
    return {
        "schema": "scorecard/v1",
        "id": "risk",
        "scale": {"type": "zero_to_100", "step": None},
        "missing": "skip",
        "peer_dimensions": [],
        "metrics": {"churn": churn},
        "components": {"risk": {"weight": 1, "metrics": {"churn": 1}}},
    }


def make_artifact(tree: dict[str, Any], models: dict[str, BoostedRisk] | None) -> Parts:
    card = scorecard_from_dict(tree)
    known = {name: model for name, model in (models or {}).items() if name == "churn"}
    scorer = Scorer(Artifact(card, card.inputs, None, {}, {}, version="", models=known))
    accounts = np.column_stack(make_facts(120, seed=5, inputs=len(card.inputs)))
    files = {GOLDEN: to_json(make_golden(scorer, accounts))}
    if models is not None:
        files[RISKS] = pack_risks(models)
    return Parts(files, json.loads(build_manifest(card, files, {})))


def test_an_artifact_scores_by_its_model_and_golden_rows_hold_it(tmp_path: Path) -> None:
    model = make_risk()
    scorer = load_scorer(make_artifact(make_card(), {"churn": model}).write(tmp_path / "a"))
    facts = make_facts(300)

    scores = scorer.score(scorer.encode(dict(zip(INPUTS, facts, strict=True))))

    known = ~np.isnan(np.column_stack(facts)).all(axis=1)
    expected = 100.0 * (1.0 - model.probability(facts))
    assert scores.values[known, 0].tolist() == expected[known].tolist()
    assert np.isnan(scores.values[~known, 0]).all()
    assert (scores.statuses[~known, 0] == Status.MISSING).all()
    assert (~known).any()


def test_one_account_scores_as_many_do_to_the_bit(tmp_path: Path) -> None:
    scorer = load_scorer(make_artifact(make_card(), {"churn": make_risk()}).write(tmp_path / "a"))
    accounts = np.column_stack(make_facts(200))

    together = scorer.score(accounts).values

    for row in range(200):
        assert scorer.score(accounts[[row]]).values.tobytes() == together[[row]].tobytes()


def test_a_chance_of_35_percent_scores_65(tmp_path: Path) -> None:
    model = BoostedRisk(INPUTS, no_trees(1), float(special.logit(0.35)), 1.0, 0.0)
    scorer = load_scorer(make_artifact(make_card(), {"churn": model}).write(tmp_path / "a"))

    score = scorer.score(np.array([[1.0, np.nan, 3.0]])).values[0, 0]

    assert score == pytest.approx(65.0, abs=1e-12)


def test_without_the_model_there_is_no_score_and_the_reason_is_told(tmp_path: Path) -> None:
    scorer = load_scorer(make_artifact(make_card(), None).write(tmp_path / "a"))

    scores = scorer.score(np.array([[1.0, 2.0, 3.0]]))

    assert np.isnan(scores.values[0]).all()
    assert scores.statuses[0, 0] == Status.MODEL_MISSING


@pytest.mark.parametrize(
    ("tree", "models", "why"),
    [
        (make_card(model="m2"), {"churn": make_risk()}, "a model that no metric names"),
        (make_card(), {"churn": make_risk(), "m2": make_risk()}, "one too many"),
        (make_card(), {}, "a file without models"),
    ],
)
def test_models_that_are_not_the_scorecards_are_refused(
    tmp_path: Path, tree: dict[str, Any], models: dict[str, BoostedRisk], why: str
) -> None:
    path = make_artifact(tree, models).write(tmp_path / "a")

    with pytest.raises(ArtifactCorrupt, match=r"risk_models\.npz"):
        read_artifact(path)


def test_a_model_of_other_columns_is_refused(tmp_path: Path) -> None:
    parts = make_artifact(make_card(), {"churn": make_risk()})
    other = pack_risks({"churn": make_risk(inputs=("tenure_months", "logins_30d"))})

    with pytest.raises(ArtifactCorrupt, match="churn was fitted to"):
        read_artifact(parts.with_file(RISKS, other).write(tmp_path / "a"))


def test_another_model_than_the_golden_rows_were_made_with_is_refused(tmp_path: Path) -> None:
    parts = make_artifact(make_card(), {"churn": make_risk()})
    other = pack_risks({"churn": make_risk(seed=9)})

    with pytest.raises(ArtifactCorrupt, match="golden row"):
        load_scorer(parts.with_file(RISKS, other).write(tmp_path / "a"))


def test_a_byte_of_the_model_that_changed_is_noticed(tmp_path: Path) -> None:
    folder = make_artifact(make_card(), {"churn": make_risk()}).write(tmp_path / "a")
    data = bytearray((folder / RISKS).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / RISKS).write_bytes(data)

    with pytest.raises(ArtifactCorrupt, match=r"risk_models\.npz"):
        read_artifact(folder)
