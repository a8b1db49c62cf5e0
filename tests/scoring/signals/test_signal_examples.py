"""What the kinds say of the accounts that people have worked out by hand."""

import math

import pytest
from signal_builders import NAN, SIGNALS, Logistic, made, told

from serving.scoring.errors import ArtifactCorrupt
from serving.scoring.risk import RiskModel

RATIO = made("ratio", numerator="part", denominator="whole")
SHARE = made("ratio", share="rate")
MEAN = made("growth", current="orders", base="mean_12m")
MEAN_OF_SEVEN = made("growth", current="orders", base="mean_12m", min_months=7)
LAG = made("growth", current="rangers", base="lag_12m")
BINARY = SIGNALS["indicator"]
REVIEWS = SIGNALS["indicator of a count"]
ONBOARDING = SIGNALS["indicator of a name"]
COACHING = made("recency", input="last_coaching", steps=[[30, 100], [90, 50]])
COACHING_OR_0 = made("recency", input="last_coaching", steps=[[30, 100], [90, 50]], never=0)
CADENCE = SIGNALS["recency in a line"]
PAGE = SIGNALS["linear down"]
TENURE = SIGNALS["linear"]
USAGE = SIGNALS["tier"]
ALERTS = made("penalty", deductions={"alerts": 15})

#: Twelve months that sum to 6768, so that their mean is 564.
YEAR = [500, 600, 550, 620, 480, 570, 590, 560, 610, 540, 530, 618]
#: Seven months with the mean 564, the others not known.
SEVEN = [NAN, 564, 563, NAN, 565, NAN, 564, 564, NAN, 560, 568, NAN]


@pytest.mark.parametrize(
    ("signal", "row", "points"),
    [
        pytest.param(RATIO, [67, 100], 67, id="B1: 67 of 100"),
        pytest.param(RATIO, [134, 200], 67, id="B1: 134 of 200"),
        pytest.param(SHARE, [0.67], 67, id="B1: a rate of 0.67"),
        pytest.param(SHARE, [0.57], 57, id="B1: a rate whose hundredfold is not quite whole"),
        pytest.param(RATIO, [120, 100], 100, id="B2: more than all is all"),
        pytest.param(SHARE, [1.2], 100, id="B2: a rate above 1 is 1"),
        pytest.param(RATIO, [900, 1200], 75, id="B3: credits used of credits provisioned"),
        pytest.param(MEAN, [693, *YEAR], 61, id="B4, B5: 693 against a mean of 564"),
        pytest.param(MEAN, [499, *YEAR], 44, id="B4, B5: 499 against a mean of 564"),
        pytest.param(LAG, [693, 564], 61, id="B4: 693/564"),
        pytest.param(LAG, [499, 564], 44, id="B4: 499/564"),
        pytest.param(LAG, [15, 12], 62, id="B4, B5: 15/12, floored"),
        pytest.param(LAG, [13, 15], 43, id="B4: 13/15, floored"),
        pytest.param(LAG, [100, 100], 50, id="B4: no growth"),
        pytest.param(LAG, [300, 100], 100, id="B4: as much growth as counts"),
        pytest.param(LAG, [0, 100], 0, id="B4: nothing is left"),
        pytest.param(MEAN_OF_SEVEN, [693, *SEVEN], 61, id="B6: seven months where they are enough"),
        pytest.param(MEAN, [0.07, *[0.07] * 12], 50, id="B4: no growth, in amounts with last bits"),
        pytest.param(MEAN, [0.28, *[0.28] * 12], 50, id="B4: no growth, in others"),
        pytest.param(BINARY, [1], 100, id="B7: true"),
        pytest.param(BINARY, [0], 0, id="B7: false"),
        pytest.param(REVIEWS, [0], 0, id="B8: no review, or one 366 days ago"),
        pytest.param(REVIEWS, [1], 50, id="B8: one"),
        pytest.param(REVIEWS, [2], 100, id="B8: two"),
        pytest.param(REVIEWS, [5], 100, id="B8: five"),
        pytest.param(COACHING, [30], 100, id="B9: 30 days"),
        pytest.param(COACHING, [31], 50, id="B9: 31 days"),
        pytest.param(COACHING, [90], 50, id="B9: 90 days"),
        pytest.param(COACHING, [91], 0, id="B9: 91 days"),
        pytest.param(COACHING, [0], 100, id="B9: today"),
        pytest.param(COACHING, [-1], 100, id="B9: tomorrow, where it is that already"),
        pytest.param(COACHING_OR_0, [NAN], 0, id="B9: never, where that is 0"),
        pytest.param(CADENCE, [15], 100, id="B9: before the line falls"),
        pytest.param(CADENCE, [75], 50, id="B9: half way down"),
        pytest.param(CADENCE, [500], 0, id="B9: beyond the last knot"),
        pytest.param(RATIO, [27, 30], 90, id="B11: 3 of 30 days with errors"),
        pytest.param(PAGE, [2.0], 75, id="B11: 2 s between 1 and 5"),
        pytest.param(PAGE, [0.2], 100, id="B11: better than the best"),
        pytest.param(PAGE, [7.0], 0, id="B11: worse than the worst"),
        pytest.param(RATIO, [17, 20], 85, id="B12: 17 of 20 settings"),
        pytest.param(ALERTS, [0], 100, id="B13: no alert"),
        pytest.param(ALERTS, [2], 70, id="B13: two alerts of 15"),
        pytest.param(ALERTS, [8], 0, id="B13: eight"),
        pytest.param(TENURE, [12], 100 / 3, id="C1: a year of three"),
        pytest.param(ONBOARDING, [2], 100, id="C1: on time, the third of the sorted names"),
        pytest.param(ONBOARDING, [0], 50, id="C1: late"),
    ],
)
def test_points_are_those_worked_out_by_hand(signal, row, points):
    assert told(signal, *row) == (points, "ok")


