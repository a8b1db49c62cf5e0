"""Columns in another order show: on the sample, with accounts that training has not seen."""

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.inference.ranges import TrainingRanges, refuse_shifted
from serving.scoring.artifact import Artifact
from serving.scoring.scorer import Scorer
from serving.web.problems import Problem
from training.definition import default_scorecard, parse_definition
from training.fit import fit_tables
from training.pooled import count_values, pool_metric
from training.prepare import prepare
from training.split import Split, split_accounts
from training.tables import read_accounts

SAMPLE = Path(__file__).parents[2] / "data" / "sample"

#: What the setting is recommended to be.
LIMIT = 0.2


@pytest.fixture(scope="module")
def sample():
    """A scorer of the sample, and the accounts that its training has kept for evaluation.

    Ranges do not depend on peers, so everybody is everybody's: that takes no time to fit.
    """
    text = default_scorecard().read_text()
    alone = text.replace("{kind: peer}", "{kind: peer, estimator: {name: marginal}}")
    definition = parse_definition(alone, source="default")
    frame = read_accounts(
        SAMPLE, definition.columns(), peer_dimensions=["acct_age", "acct_size"]
    ).frame
    prepared = prepare(definition, frame, seed=0, scoring_date=None)
    estimators = {name: definition.estimator(name) for name in definition.metric_names}
    tables, _ = fit_tables(prepared.plan, prepared.metrics, estimators, jobs=1)
    card = definition.resolve(
        nonzero_counts=dict.fromkeys(definition.metric_names, 1), categories={}
    )
    scorer = Scorer(Artifact(card, card.inputs, tables, {}, {}, version=""))
    held_out = frame[split_accounts(frame["acct_id"]) == Split.EVALUATE]
    return scorer, scorer.encode({name: held_out[name].to_numpy() for name in held_out})


def is_refused(scorer, accounts, limit=LIMIT):
    try:
        seen = TrainingRanges(scorer).watch(accounts)
        refuse_shifted(seen, scorer.inputs, limit, rows=len(accounts))
    except Problem:
        return True
    return False


def in_pieces(accounts, rows):
    return [accounts[start : start + rows] for start in range(0, len(accounts) - rows + 1, rows)]


@pytest.mark.parametrize("rows", [20, 100, 900])
def test_accounts_that_training_has_not_seen_are_served(sample, rows):
    scorer, accounts = sample

    assert not any(is_refused(scorer, piece) for piece in in_pieces(accounts, rows))


@pytest.mark.parametrize("places", range(1, 15))
@pytest.mark.parametrize("rows", [20, 100, 900])
def test_the_fifteen_columns_rotated_are_refused(sample, rows, places):
    scorer, accounts = sample
    assert accounts.shape[1] == 15

    rotated = np.roll(accounts, places, axis=1)

    assert all(is_refused(scorer, piece) for piece in in_pieces(rotated, rows))


def test_most_pairs_of_columns_cannot_be_swapped_unnoticed(sample):
    scorer, accounts = sample
    refused = 0
    for one, other in combinations(range(15), 2):
        swapped = accounts[:100].copy()
        swapped[:, [one, other]] = swapped[:, [other, one]]
        refused += is_refused(scorer, swapped)

    # The others share their ranges: two rates, two counts of rarely used features.
    assert refused >= 65


def test_accounts_may_be_given_in_the_order_of_any_column(sample):
    scorer, accounts = sample

    # The twenty largest customers are a request, too.
    refused = [
        is_refused(scorer, accounts[rows])
        for order in np.argsort(accounts, axis=0).T
        for rows in (order[:20], order[-20:], order[:100], order[-100:])
    ]

    assert sum(refused) <= 1


def with_curves(scorer, columns):
    """The scorer, had training seen these columns; shape (n_inputs, n_values)."""
    pooled = {
        entry.name: pool_metric(count_values(column))
        for entry, column in zip(scorer.inputs, columns, strict=True)
    }
    tables = scorer.artifact.tables
    metrics = {name: replace(table, pooled=pooled[name]) for name, table in tables.metrics.items()}
    axes = tuple(replace(axis, pooled=pooled[axis.input.name]) for axis in tables.axes)
    return Scorer(replace(scorer.artifact, tables=replace(tables, metrics=metrics, axes=axes)))


def test_one_wild_account_per_column_in_training_hides_nothing(sample):
    scorer, accounts = sample
    seen = np.vstack([np.nan_to_num(accounts, nan=1.0), np.full(15, 1e9)])

    scorer = with_curves(scorer, seen.T)

    assert scorer.training_ranges.max() < 1e5
    assert is_refused(scorer, np.roll(accounts, 1, axis=1))


def test_heavy_tails_are_in_range_to_their_ends(sample):
    sizes = np.exp(np.random.default_rng(1).normal(3.0, 2.0, (15, 100_000)))

    scorer = with_curves(sample[0], sizes)

    np.testing.assert_array_equal(
        scorer.training_ranges, np.column_stack([sizes.min(axis=1), sizes.max(axis=1)])
    )


