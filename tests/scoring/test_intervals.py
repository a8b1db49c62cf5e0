"""How far a rank may be off for want of peers."""

from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pytest
from builders import NAN, make_accounts, make_scorer, make_tree
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from serving.scoring import InvalidInput
from serving.scoring.intervals import Intervals, normal_quantile, wilson
from serving.scoring.scorecard import Ties
from serving.scoring.scorer import Scorer


def make_scorer_with_peers(peers: float, tree: dict[str, Any] | None = None) -> Scorer:
    """Every metric is informed by so many accounts, everywhere."""
    tables = make_scorer(tree).artifact.tables
    few = {
        name: replace(table, peers=np.full(len(table.peers), peers))  # type: ignore[type-var]
        for name, table in tables.metrics.items()
    }
    return make_scorer(tree, tables=replace(tables, metrics=few))  # type: ignore[type-var]


def one_interval(rank: float, peers: float, level: float = 0.9) -> tuple[float, float]:
    low, high = wilson(np.array([rank]), np.array([peers]), normal_quantile(level))
    return float(low[0]), float(high[0])


@pytest.mark.parametrize(
    ("rank", "peers", "level", "low", "high", "why"),
    [
        (0.8, 10, 0.95, 0.490, 0.943, "eight of ten, as textbooks have it"),
        (0.5, 100, 0.95, 0.404, 0.596, "half of a hundred"),
        (0.0, 10, 0.95, 0, 0.278, "none of ten"),
        (1.0, 10, 0.95, 0.722, 1, "all of ten"),
        (0.8, 1e9, 0.95, 0.8, 0.8, "nearly everybody"),
        (0.8, 0, 0.95, 0, 1, "nobody to compare with"),
        (0.8, 10, 0.5, 0.7025, 0.8715, "an even chance"),
    ],
)
def test_an_interval_is_wilsons(
    rank: float, peers: float, level: float, low: float, high: float, why: str
) -> None:
    assert one_interval(rank, peers, level) == pytest.approx((low, high), abs=6e-4), why


@given(
    rank=st.floats(0, 1),
    peers=st.floats(0, 1e7),
    more=st.floats(0, 1e7),
    level=st.floats(0.01, 0.999),
)
def test_an_interval_holds_its_rank_and_narrows_with_more_peers(
    rank: float, peers: float, more: float, level: float
) -> None:
    low, high = one_interval(rank, peers, level)
    narrow = one_interval(rank, peers + more, level)

    assert 0 <= low <= rank <= high <= 1
    assert narrow[1] - narrow[0] <= high - low + 1e-12
    turned = one_interval(1 - rank, peers, level)
    assert (1 - turned[1], 1 - turned[0]) == pytest.approx((low, high), abs=1e-9)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.8, 0.9])
@pytest.mark.parametrize("peers", [10, 50, 500])
def test_about_as_many_intervals_as_the_level_says_hold_the_true_rank(
    share: float, peers: int
) -> None:
    rng = np.random.default_rng(1)
    ranks = rng.binomial(peers, share, 20_000) / peers

    low, high = wilson(ranks, np.full(20_000, float(peers)), normal_quantile(0.9))

    assert 0.83 <= ((low <= share) & (share <= high)).mean() <= 0.99


@pytest.mark.parametrize("ties", get_args(Ties))
@pytest.mark.parametrize("higher_is_better", [True, False])
def test_every_account_with_a_rank_has_an_interval_around_it(
    ties: Ties, higher_is_better: bool
) -> None:
    tree = make_tree()
    for metric in tree["metrics"].values():
        metric |= {"ties": ties, "higher_is_better": higher_is_better}
    scorer = make_scorer(tree)
    accounts = make_accounts(scorer, 5000)
    ranks = scorer.score(accounts).ranks

    low, high = scorer.intervals(accounts)

    known = ~np.isnan(ranks)
    assert (np.isnan(low) == ~known).all()
    assert (np.isnan(high) == ~known).all()
    assert (low[known] <= ranks[known]).all()
    assert (ranks[known] <= high[known]).all()
    assert low[known].min() >= 0
    assert high[known].max() <= 1


