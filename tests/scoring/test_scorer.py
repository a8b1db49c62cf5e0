from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from builders import (
    INF,
    NAN,
    make_accounts,
    make_dated_tree,
    make_parts,
    make_scorer,
    make_tables,
    make_tree,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from serving.scoring import Flag, Input, InvalidInput, Scores, load_scorer
from serving.scoring.scorecard import scorecard_from_dict
from serving.scoring.scorer import FEW_PEERS, Scorer

SCORER = make_scorer()
NAMES = [column.name for column in SCORER.inputs]


def make_account(**values: float) -> NDArray[np.float64]:
    """One encoded account in the middle of everything."""
    middle = {"age": 30, "size": 20, "region": 0, "bots": 2, "rate": 0.6, "price": 1}
    return np.array([[(middle | values)[name] for name in NAMES]], dtype=float)


def as_bytes(scores: Scores) -> list[bytes]:
    return [array.tobytes() for array in vars_of(scores)]


def rows_of(scores: Scores, rows: list[int]) -> Scores:
    return Scores(*(array[rows] for array in vars_of(scores)))


def vars_of(scores: Scores) -> list[NDArray[Any]]:
    return [getattr(scores, field.name) for field in fields(scores)]


def flags_of(scorer: Scorer, accounts: NDArray[np.float64]) -> list[Flag]:
    return [Flag(flags) for flags in scorer.score(accounts).flags.tolist()]


def test_inputs_and_outputs_are_those_of_the_wire_in_its_order() -> None:
    assert [column.name for column in SCORER.inputs] == [
        "age",
        "bots",
        "price",
        "rate",
        "region",
        "size",
    ]
    assert SCORER.inputs[4] == Input("region", "category", ("EU", "US"))
    assert SCORER.outputs == (
        "use_bots_metric_score",
        "use_rate_metric_score",
        "cost_price_metric_score",
        "use_component_score",
        "cost_component_score",
        "global_score",
        "last_modified",
    )
    assert SCORER.metric_keys == SCORER.outputs[:3]


def test_metric_keys_follow_the_metrics_not_the_tree() -> None:
    turned = make_scorer(make_tree(metrics=dict(reversed(make_tree()["metrics"].items()))))

    assert [metric.name for metric in turned.scorecard.metrics] == ["price", "rate", "bots"]
    assert turned.metric_keys == (
        "cost_price_metric_score",
        "use_rate_metric_score",
        "use_bots_metric_score",
    )


def test_scores_are_ranks_on_the_scale_and_their_weighted_means() -> None:
    scores = SCORER.score(make_accounts(SCORER, 500))
    metrics = np.rint(scores.ranks * 10)  # bots, rate, price: also the order of the outputs
    bots, rate, price = metrics.T
    there = (~np.isnan(metrics)).all(axis=1)

    assert scores.values.shape == (500, len(SCORER.outputs) - 1)
    np.testing.assert_array_equal(scores.values[:, :3], metrics)
    use = (bots + 2 * rate) / 3
    np.testing.assert_allclose(scores.values[there, 3], use[there])
    np.testing.assert_array_equal(scores.values[:, 4], price)
    np.testing.assert_allclose(scores.values[there, 5], ((2 * use + price) / 3)[there])


@pytest.mark.parametrize("tree", [make_tree(), make_dated_tree()], ids=["numbers", "date"])
def test_every_account_scores_alone_bit_for_bit_as_among_others(tree: dict[str, Any]) -> None:
    scorer = make_scorer(tree)
    accounts = make_accounts(scorer, 9000)  # more than one batch of 8192
    together = scorer.score(accounts)

    for row in [*range(60), *range(8180, 8205), 8999]:
        alone = scorer.score(accounts[row : row + 1])
        assert as_bytes(alone) == as_bytes(rows_of(together, [row])), row


def make_cube_tree() -> dict[str, Any]:
    """Three numeric peer dimensions: eight corners, which numpy may add up in another order."""
    names = ("age", "size", "seats")
    return make_tree(peer_dimensions=[{"name": name, "type": "number"} for name in names])


def test_the_number_of_peers_does_not_depend_on_who_else_is_scored() -> None:
    card = scorecard_from_dict(make_cube_tree())
    # Everywhere a last bit below the threshold, so that one rounding decides.
    tables = make_tables(card)
    peers = np.full(tables.nodes, np.nextafter(FEW_PEERS, 0.0))
    scorer = make_scorer(make_cube_tree(), tables=replace(tables, effective_peers=peers))
    accounts = make_accounts(scorer, 500)
    together = scorer.score(accounts).flags

    alone = np.concatenate([scorer.score(accounts[row : row + 1]).flags for row in range(500)])

    np.testing.assert_array_equal(alone, together)


def test_an_account_with_just_enough_peers_everywhere_has_enough() -> None:
    tables = replace(SCORER.artifact.tables, effective_peers=np.full(60, FEW_PEERS))
    scorer = make_scorer(tables=tables)

    assert not any(Flag.FEW_PEERS in flag for flag in flags_of(scorer, make_accounts(scorer, 2000)))


@settings(max_examples=20, deadline=None)
@given(order=st.permutations(range(50)))
def test_the_order_of_the_accounts_changes_no_score(order: list[int]) -> None:
    accounts = make_accounts(SCORER, 50)
    scores = SCORER.score(accounts)

    shuffled = SCORER.score(accounts[order])

    assert as_bytes(shuffled) == as_bytes(rows_of(scores, order))


def test_how_the_array_lies_in_memory_changes_no_score() -> None:
    accounts = make_accounts(SCORER, 200)
    expected = as_bytes(SCORER.score(accounts))

    assert as_bytes(SCORER.score(np.asfortranarray(accounts))) == expected
    assert as_bytes(SCORER.score(accounts.repeat(2, axis=0)[::2])) == expected
    assert as_bytes(SCORER.score(accounts.astype(">f8"))) == expected


def test_two_threads_score_like_one() -> None:
    accounts = make_accounts(SCORER, 20_000)
    expected = as_bytes(SCORER.score(accounts))

    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(lambda _: as_bytes(SCORER.score(accounts)), range(8)))

    assert found == [expected] * 8


