"""What does not apply to an account is no missing score: under neither policy does it count."""

import numpy as np
import pytest
from health_card import (
    KINDS,
    facts_account,
    make_absolute_scorer,
    make_points_tree,
    make_tree_of,
    points_account,
)

from serving.scoring.errors import InvalidScorecard
from serving.scoring.scorecard import scorecard_from_dict
from serving.scoring.signals.signal import Status


def zero_scorer():
    return make_absolute_scorer(make_points_tree(missing="zero", coverage={"minimum": 0.1}))


def test_under_zero_a_missing_score_counts_as_0_and_one_that_does_not_apply_counts_nowhere():
    scorer = zero_scorer()
    outside = points_account(scorer)
    missing = outside.copy()
    missing[:, [each.name for each in scorer.inputs].index("usage_points")] = np.nan

    scores = scorer.score(np.vstack([outside, missing])).values[:, -1]

    # 5650 of 90 that apply; without usage 900 of its points are lost.
    assert scores == pytest.approx([5650 / 90, 4750 / 90])


def test_under_zero_the_points_lost_add_up_though_a_metric_does_not_apply():
    scorer = zero_scorer()

    (why,) = scorer.explain(points_account(scorer))

    lost = sum(driver.points_lost for driver in why.overall.drivers)
    assert why.overall.score + lost == pytest.approx(100.0, abs=1e-9)
    (insider,) = [each for each in why.overall.drivers if each.metric == "insider"]
    assert insider.weight == 0


def test_an_account_scores_to_the_bit_alone_what_it_scores_beside_one_in_the_cohort():
    scorer = zero_scorer()
    accounts = np.vstack([points_account(scorer), points_account(scorer, insider=30.0)])

    together = scorer.score(accounts).values

    alone = np.vstack([scorer.score(accounts[:1]).values, scorer.score(accounts[1:]).values])
    assert together.tobytes() == alone.tobytes()


@pytest.mark.parametrize("age", [400.0, np.nan])
def test_an_open_question_stays_open_however_old_its_facts_are(age):
    tree = make_tree_of(KINDS)
    tree["metrics"]["onboarding"] |= {"as_of": "noted", "max_age_days": 30}
    scorer = make_absolute_scorer(tree)
    account = facts_account(scorer, onboarding_result="open", noted=age)

    statuses = dict(zip(tree["metrics"], scorer.score(account).statuses[0], strict=True))

    assert Status(statuses["onboarding"]) is Status.NOT_APPLICABLE


def test_facts_dated_ahead_are_of_an_unknown_age():
    tree = make_tree_of(KINDS)
    tree["metrics"]["tenure"] |= {"as_of": "noted", "max_age_days": 30}
    scorer = make_absolute_scorer(tree)

    ages = [facts_account(scorer, noted=age) for age in (-1.0, -2.0)]

    at = list(tree["metrics"]).index("tenure")
    told = scorer.score(np.vstack(ages)).statuses[:, at]
    assert told.tolist() == [Status.OK, Status.MISSING]


def test_a_component_cannot_ask_for_coverage_where_missing_counts_as_0():
    tree = make_points_tree(missing="zero")
    tree["components"]["qbr"]["coverage"] = {"minimum": 0.5}

    with pytest.raises(InvalidScorecard, match="a score that is withheld counts as 0"):
        scorecard_from_dict(tree)
