"""One account and many are scored by two ways through the code, which give the same bits."""

from itertools import product
from typing import Any, get_args

import numpy as np
import pytest
from builders import (
    INF,
    NAN,
    make_accounts,
    make_curve,
    make_scorer,
    make_tables,
    make_tree,
)
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from serving.scoring.many_accounts import ManyAccounts
from serving.scoring.one_account import OneAccount, ScalarScale
from serving.scoring.peer_tables import PeerTables
from serving.scoring.scorecard import Scale, Ties, scorecard_from_dict
from serving.scoring.scorer import _FEW_ACCOUNTS, Scorer

SCALES = [
    {"type": "out_of_10", "step": 1},
    {"type": "out_of_10", "step": 0.1},
    {"type": "zero_to_100", "step": 2.5},
    {"type": "zero_to_100"},
]
CASES = [
    pytest.param(ties, missing, scale, id=f"{ties}-{missing}-{number}")
    for ties, missing, (number, scale) in product(
        get_args(Ties), ("skip", "zero"), enumerate(SCALES)
    )
]


def make_any_tree(ties: Ties, missing: str, scale: dict[str, Any]) -> dict[str, Any]:
    """The tree of the builders with a component in a component, and one metric bounded by hand."""
    tree = make_tree(missing=missing, scale=scale)
    for metric in tree["metrics"].values():
        metric["ties"] = ties
    tree["metrics"]["price"] |= {"lower": -2.0, "upper": 15.0}
    tree["components"]["use"]["components"] = {"deep": {"weight": 0.7, "metrics": {"seats": 0.3}}}
    tree["metrics"]["seats"] = {"kind": "peer", "ties": ties}
    return tree


def make_odd_accounts(scorer: Scorer, rows: int, seed: int) -> NDArray[np.float64]:
    """Accounts at atoms, in and beyond the range, with holes, endless values, odd categories."""
    rng = np.random.default_rng(seed)
    accounts = make_accounts(scorer, rows, seed=seed)
    region = [entry.name for entry in scorer.inputs].index("region")
    odd = rng.random(rows) < 0.2
    accounts[odd, region] = rng.choice([-1.0, 0.5, 2.0, 7.0, NAN, INF], odd.sum())
    for column in set(range(accounts.shape[1])) - {region}:
        endless = rng.random(rows) < 0.01
        accounts[endless, column] = rng.choice([-INF, INF, 1e308, -1e308, 5e-324], endless.sum())
    return accounts


def both_ways(scorer: Scorer, accounts: NDArray[np.float64]) -> tuple[bytes, bytes]:
    """Score accounts all at once and one at a time."""
    many = ManyAccounts(scorer.artifact)
    assert isinstance(scorer.artifact.tables, PeerTables)
    one = OneAccount(many)
    width = len(scorer.outputs) - 1
    values, ranks = np.empty((len(accounts), width)), np.empty((len(accounts), len(many.shown)))
    flags = np.empty(len(accounts), np.uint8)
    statuses = np.zeros(ranks.shape, np.uint8)
    many.score(accounts, values, ranks, flags, statuses)
    alone = [one.score(account) for account in accounts.tolist()]
    together = np.column_stack([values, ranks, flags, statuses])
    rows = [[*a.values, *a.ranks, a.flags, *a.statuses] for a in alone]
    return together.tobytes(), np.array(rows).tobytes()


@pytest.mark.parametrize(("ties", "missing", "scale"), CASES)
def test_an_account_scores_bit_for_bit_the_same_by_both_ways(
    ties: Ties, missing: str, scale: dict[str, Any]
) -> None:
    # 32 cases of 400 accounts.
    scorer = make_scorer(make_any_tree(ties, missing, scale))

    together, alone = both_ways(scorer, make_odd_accounts(scorer, 400, seed=11))

    assert alone == together


@pytest.mark.parametrize("ties", get_args(Ties))
def test_a_table_alone_ranks_bit_for_bit_as_the_scorer_does(ties: Ties) -> None:
    scorer = make_scorer(make_any_tree(ties, "skip", SCALES[0]))
    accounts = make_odd_accounts(scorer, 2000, seed=12)
    around = scorer.around(accounts)
    column = [entry.name for entry in scorer.inputs]

    ranks = scorer.score(accounts).ranks

    for position, metric in enumerate(scorer.scorecard.metrics):
        values = accounts[:, column.index(metric.name)]
        alone = around.metrics[metric.name].rank(metric, around.cells, values)
        assert alone.tobytes() == ranks[:, position].tobytes()


@pytest.mark.parametrize("rows", [1, _FEW_ACCOUNTS, _FEW_ACCOUNTS + 1, 5000])
def test_however_many_accounts_are_scored_each_scores_the_same(rows: int) -> None:
    scorer = make_scorer()
    accounts = make_accounts(scorer, 5000)

    scores = scorer.score(accounts[:rows])

    everyone = scorer.score(accounts)
    assert scores.values.tobytes() == everyone.values[:rows].tobytes()
    assert scores.ranks.tobytes() == everyone.ranks[:rows].tobytes()
    assert scores.flags.tobytes() == everyone.flags[:rows].tobytes()


@pytest.mark.parametrize("rows", [_FEW_ACCOUNTS, 300])
def test_what_an_account_says_changes_no_other_accounts_score(rows: int) -> None:
    scorer = make_scorer()
    accounts = make_accounts(scorer, rows)
    before = scorer.score(accounts)
    others = np.arange(rows) != rows // 2

    for value in (NAN, 0.0, 1e300, -INF):
        accounts[rows // 2] = value
        after = scorer.score(accounts)

        assert after.values[others].tobytes() == before.values[others].tobytes()
        assert after.flags[others].tobytes() == before.flags[others].tobytes()


def test_a_metric_that_no_training_account_had_has_no_score_by_either_way() -> None:
    card = scorecard_from_dict(make_tree())
    tables = make_tables(card)
    object.__setattr__(tables.metrics["bots"], "pooled", make_curve([(0, 0)]))
    scorer = make_scorer(tables=tables)

    together, alone = both_ways(scorer, make_accounts(scorer, 50))

    assert alone == together
    assert np.isnan(scorer.score(make_accounts(scorer, 50)).ranks[:, 0]).all()


@given(
    rank=st.floats(0, 1) | st.just(NAN),
    step=st.sampled_from([None, 1, 1.0, 0.1, 0.25, 0.5, 0.01, 0.3125, 1e-6, 10.0]),
    kind=st.sampled_from(["out_of_10", "zero_to_100"]),
)
def test_a_rank_is_put_on_the_scale_the_same_by_both_ways(
    rank: float, step: float | None, kind: str
) -> None:
    scale = Scale(kind, step)

    one = np.array([ScalarScale(scale).score(rank)])

    assert one.tobytes() == scale.score(np.array([rank])).tobytes()


def test_every_half_step_goes_the_same_way_by_both() -> None:
    for step in (1, 0.1, 0.01, 0.05, 2.5):
        scale = Scale("out_of_10", step)
        halves = np.arange(0, 10, step / 2) / 10
        near = np.concatenate([halves, np.nextafter(halves, 0), np.nextafter(halves, 1)])

        one = np.array([ScalarScale(scale).score(rank) for rank in near.tolist()])

        assert one.tobytes() == scale.score(near).tobytes()


def test_these_tests_see_atoms_with_knots_in_their_jumps() -> None:
    # Else the rarest branch of both ways would go untested.
    scorer = make_scorer(make_any_tree("mid", "skip", SCALES[0]))

    assert ManyAccounts(scorer.artifact).peers.lookup.rulers.has_pairs