def test_scoring_does_not_alter_what_it_is_given() -> None:
    accounts = make_accounts(SCORER)
    before = accounts.tobytes()
    accounts.flags.writeable = False

    SCORER.score(accounts)

    assert accounts.tobytes() == before


@pytest.mark.parametrize(
    ("values", "flags", "why"),
    [
        ({}, Flag(0), "nothing to say"),
        ({"age": -1}, Flag.OUT_OF_RANGE, "below the training range"),
        ({"size": 1001}, Flag.OUT_OF_RANGE, "above the training range"),
        ({"age": INF}, Flag.OUT_OF_RANGE, "however far"),
        ({"age": NAN}, Flag.PEER_DIMENSION_MISSING, "a number that is not known"),
        ({"region": NAN}, Flag.PEER_DIMENSION_MISSING, "a category that is not known"),
        ({"region": 2}, Flag.PEER_DIMENSION_MISSING, "a category that does not exist"),
        ({"bots": -1}, Flag.VALUE_CLAMPED, "below the learned bound"),
        ({"rate": 1.001}, Flag.VALUE_CLAMPED, "above the learned bound"),
        ({"price": 1e9}, Flag(0), "no bound"),
        ({"bots": 0, "rate": 1}, Flag(0), "at a bound is not beyond it"),
        ({"bots": NAN, "rate": NAN, "price": NAN}, Flag(0), "a missing metric is no flag"),
        (
            {"age": 121, "size": NAN, "rate": -0.1},
            Flag.OUT_OF_RANGE | Flag.PEER_DIMENSION_MISSING | Flag.VALUE_CLAMPED,
            "all at once",
        ),
    ],
)
def test_what_is_odd_about_an_account_is_flagged(
    values: dict[str, float], flags: Flag, why: str
) -> None:
    tables = replace(SCORER.artifact.tables, effective_peers=np.full(60, 1000.0))
    scorer = make_scorer(tables=tables)

    assert flags_of(scorer, make_account(**values)) == [flags], why