@pytest.mark.parametrize(
    ("rows", "limit", "refused", "why"),
    [
        (20, LIMIT, True, "enough rows"),
        (19, LIMIT, False, "one unusual customer would be a large share"),
        (900, None, False, "switched off"),
        (900, 1.0, False, "more than all cannot be outside"),
    ],
)
def test_requests_are_refused_from_twenty_rows_on_and_only_where_it_is_asked_for(
    sample, rows, limit, refused, why
):
    scorer, accounts = sample
    rotated = np.roll(accounts[:rows], 1, axis=1)

    assert is_refused(scorer, rotated, limit) == refused, why


def with_outside(scorer, **rows_outside):
    """Fifty ordinary accounts, in which columns have so many values beyond the range."""
    ranges = scorer.training_ranges
    accounts = np.tile(ranges.mean(axis=1), (50, 1))
    for column, entry in enumerate(scorer.inputs):
        accounts[: rows_outside.get(entry.name, 0), column] = 987654321
    return accounts


def problem_of(scorer, accounts, inputs=None):
    seen = TrainingRanges(scorer).watch(accounts)
    with pytest.raises(Problem) as refused:
        refuse_shifted(seen, inputs or scorer.inputs, LIMIT, rows=len(accounts))
    return refused.value


def test_a_refusal_names_the_columns_the_worst_first_with_share_and_range(sample):
    scorer, _ = sample

    problem = problem_of(scorer, with_outside(scorer, acct_age=11, bots=50, macro=10))

    assert problem.status == 400
    assert problem.kind == "out_of_range"
    assert problem.message.startswith("100% of bots are outside 0 to ")
    assert "; 22% of acct_age are outside 0 to 180:" in problem.message
    assert "GET /schema" in problem.message
    assert "macro" not in problem.message  # exactly at the limit
    assert "987654321" not in problem.message


def test_a_refusal_names_three_columns_and_counts_the_rest(sample):
    scorer, _ = sample
    names = [entry.name for entry in scorer.inputs]

    problem = problem_of(scorer, with_outside(scorer, **dict.fromkeys(names, 50)))

    assert sum(name in problem.message for name in names) == 3
    assert "12 more likewise" in problem.message


def test_a_refusal_says_the_range_of_a_date_in_days(sample):
    scorer, _ = sample
    dated = tuple(replace(entry, type="date") for entry in scorer.inputs)

    problem = problem_of(scorer, with_outside(scorer, acct_age=50), dated)

    assert "100% of acct_age are outside 0 to 180 days ago" in problem.message


@pytest.mark.parametrize("rows", [5, 50])
def test_shares_are_of_the_values_that_are_given(sample, rows):
    scorer, _ = sample
    accounts = with_outside(scorer, bots=rows, macro=1)[:rows]
    column = [entry.name for entry in scorer.inputs].index("bots")
    accounts[: rows - 3, column] = np.nan
    accounts[:, column + 1] = np.nan

    seen = TrainingRanges(scorer).watch(accounts)

    assert seen.rows == rows
    assert seen.missing[column] == rows - 3
    assert seen.missing[column + 1] == rows
    assert seen.shares_outside() == {"bots": 1.0, "macro": round(1 / rows, 3)}


def test_no_accounts_are_nowhere_outside(sample):
    scorer, accounts = sample

    seen = TrainingRanges(scorer).watch(accounts[:0])

    assert (seen.rows, seen.shares_outside()) == (0, {})
    refuse_shifted(seen, scorer.inputs, LIMIT, rows=0)


@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(7, 40))
def test_many_accounts_count_as_one_by_one(sample, seed, rows):
    scorer, _ = sample
    rng = np.random.default_rng(seed)
    low, high = scorer.training_ranges.T
    # At the ends, beyond them by the smallest step, anywhere, and missing.
    choices = [low, high, np.nextafter(low, -np.inf), np.nextafter(high, np.inf)]
    choices += [np.full(15, np.nan), np.full(15, 1e308), np.zeros(15)]
    accounts = np.array(choices)[rng.integers(0, len(choices), (rows, 15)), np.arange(15)]
    ranges = TrainingRanges(scorer)

    together = ranges.watch(accounts)

    each = [ranges.watch(accounts[row : row + 1]) for row in range(rows)]
    assert list(together.missing) == np.sum([seen.missing for seen in each], axis=0).tolist()
    assert list(together.outside) == np.sum([seen.outside for seen in each], axis=0).tolist()


def test_a_column_that_is_hardly_ever_given_refuses_nothing(sample):
    scorer, accounts = sample
    accounts = accounts[:40].copy()
    accounts[1:, 3] = np.nan
    accounts[0, 3] = 1e9

    assert not is_refused(scorer, accounts)


def test_rows_that_cannot_be_read_do_not_make_a_request_too_small_to_judge(sample):
    scorer, accounts = sample
    rotated = np.roll(accounts[:20], 1, axis=1)
    seen = TrainingRanges(scorer).watch(rotated[:19])

    with pytest.raises(Problem):
        refuse_shifted(seen, scorer.inputs, LIMIT, rows=20)