@pytest.mark.parametrize(
    ("signal", "row", "status"),
    [
        pytest.param(RATIO, [5, 0], "no_denominator", id="B2: 5 of 0"),
        pytest.param(RATIO, [0, 0], "no_denominator", id="B2: 0 of 0"),
        pytest.param(RATIO, [NAN, 0], "missing", id="what is missing comes first"),
        pytest.param(RATIO, [5, NAN], "missing", id="an unknown whole"),
        pytest.param(SHARE, [NAN], "missing", id="an unknown rate"),
        pytest.param(LAG, [15, 0], "no_history", id="B6: a base of 0"),
        pytest.param(MEAN, [15, *[0] * 12], "no_history", id="B6: a mean of 0"),
        pytest.param(LAG, [15, NAN], "no_history", id="B6: no count a year ago"),
        pytest.param(MEAN, [693, *SEVEN], "no_history", id="B6: seven months are not twelve"),
        pytest.param(MEAN_OF_SEVEN, [9, *SEVEN[:-2], NAN, NAN], "no_history", id="B6: six of 7"),
        pytest.param(LAG, [NAN, 15], "missing", id="no count of now"),
        pytest.param(BINARY, [NAN], "missing", id="neither true nor false"),
        pytest.param(REVIEWS, [NAN], "missing", id="no count"),
        pytest.param(COACHING, [NAN], "missing", id="B9: never, where that is no score"),
        pytest.param(COACHING, [-2], "missing", id="a date to come is no date"),
        pytest.param(COACHING_OR_0, [-2], "missing", id="nor is it never"),
        pytest.param(ONBOARDING, [3], "not_applicable", id="the question is open"),
        pytest.param(ONBOARDING, [NAN], "missing", id="no name, or one that is not listed"),
        pytest.param(USAGE, [4], "missing", id="a code beyond the labels"),
        pytest.param(USAGE, [-1], "missing", id="a code before them"),
        pytest.param(SIGNALS["penalty"], [NAN, 1], "missing", id="one of the counts is not known"),
        pytest.param(SIGNALS["learned_risk"], [NAN, NAN], "missing", id="nothing is known"),
    ],
)
def test_where_there_is_no_score_the_status_says_why(signal, row, status):
    points, word = told(signal, *row)

    assert math.isnan(points)
    assert word == status


def test_c9_a_risk_of_35_in_a_hundred_is_65_and_without_a_model_there_is_no_score():
    churn = SIGNALS["learned_risk"]
    model = Logistic(["logins", "cases"], slope=math.log(0.35 / 0.65))

    points, statuses = churn.judging({"m2": model})([[1.0], [NAN]])

    assert points == pytest.approx([65.0], abs=1e-12)
    assert statuses == [0]
    assert told(made("learned_risk", model="m3", inputs=["logins"]), 1.0)[1] == "model_missing"


def test_a_model_gets_its_columns_in_its_own_order():
    churn = SIGNALS["learned_risk"]
    model: RiskModel = Logistic(["cases", "logins"])

    swapped, _ = churn.judging({"m2": model})([[0.0], [100.0]])
    straight, _ = churn.judging({"m2": Logistic(["logins", "cases"])})([[0.0], [100.0]])

    assert swapped[0] < 1.0
    assert straight == [50.0]


def test_a_model_of_other_columns_is_refused():
    churn = SIGNALS["learned_risk"]

    with pytest.raises(ArtifactCorrupt, match="fitted to logins; metric metric gives it logins, c"):
        churn.judging({"m2": Logistic(["logins"])})


@pytest.mark.parametrize("shape", ["ratio", "ratio of a share", "growth", "penalty"])
def test_b2_a_number_that_cannot_be_negative_says_so(shape):
    assert {entry.minimum for entry in SIGNALS[shape].inputs} == {0.0}


def test_growth_reads_the_months_by_their_names():
    assert [entry.name for entry in LAG.inputs] == ["rangers", "rangers_12m_ago"]
    assert [entry.name for entry in MEAN.inputs][:2] == ["orders", "orders_1m_ago"]
    assert len(MEAN.inputs) == 13


@pytest.mark.parametrize("huge", [1e300, 1.7e308])
def test_numbers_however_large_are_not_scored_wrong(huge):
    assert told(RATIO, huge / 4, huge) == (25.0, "ok")
    assert told(LAG, huge, huge) == (50.0, "ok")
    assert told(ALERTS, huge) == (0.0, "ok")
    assert told(PAGE, -huge) == (100.0, "ok")
