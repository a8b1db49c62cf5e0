from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from serving.scoring.artifact import Artifact
from serving.scoring.peer_tables import PeerTables
from serving.scoring.scorer import Scorer
from tests.training.fit_builders import draw_power, make_even_axis, make_power_table, make_scorecard
from training.gate import moves
from training.gate.comparison import Comparison
from training.gate.limits import Limits
from training.gate.moves import Move, Moves, judge_moves, measure_moves
from training.gate.same_accounts import SameAccounts

NAN = float("nan")


def make_scorer(power, **body):
    axis = make_even_axis()
    card = make_scorecard(["bots"], **body)
    peers = PeerTables((axis,), np.full(axis.size, 1000.0), {"bots": make_power_table(power)})
    return Scorer(Artifact(card, card.inputs, peers, {}, {}, version=""))


def make_accounts(count, missing=0):
    rng = np.random.default_rng(1)
    ages = rng.random(count) * 100
    frame = pd.DataFrame({"acct_id": [f"a{number}" for number in range(count)], "acct_age": ages,
                          "bots": draw_power(ages, rng)})  # fmt: skip
    frame.loc[: missing - 1, "bots"] = NAN
    everybody = np.ones(count, dtype=bool)
    return SameAccounts(SimpleNamespace(frame=frame), frame, {}, everybody, everybody, None)


def make_moves(**changes):
    """A harmless move of one metric and of the global score."""
    move = Move("metric", 1000, 0.01, 3.0, 0.2, 0.0, 0.3)
    component = Move("component", 1000, 0.001, 1.2, 0.15, 0.0, 0.4)
    overall = Move("global", 1000, 0.0, 0.5, 0.1, 0.0, 0.5)
    kind = changes.pop("kind", "metric")
    scores = {"bots_score": move, "auto_score": component, "global_score": overall}
    key = {"metric": "bots_score", "component": "auto_score"}.get(kind, "global_score")
    scores[key] = scores[key]._replace(**changes)
    return Moves(scores, np.zeros((3, 41), dtype=np.int64), np.zeros((50, 50)), 10.0)


@pytest.mark.parametrize(
    ("changes", "failed"),
    [
        ({}, set()),
        ({"share": 0.081}, {"stable metrics"}),
        ({"largest": 8.1}, {"stable metrics"}),
        ({"mean": 0.61}, {"stable metrics"}),
        ({"kind": "component", "share": 0.031}, {"stable components"}),
        ({"kind": "component", "largest": 4.1}, {"stable components"}),
        ({"kind": "component", "mean": 0.51}, {"stable components"}),
        ({"kind": "global", "share": 0.011}, {"stable global score"}),
        ({"kind": "global", "largest": 2.1}, {"stable global score"}),
        ({"kind": "global", "mean": 0.31}, {"stable global score"}),
        ({"came_or_went": 0.001}, {"no score comes or goes"}),
        ({"share": 0.08, "largest": 8.0, "mean": 0.6}, set()),
    ],
)
def test_each_figure_has_its_own_limit(changes, failed):
    verdicts = judge_moves(make_moves(**changes), Limits())

    assert {verdict.name for verdict in verdicts if not verdict.passed} == failed


def test_a_component_of_one_metric_is_judged_as_that_metric():
    alone = make_moves(kind="component", share=0.01, largest=3.0, mean=0.5)
    alone.scores["bots_score"] = alone.scores["auto_score"]._replace(
        kind="metric", share=0.05, largest=6.0
    )
    alone.scores["auto_score"] = alone.scores["bots_score"]._replace(kind="component")

    assert all(verdict.passed for verdict in judge_moves(alone, Limits()))


def test_a_refusal_names_the_limits_that_were_exceeded_and_no_others():
    verdict = judge_moves(make_moves(share=0.627, mean=0.6003), Limits())[0]

    assert verdict.text == (
        "bots_score: moving_share 62.7% > 8%, mean_move 0.6003 > 0.6 (1,000 accounts)"
    )


def test_a_refusal_on_0_to_100_says_in_points_of_it_how_far_scores_move():
    moves = replace(make_moves(largest=9.0), maximum=100.0)

    verdict = judge_moves(moves, Limits())[0]

    assert verdict.text == "bots_score: largest_move 9 > 8 (90 > 80 of 100) (1,000 accounts)"


