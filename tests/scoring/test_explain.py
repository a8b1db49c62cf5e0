"""Explanations say what the scorer does, to the bit; properties over accounts of all kinds."""

import json
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from builders import INF, NAN, make_accounts, make_scorer, make_tables, make_tree
from explained_accounts import Claims, check_goals
from forest_builders import make_forests, make_many_tree
from test_two_ways import CASES, SCALES, make_any_tree, make_odd_accounts

from serving.scoring import Flag, InvalidInput, load_scorer
from serving.scoring.distribution import PooledDistribution
from serving.scoring.goals import STATUSES
from serving.scoring.intervals import QUARTILES
from serving.scoring.scorecard import Ties, scorecard_from_dict


def make_forest_scorer():
    tree = make_many_tree()
    return make_scorer(tree, tables=make_forests(scorecard_from_dict(tree)))


def make_scorer_of(kind):
    return make_forest_scorer() if kind == "forests" else make_scorer()


KINDS = pytest.mark.parametrize("kind", ["tables", "forests"])


@pytest.mark.parametrize(("ties", "missing", "scale"), CASES)
def test_a_goal_s_value_brings_the_score_and_the_one_before_it_does_not(ties, missing, scale):
    # 32 cases of 25 accounts with four metrics.
    scorer = make_scorer(make_any_tree(ties, missing, scale))
    accounts = make_odd_accounts(scorer, 25, seed=21)
    share = scorer.scorecard.scale.maximum / 10

    claims = Claims(scorer, accounts, bands=[2.5 * share, 5 * share, 10 * share])

    points = check_goals(claims, lambda told: told.next_point)
    bands = check_goals(claims, lambda told: told.next_band)
    assert {"reachable", "highest", "not_observed"} <= points.keys() & bands.keys()
    # Half of those at a bound are ahead, so nobody has the highest score there.
    assert ("out_of_bounds" in points) == (ties in ("mid", "low", "high"))


def test_so_it_is_where_models_are_stored():
    scorer = make_forest_scorer()

    claims = Claims(scorer, make_accounts(scorer, 60, seed=22), bands=[5.0])

    assert check_goals(claims, lambda told: told.next_point)["reachable"] > 50
    assert check_goals(claims, lambda told: told.next_band)["reachable"] > 20


@KINDS
@pytest.mark.parametrize("rows", [1, 50])
def test_ranks_scores_intervals_and_peers_are_the_scorer_s_to_the_bit(kind, rows):
    scorer = make_scorer_of(kind)
    accounts = make_accounts(scorer, rows, seed=23)
    scores, intervals = scorer.score(accounts), scorer.intervals(accounts)
    around = scorer.around(accounts)
    names = [metric.name for metric in scorer.scorecard.metrics]

    explained = scorer.explain(accounts)

    for row, why in enumerate(explained):
        means = [lost.score for lost in (*why.components, why.overall)]
        told = [*(metric.score for metric in why.metrics), *means]
        keys = [*(metric.key for metric in why.metrics), *(c.key for c in why.components)]
        assert np.array(told, dtype=float).tobytes() == scores.values[row].tobytes()
        assert (*keys, why.overall.key, "last_modified") == scorer.outputs
        assert why.flags == tuple(f.name.lower() for f in Flag(int(scores.flags[row])))
        for metric in why.metrics:
            number = names.index(metric.metric)
            cell = around.cells.some(np.array([row]))
            exact = [
                scores.ranks[row, number],
                intervals.low[row, number],
                intervals.high[row, number],
                cell.mix(around.metrics[metric.metric].peers)[0],
            ]
            told = [metric.rank, metric.rank_low, metric.rank_high, metric.effective_peers]
            assert np.array(told, dtype=float).tobytes() == np.array(exact).tobytes()


@KINDS
@pytest.mark.parametrize("ties", get_args(Ties))
def test_a_quartile_is_the_first_value_with_its_share_of_the_peers_at_or_below(kind, ties):
    scorer = make_scorer(make_any_tree(ties, "skip", SCALES[0])) if kind == "tables" else None
    scorer = scorer or make_forest_scorer()
    claims = Claims(scorer, make_accounts(scorer, 40, seed=24))

    for place, share in enumerate(QUARTILES):
        values = [told.peer_quartiles[place] for _, told in claims.pairs]
        step = [
            value - 1.0 if told.whole_numbers and value == np.floor(value) else value - 1e-9
            for (_, told), value in zip(claims.pairs, values, strict=True)
        ]
        # Here bounds are the tables' own; what is computed without them differs by roundings.
        assert (claims.shares_at_or_below(claims.pairs, values) >= share - 1e-9).all()
        assert (claims.shares_at_or_below(claims.pairs, step) < share + 1e-9).all()