def test_a_value_beyond_a_declared_bound_is_flagged() -> None:
    metrics = make_tree()["metrics"] | {"bots": {"kind": "peer", "lower": 1, "upper": 3}}
    scorer = make_scorer(make_tree(metrics=metrics))
    accounts = np.vstack([make_account(bots=bots) for bots in (0.9, 1, 3, 3.1)])

    clamped = [Flag.VALUE_CLAMPED in flag for flag in flags_of(scorer, accounts)]

    assert clamped == [True, False, False, True]


@pytest.mark.parametrize(
    ("age", "few", "why"),
    [
        (0, True, "only a few at this node"),
        (36, False, "many at this one"),
        (8, True, "a third of the way: 40 + 160 / 3"),
        (20, False, "two thirds of the way: 40 + 320 / 3"),
    ],
)
def test_an_account_with_few_peers_is_flagged(age: float, few: bool, why: str) -> None:
    tables = SCORER.artifact.tables
    peers = np.full((5, 4, 3), 1000.0)
    peers[0], peers[1] = 40, 200
    scorer = make_scorer(tables=replace(tables, effective_peers=peers.reshape(-1)))

    assert flags_of(scorer, make_account(age=age)) == [Flag.FEW_PEERS if few else Flag(0)], why


def test_an_account_of_which_nothing_is_known_has_no_score() -> None:
    scores = SCORER.score(np.full((3, len(NAMES)), NAN))

    assert np.isnan(scores.values).all()
    assert np.isnan(scores.ranks).all()
    assert all(Flag.PEER_DIMENSION_MISSING in Flag(flags) for flags in scores.flags.tolist())


def test_one_missing_metric_leaves_the_others_as_they_were() -> None:
    whole, holed = (SCORER.score(make_account(bots=bots)) for bots in (2, NAN))

    assert np.isnan(holed.ranks[0, 0])
    assert holed.ranks[0, 1:].tolist() == whole.ranks[0, 1:].tolist()


def test_no_accounts_have_no_scores() -> None:
    scores = SCORER.score(np.empty((0, len(NAMES))))

    assert scores.values.shape == (0, 6)
    assert scores.ranks.shape == (0, 3)
    assert scores.flags.shape == (0,)


def test_without_peer_dimensions_every_account_is_everyones_peer() -> None:
    scorer = make_scorer(make_tree(peer_dimensions=[]))

    scores = scorer.score(np.array([[0.0, 20, 1], [50, -5, 0]]))

    # Bots, rate, price: at the bottom and the top; a low price is good.
    assert scores.values[:, :3].tolist() == [[0, 10, 0], [10, 0, 10]]


@pytest.mark.parametrize("shape", [(6,), (1, 5), (1, 7), (2, 3, 6), (0, 5), ()])
def test_accounts_of_another_width_are_refused_with_the_columns_needed(
    shape: tuple[int, ...],
) -> None:
    with pytest.raises(InvalidInput) as caught:
        SCORER.score(np.zeros(shape))

    assert f"accounts have shape {shape}" in str(caught.value)
    assert "6 columns in this order: age, bots, price, rate, region, size" in str(caught.value)


@pytest.mark.parametrize(
    ("accounts", "why"),
    [
        ([["a"] * 6], "text"),
        ([[1.0] * 6, [1.0]], "rows of different lengths"),
        ([[{}] * 6], "anything"),
    ],
)
def test_what_is_no_array_of_numbers_cannot_be_scored(accounts: Any, why: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        SCORER.score(accounts)

    assert "needed are 6 columns in this order: age, bots" in str(caught.value), why


@pytest.mark.parametrize("kind", [str, "path"])
def test_a_scorer_is_loaded_from_a_path_of_either_type(kind: Any, tmp_path: Any) -> None:
    folder = make_parts().write(tmp_path / "model")

    scorer = load_scorer(str(folder) if kind is str else folder)

    accounts = make_accounts(SCORER, 500, seed=5)
    assert as_bytes(scorer.score(accounts)) == as_bytes(SCORER.score(accounts))