@pytest.mark.parametrize(
    ("maximum", "text"),
    [
        (10.0, "a point, the largest by 3.0, the mean by 0.20 (at most 8.0%, 8 and 0.6)"),
        (100.0, "10 points, the largest by 30.0, the mean by 2.00 (at most 8.0%, 80 and 6)"),
    ],
)
def test_what_passes_is_told_in_points_of_the_scale(maximum, text):
    verdict = judge_moves(replace(make_moves(), maximum=maximum), Limits())[0]

    assert verdict.text == f"bots_score: 1.0% of 1,000 accounts move more than {text}"


def test_a_comparison_on_0_to_100_has_moves_in_points_of_it():
    told, of_hundred = (
        Comparison(replace(make_moves(), maximum=maximum), {}, {}) for maximum in (10.0, 100.0)
    )

    moved = ["mean_move", "largest_move"]
    assert (of_hundred.frame()[moved] == 10 * told.frame()[moved]).all(axis=None)
    assert "points of 10\n" in str(told)
    assert ">1 point " in str(told)
    assert "points of 100\n" in str(of_hundred)
    assert ">10 points " in str(of_hundred)


def test_a_limit_of_nothing_lets_nothing_through_and_no_move_at_all():
    still = make_moves(share=0.0, largest=0.0, mean=0.0)
    limits = Limits(moving_share=0.0, largest_move=0.0, mean_move=0.0)

    assert judge_moves(still, limits)[0].passed
    assert not judge_moves(make_moves(share=0.0, largest=0.1, mean=0.0), limits)[0].passed


def test_moves_are_those_of_the_scores_by_hand():
    champion, candidate = make_scorer(1.0), make_scorer(3.0)
    same = make_accounts(500, missing=20)
    before, after = (
        scorer.score(same.encode(scorer, slice(None))).values[:, 0]
        for scorer in (champion, candidate)
    )
    known = ~np.isnan(before) & ~((before == after) & np.isin(before, [0.0, 10.0]))
    sizes = np.abs(after - before)[known]

    found = measure_moves(candidate, champion, same)

    move = found.scores["use_bots_metric_score"]
    assert known.sum() < 480, "some score 0 or 10 under both"
    assert (move.kind, move.accounts) == ("metric", known.sum())
    assert move.share == pytest.approx((sizes > 1).mean())
    assert move.changed == pytest.approx((sizes > 0).mean())
    assert (move.largest, move.mean) == pytest.approx((sizes.max(), sizes.mean()))
    assert found.histograms[0].sum() == known.sum()
    assert found.globals.sum() == 480
    assert [one.kind for one in found.scores.values()] == ["metric", "component", "global"]


def test_blocks_change_nothing(monkeypatch):
    champion, candidate, same = make_scorer(1.0), make_scorer(3.0), make_accounts(500, missing=20)
    whole = measure_moves(candidate, champion, same)
    monkeypatch.setattr(moves, "_BLOCK", 7)

    pieces = measure_moves(candidate, champion, same)

    for key, move in whole.scores.items():
        assert pieces.scores[key][1:] == pytest.approx(move[1:])
    np.testing.assert_array_equal(pieces.histograms, whole.histograms)
    np.testing.assert_array_equal(pieces.globals, whole.globals)


def test_who_scores_nothing_under_both_hides_nobody_who_moves():
    champion, candidate = make_scorer(1.0), make_scorer(1.0, higher_is_better=False)
    few, same = make_accounts(100), make_accounts(1000)
    same.frame.loc[100:, "bots"] = 2.0  # above all peers: 10 before, 0 after
    same.frame.loc[:99, "bots"] = few.frame["bots"].to_numpy()

    found = measure_moves(candidate, champion, same)
    itself = measure_moves(champion, champion, same)

    assert found.scores["use_bots_metric_score"].accounts > 900
    assert itself.scores["use_bots_metric_score"].accounts <= 100


def test_no_accounts_are_no_moves():
    found = measure_moves(make_scorer(1.0), make_scorer(3.0), make_accounts(0))

    assert all(move[1:] == (0, 0.0, 0.0, 0.0, 0.0, 0.0) for move in found.scores.values())
    assert all(verdict.passed for verdict in judge_moves(found, Limits()))