@KINDS
def test_an_account_s_explanation_depends_on_its_own_row_alone(kind):
    scorer = make_scorer_of(kind)
    accounts = make_accounts(scorer, 30, seed=25)

    together = scorer.explain(accounts)

    assert together == [scorer.explain(accounts[[row]])[0] for row in range(30)]
    assert scorer.explain(accounts[:0]) == []


@pytest.mark.parametrize("name", ["bots", "rate", "price"])
def test_a_better_value_never_asks_for_less(name):
    scorer = make_scorer()
    column = [entry.name for entry in scorer.inputs].index(name)
    accounts = np.repeat(make_accounts(scorer, 1, seed=26), 400, axis=0)
    accounts[:, column] = np.linspace(-8.0, 60.0, 400)
    worse_to_better = slice(None) if name != "price" else slice(None, None, -1)

    explained = scorer.explain(accounts[worse_to_better])

    told = [next(m for m in why.metrics if m.metric == name) for why in explained]
    sign = -1.0 if name == "price" else 1.0
    goals = [metric.next_point for metric in told if metric.next_point.value is not None]
    assert len(goals) > 20
    assert (np.diff([goal.target for goal in goals]) >= 0).all()
    assert (np.diff([sign * goal.value for goal in goals]) >= 0).all()
    assert (np.diff([metric.rank for metric in told]) >= 0).all()
    assert len({metric.peer_quartiles for metric in told}) == 1


def test_a_missing_value_has_no_score_but_its_peers_have_quartiles():
    scorer = make_scorer()
    accounts = np.full((1, len(scorer.inputs)), NAN)

    (why,) = scorer.explain(accounts)

    assert {metric.next_point.status for metric in why.metrics} == {"not_observed"}
    assert all(metric.peer_quartiles for metric in why.metrics)
    assert (why.overall.score, why.overall.points_lost, why.overall.drivers) == (None, None, ())
    assert "peer_dimension_missing" in why.flags


def test_a_metric_that_no_training_account_had_says_so():
    tables = make_tables(scorecard_from_dict(make_tree()))
    nobody = PooledDistribution(np.zeros(1), np.zeros(1))
    blank = replace(tables.metrics["rate"], pooled=nobody)
    tables = replace(tables, metrics={**tables.metrics, "rate": blank})
    scorer = make_scorer(tables=tables)

    (why,) = scorer.explain(np.ones((1, len(scorer.inputs))))

    rate = next(metric for metric in why.metrics if metric.metric == "rate")
    assert (rate.value, rate.rank, rate.peer_quartiles) == (1.0, None, None)
    assert rate.next_point.status == "no_ranks"
    assert why.overall.score is not None


def test_values_without_end_are_explained_like_the_outermost_ones():
    scorer = make_scorer()
    accounts = np.repeat(make_accounts(scorer, 1, seed=27), 2, axis=0)
    column = [entry.name for entry in scorer.inputs].index("bots")
    accounts[:, column] = [-INF, INF]

    lowest, highest = (
        next(m for m in why.metrics if m.metric == "bots") for why in scorer.explain(accounts)
    )

    assert (lowest.score, lowest.next_point.status) == (0.0, "reachable")
    assert (highest.score, highest.next_point.status) == (10.0, "highest")


@KINDS
def test_the_plain_form_is_json(kind):
    scorer = make_scorer_of(kind)
    explained = scorer.explain(make_accounts(scorer, 20, seed=28), bands=[5.0])

    plain = [why.to_dict() for why in explained]

    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    statuses = {metric["next_point"]["status"] for why in plain for metric in why["metrics"]}
    assert statuses <= STATUSES.keys()


def test_a_band_that_is_given_twice_is_named():
    scorer = make_scorer()

    with pytest.raises(InvalidInput, match="the band 5 is given twice"):
        scorer.explain(make_accounts(scorer, 1), bands=[2.0, 5.0, 5.0])


@pytest.mark.parametrize("bands", [[5.0, 2.0], [-1.0], [11.0], [NAN]])
def test_bands_that_do_not_ascend_within_the_scale_are_refused(bands):
    scorer = make_scorer()

    with pytest.raises(InvalidInput, match="ascend from 0 to 10"):
        scorer.explain(make_accounts(scorer, 1), bands=bands)


def test_accounts_of_another_width_are_refused_as_in_scoring():
    with pytest.raises(InvalidInput, match="columns in this order"):
        make_scorer().explain(np.zeros((1, 2)))


def test_an_artifact_of_the_first_format_is_explained(request):
    data = request.config.rootpath / "tests" / "data" / "artifacts"
    scorer = load_scorer(data / "format-1.tar.gz")
    accounts = np.array(scorer.artifact.golden["inputs"], dtype=float)

    claims = Claims(scorer, accounts[:40])

    assert check_goals(claims, lambda told: told.next_point)["reachable"] > 20
