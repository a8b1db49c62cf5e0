"""A definition whose metrics are all absolute needs no accounts: built, changed, scored again."""

import time

import numpy as np
import pytest
from absolute_cards import DATE, HEALTH, make_facts, weighed, write_card

from serving.scoring import InvalidScorecard, load_scorer
from serving.scoring.golden import MIN_ROWS
from training.build import build, lacking

RISKY = {
    **HEALTH,
    "metrics": {
        **HEALTH["metrics"],
        "churn": {"kind": "learned_risk", "model": "churn", "inputs": ["tenure"]},
    },
    "components": {
        **weighed(HEALTH, adoption=50)["components"],
        "risk": {"weight": 10, "metrics": {"churn": 1}},
    },
}


@pytest.fixture
def make(tmp_path):
    def make(card, name="A"):
        return build(write_card(tmp_path / "card.yaml", card), None, tmp_path / name)

    return make


def encode(scorer, facts):
    return scorer.encode(facts, scoring_date=np.datetime64(DATE).item())


def test_an_absolute_definition_becomes_an_artifact_without_accounts(make, tmp_path):
    built = make(HEALTH)

    assert {path.name for path in (tmp_path / "A").iterdir()} == {
        "golden.json", "manifest.json", "model_card.md", "model_card.html",
    }  # fmt: skip
    assert load_scorer(tmp_path / "A").artifact.version == built.artifact.version
    card = (tmp_path / "A" / "model_card.md").read_text()
    assert "No account was seen" in card
    assert "| care | 40 | qbr | 3 | recency | input last_qbr, steps 90: 100, 180: 50" in card
    assert "Healthy from 75, Watch from 50" in card
    assert "calibrat" not in card


def test_the_same_definition_gives_the_same_bytes(make):
    assert make(HEALTH, "A").artifact.version == make(HEALTH, "B").artifact.version


def test_golden_rows_stand_around_every_threshold_of_the_definition(make):
    scorer = make(HEALTH)
    rows = np.array(scorer.artifact.golden["inputs"], dtype=float)
    names = [column.name for column in scorer.inputs]

    days = rows[:, names.index("last_qbr")]
    tiers = rows[:, names.index("usage_tier")]

    assert len(rows) >= MIN_ROWS
    for threshold in (90, 180):
        for near in (-1, -1e-6, 0, 1e-6, 1):
            assert threshold + near in days
    assert {0.0, 1.0, 2.0} <= set(tiers)
    assert np.isnan(rows).all(axis=1).any(), "nothing is known"
    assert (rows == 0).all(axis=1).any(), "everything is 0"
    for place in range(len(names)):
        alone = np.isnan(rows).sum(axis=1) == 1
        assert np.isnan(rows[alone][:, place]).any(), names[place]
    least = {column.name: column.minimum for column in scorer.inputs}
    assert all(
        np.nanmin(rows[:, place]) >= least[name]
        for place, name in enumerate(names)
        if least[name] is not None
    )


def test_c7_a_changed_weight_shows_in_scores_bands_and_drivers_without_training(make):
    facts = make_facts(1000)
    before = make(HEALTH)
    old = before.score(encode(before, facts)).values[:, -1]

    started = time.perf_counter()
    after = make(weighed(HEALTH, adoption=20, care=80))
    accounts = encode(after, facts)
    new = after.score(accounts).values[:, -1]
    took = time.perf_counter() - started

    assert took < 5
    assert (np.abs(new - old) > 1).mean() > 0.5
    place = int(np.nanargmax(np.abs(new - old)))
    one, two = (
        scorer.explain(accounts[place : place + 1])[0].to_dict() for scorer in (before, after)
    )
    assert one["band"] != two["band"]
    lost = [
        {each["metric"]: each["points_lost"] for each in told["overall"]["drivers"]}
        for told in (one, two)
    ]
    assert lost[0] != lost[1]
    for told, score in ((one, old[place]), (two, new[place])):
        total = sum(each["points_lost"] for each in told["overall"]["drivers"])
        assert score + total == pytest.approx(100, abs=1e-9)


NINTH = {
    **HEALTH,
    "metrics": {
        **HEALTH["metrics"],
        "csat": {"kind": "linear", "input": "csat_mean", "best": 5, "worst": 1},
    },
    "components": {
        **HEALTH["components"],
        "csat": {"weight": 10, "label": "CSAT", "metrics": {"csat": 1}},
    },
}


def test_c8_one_more_component_is_yaml_and_a_column_once_weights_are_balanced(make):
    facts = make_facts(50).assign(csat_mean=4.2)
    old, new = make(HEALTH, "A"), make(weighed(NINTH, adoption=50), "B")

    scores = new.score(encode(new, facts))

    assert {column.name for column in new.inputs} - {column.name for column in old.inputs} == {
        "csat_mean"
    }
    place = new.outputs.index("csat_csat_metric_score")
    assert scores.values[:, place] == pytest.approx(80)
    before = old.score(encode(old, facts))
    kept = [key for key in old.outputs[:-2] if key.endswith("_score")]
    for key in kept:
        assert np.array_equal(
            scores.values[:, new.outputs.index(key)],
            before.values[:, old.outputs.index(key)],
            equal_nan=True,
        )


def test_c8_weights_that_are_not_balanced_again_are_refused_with_their_sum(make, tmp_path):
    with pytest.raises(InvalidScorecard, match="110"):
        make(NINTH)

    assert not (tmp_path / "A").exists()


def test_b15_scores_do_not_move_when_every_other_account_changes(make):
    scorer, facts = make(HEALTH), make_facts(500)
    others = make_facts(500, seed=99)
    others.iloc[::2] = facts.iloc[::2]

    before = scorer.score(encode(scorer, facts))
    after = scorer.score(encode(scorer, others))

    assert before.values[::2].tobytes() == after.values[::2].tobytes()
    assert before.statuses[::2].tobytes() == after.statuses[::2].tobytes()
    assert (before.values[1::2] != after.values[1::2]).any()


def test_an_account_alone_scores_as_in_a_batch(make):
    scorer, facts = make(HEALTH), make_facts(300)
    accounts = encode(scorer, facts)

    together = scorer.score(accounts)
    alone = [scorer.score(accounts[place : place + 1]) for place in range(len(accounts))]

    assert together.values.tobytes("C") == np.vstack([one.values for one in alone]).tobytes()
    assert together.statuses.tobytes("C") == np.vstack([one.statuses for one in alone]).tobytes()


def test_a_model_that_is_not_there_is_told_and_gives_no_score(make):
    scorer = make(RISKY)

    values = scorer.score(encode(scorer, make_facts(5))).values

    assert np.isnan(values[:, scorer.outputs.index("risk_churn_metric_score")]).all()
    assert [told for told in lacking(scorer) if "there is no model churn" in told]
    assert lacking(make(HEALTH, "B")) == []
