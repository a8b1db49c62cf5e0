"""How far scores jump when an account moves a little among its peers."""

import dataclasses

import numpy as np
import pytest
from evaluation_builders import AXIS, make_frame, make_table
from fit_builders import INF, NAN, REGION, make_even_axis, make_scorecard, make_scorer

from serving.scoring.artifact import Artifact
from serving.scoring.distribution import PooledDistribution
from serving.scoring.peer_axes import Axis
from serving.scoring.peer_table import CDF_ONE, PeerTable
from serving.scoring.peer_tables import PeerTables
from serving.scoring.scorer import Scorer
from training.evaluate import evaluate
from training.jumps import JUMP_RANK, first_number, score_jumps

KNOTS = np.linspace(0.0, 1.0, 101)
EVEN = PooledDistribution(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
#: F(y | age) = y - (age rank) · (y - y²): at y = 0.5 it falls by 0.25 from the youngest to the
#: oldest, everywhere alike.
SLOPED = make_table(
    EVEN,
    KNOTS,
    CDF_ONE * (KNOTS - np.append(AXIS.nodes, 0.5)[:, None] * (KNOTS - KNOTS**2)),
)


def jump(table, ages, values, axis=AXIS):
    scorer = make_scorer({"bots": table}, axis)
    frame = make_frame(np.array(values, float), np.array(ages, float))
    return evaluate(scorer, frame, scorer.encode(frame))["metrics"]["bots"]["jump_p99"]


def test_the_jump_is_the_slope_times_the_move_in_points_of_ten():
    ages = np.linspace(0, 99, 500)

    assert jump(SLOPED, ages, np.full(500, 0.5)) == pytest.approx(10 * 0.25 * JUMP_RANK, rel=5e-3)


def test_the_jump_is_that_of_the_99th_of_100_accounts():
    """At 0 and 1 nothing moves: only where more than one in a hundred jumps, it shows."""
    ages = np.full(1000, 30.0)

    few, many = np.zeros(1000), np.zeros(1000)
    few[:5], many[:50] = 0.5, 0.5

    assert jump(SLOPED, ages, few) == 0.0
    assert jump(SLOPED, ages, many) == pytest.approx(10 * 0.25 * JUMP_RANK, rel=5e-3)


def test_at_the_upper_end_accounts_stay():
    assert jump(SLOPED, [100.0, 120.0], [0.5, 0.5]) == 0.0


def test_an_account_that_crosses_a_step_jumps_by_it():
    axis = make_even_axis()
    axis = dataclasses.replace(axis, nodes=np.array([0.0, 0.5, 0.5, 1.0]))
    shares = np.array([0.2, 0.2, 0.8, 0.8, 0.5])
    knots = np.array([0.0, 0.5, 1.0])
    cdf = np.rint(CDF_ONE * np.column_stack([np.zeros(5), shares, np.ones(5)])).astype(np.uint16)
    table = PeerTable(EVEN, knots, cdf, 0.0, INF, peers=np.full(5, 1000.0))

    assert jump(table, [49.8], [0.5], axis) == pytest.approx(6.0, abs=1e-3)
    assert jump(table, [49.0], [0.5], axis) == 0.0
    assert jump(table, [50.0], [0.5], axis) == 0.0


def test_where_the_dimension_is_not_known_nothing_is_said():
    assert jump(SLOPED, [NAN, NAN], [0.5, 0.5]) is None
    one = jump(SLOPED, [50.0], [0.5])
    assert jump(SLOPED, [NAN, 50.0, 50.0], [0.5, 0.5, NAN]) == one


def test_without_a_numeric_dimension_there_is_no_jump():
    axis = Axis(REGION, None, np.empty(0))
    card = make_scorecard(["bots"], (REGION,))
    table = PeerTable(EVEN, KNOTS, np.tile(SLOPED.cdf[:1], (4, 1)), 0.0, INF, peers=np.full(4, 9.0))
    peers = PeerTables((axis,), np.full(4, 1000.0), {"bots": table})
    scorer = Scorer(Artifact(card, card.inputs, peers, {}, {}, version=""))
    frame = make_frame(np.array([0.5]), np.array([0.0])).assign(region=["EU"])

    result = evaluate(scorer, frame, scorer.encode(frame))

    assert first_number([axis]) is None
    assert result["jump"] == {"dimension": None, "rank": JUMP_RANK}
    assert result["metrics"]["bots"]["jump_p99"] is None


def test_it_is_the_first_numeric_dimension_that_moves():
    scorer = make_scorer({"bots": SLOPED}, AXIS)
    frame = make_frame(np.array([0.5]), np.array([50.0]))
    accounts = scorer.encode(frame)

    moved = score_jumps(scorer, accounts, scorer.score(accounts).ranks, first_number([AXIS]))

    assert evaluate(scorer, frame, accounts)["jump"]["dimension"] == "acct_age"
    assert moved.shape == (1, 1)
