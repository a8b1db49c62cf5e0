"""What a person reads of an account of an absolute scorecard, from its facts to its next band."""

import datetime as dt

import pandas as pd
import pytest

from serving.scoring import InvalidInput
from serving.scoring.stored_overlay import read_overlay
from tests.scoring.health_card import FACTS, KINDS, make_absolute_scorer, make_tree_of
from training.explain_account import explain_account, read_changes
from training.explanation_text import explanation_text
from training.fit_overlay import fit_overlay

TODAY = dt.date(2026, 6, 1)


def days_ago(days):
    return pd.Timestamp(TODAY - dt.timedelta(days=days))


def make_frame(**changes):
    facts = FACTS | {
        "acct_id": "a1",
        "last_health_check": days_ago(84),
        "last_qbr": days_ago(200),
        "last_insider_call": None,
    }
    return pd.DataFrame([facts | changes])


def explained(scorer=None, *, changes=(), target=None, **facts):
    scorer = scorer or make_absolute_scorer(make_tree_of(KINDS))
    return explain_account(
        scorer,
        make_frame(**facts),
        "a1",
        changes=read_changes(scorer.inputs, changes),
        target=target,
        scoring_date=TODAY,
    )


def line_of(text, start):
    (line,) = [line for line in text.splitlines() if line.startswith(start)]
    return line


def test_the_first_line_has_the_score_and_its_band():
    told = explained()

    score = told.explanation.overall.score
    first = explanation_text(told).splitlines()[0]
    assert first.startswith(f"account a1: global_score {score:.2f} of 100, Watch (scorecard ")


def test_a_metric_s_line_has_its_facts_as_they_were_given_and_what_the_next_point_takes():
    text = explanation_text(explained())

    qbr = line_of(text, "qbr (component) ")
    assert f"last_qbr {days_ago(200):%Y-%m-%d}" in qbr
    assert "  last_qbr within 180 days (scores 50)  " in qbr
    assert "usage_tier medium" in line_of(text, "usage (component) ")
    assert "insider_program false" in line_of(text, "insider (component) ")
    assert "  does not apply  " in line_of(text, "insider (component) ")
    assert "  highest already  " in line_of(text, "onboarding (component) ")


def test_what_reaches_the_target_comes_before_what_does_not():
    text = explanation_text(explained(target=68.0))

    lines = text.splitlines()
    start = lines.index("to reach 68:")
    reaching = [n for n, line in enumerate(lines) if " needs " in line and " (then " in line]
    short = [n for n, line in enumerate(lines) if "not reachable alone; best " in line]
    assert start < min(reaching) <= max(reaching) < min(short)
    assert "together" not in text


def test_where_none_alone_is_enough_the_fewest_together_are_told():
    text = explanation_text(explained())

    assert "to reach Healthy (75):" in text
    assert "together they reach " in text


def test_the_largest_drivers_are_told_and_the_rest_in_one_line():
    told = explained()
    lost = told.explanation.overall.drivers

    lines = explanation_text(told).splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("  global_score "))

    assert [line.split()[1] for line in lines[start + 1 : start + 4]] == [
        driver.metric for driver in lost[:3]
    ]
    rest = sum(driver.points_lost for driver in lost[3:])
    count = sum(driver.points_lost > 0 or driver.score is None for driver in lost[3:])
    assert lines[start + 4].split() == [f"{rest:.2f}", "by", str(count), "more"]
    plain = told.to_dict()["explanation"]["overall"]["drivers"]
    assert len(plain) == 8


def test_without_facts_it_says_why_there_is_no_score():
    nothing = dict.fromkeys([*FACTS])

    text = explanation_text(explained(**nothing))

    assert text.splitlines()[0].startswith("account a1: global_score - of 100 (scorecard")
    assert "no score: too little of it is known" in text
    assert "to reach" not in text


def test_a_change_is_given_as_people_write_it():
    changes = ["last_qbr=2026-05-20", "usage_tier=power", "insider_program=true"]

    told = explained(changes=changes)

    assert told.scores["qbr_qbr_metric_score"] == 100.0
    assert told.scores["usage_usage_metric_score"] == 100.0
    assert told.scores["insider_insider_metric_score"] == 0.0
    text = explanation_text(told)
    assert "last_qbr 2026-05-20" in line_of(text, "qbr (component) ")
    with pytest.raises(InvalidInput):
        explained(changes=["insider_program=perhaps"])


def test_accounts_of_similar_size_are_told_in_one_line():
    asked = {
        "peers": {"dimensions": ["seats"], "minimum_group": 10},
        "peer_dimensions": [{"name": "seats", "type": "number"}],
    }
    scorer = make_absolute_scorer(make_tree_of(KINDS, **asked))
    frame = pd.concat([make_frame(seats=float(n), safety=float(n)) for n in range(60)])
    encoded = scorer.encode(frame.reset_index(drop=True), scoring_date=TODAY)
    overlay = read_overlay(fit_overlay(scorer, encoded), scorer.scorecard)
    beside = make_absolute_scorer(make_tree_of(KINDS, **asked), overlay=overlay)

    few = explanation_text(explained(scorer, seats=30.0))
    many = explanation_text(explained(beside, seats=30.0))

    assert "peers: too few accounts to compare with" in few
    line = line_of(many, "beside 15 accounts of similar size (seats about ")
    assert "the median is" in line
    assert "% of them score lower (" in line