def test_the_fewer_peers_inform_a_metric_the_wider_its_intervals() -> None:
    accounts = make_accounts(make_scorer(), 500)
    widths = []
    for peers in (5.0, 50.0, 5000.0):
        low, high = make_scorer_with_peers(peers).intervals(accounts)
        widths.append((high - low)[~np.isnan(low)])

    assert (widths[0] >= widths[1]).all()
    assert (widths[1] >= widths[2]).all()
    assert widths[0].mean() > 2 * widths[1].mean() > 4 * widths[2].mean()


def test_peers_count_metric_by_metric() -> None:
    tables = make_scorer().artifact.tables
    one = replace(tables.metrics["bots"], peers=np.full(60, 4.0))  # type: ignore[type-var]
    changed = replace(tables, metrics={**tables.metrics, "bots": one})  # type: ignore[type-var]
    accounts = make_accounts(make_scorer(), 200)

    before = make_scorer(tables=tables).intervals(accounts)  # type: ignore[arg-type]
    after = make_scorer(tables=changed).intervals(accounts)

    assert after.low[:, 1:].tobytes() == before.low[:, 1:].tobytes()
    assert after.low[:, 0].tobytes() != before.low[:, 0].tobytes()


def at(scorer: Scorer, **values: float) -> NDArray[np.float64]:
    middle = {"age": 30, "size": 20, "region": 0, "bots": 2, "rate": 0.6, "price": 1} | values
    return np.array([[middle[entry.name] for entry in scorer.inputs]], dtype=float)


def test_at_a_bound_that_ranks_by_rule_there_is_no_doubt() -> None:
    scorer = make_scorer_with_peers(3.0)

    nothing = scorer.intervals(at(scorer, bots=0, rate=1))

    assert (nothing.low[0, :2].tolist(), nothing.high[0, :2].tolist()) == ([0, 1], [0, 1])
    # The price has no bound: the cheapest of three may still be cheaper than others.
    cheapest = scorer.intervals(at(scorer, price=-5))
    assert cheapest.high[0, 2] == 1
    assert cheapest.low[0, 2] < 0.7


def test_where_equals_count_half_there_is_doubt_at_a_bound_too() -> None:
    tree = make_tree()
    tree["metrics"]["bots"]["ties"] = "mid"
    scorer = make_scorer_with_peers(3.0, tree)

    low, high = scorer.intervals(at(scorer, bots=0))

    assert high[0, 0] - low[0, 0] > 0.3


def test_an_account_alone_has_the_interval_it_has_among_others_to_the_bit() -> None:
    scorer = make_scorer()
    accounts = make_accounts(scorer, 5000)  # more than one batch

    together = scorer.intervals(accounts)

    for row in (0, 7, 4095, 4096, 4999):
        alone = scorer.intervals(accounts[row : row + 1])
        assert alone.low.tobytes() == together.low[row].tobytes()
        assert alone.high.tobytes() == together.high[row].tobytes()


def test_no_accounts_have_no_intervals() -> None:
    scorer = make_scorer()

    intervals = scorer.intervals(np.empty((0, 6)))

    assert isinstance(intervals, Intervals)
    assert intervals.low.shape == intervals.high.shape == (0, 3)


@pytest.mark.parametrize("level", [0, 1, -0.5, 90, NAN])
def test_a_level_that_is_no_share_is_refused(level: float) -> None:
    with pytest.raises(InvalidInput, match="between 0 and 1"):
        make_scorer().intervals(np.empty((0, 6)), level=level)


def test_accounts_of_another_width_are_refused() -> None:
    with pytest.raises(InvalidInput, match="needed are 6 columns"):
        make_scorer().intervals(np.zeros((2, 5)))
