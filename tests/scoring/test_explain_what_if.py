"""What if inputs were others: the scores of accounts that are so."""

import datetime as dt

import numpy as np
import pytest
from builders import NAN, make_accounts, make_dated_tree, make_scorer
from hypothesis import given
from hypothesis import strategies as st

from serving.scoring import InvalidInput


@given(
    st.dictionaries(
        st.sampled_from(["age", "size", "bots", "rate", "price"]),
        st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False), st.integers(-9, 99)),
        max_size=5,
    ),
    st.integers(1, 12),
)
def test_a_what_if_scores_as_such_accounts_do_to_the_bit(changes, rows):
    scorer = make_scorer()
    accounts = make_accounts(scorer, rows, seed=41)
    before = accounts.tobytes()
    names = [entry.name for entry in scorer.inputs]

    told = scorer.what_if(accounts, changes)

    assert accounts.tobytes() == before
    for name, value in changes.items():
        accounts[:, names.index(name)] = NAN if value is None else value
    scores = scorer.score(accounts)
    assert told.values.tobytes() == scores.values.tobytes()
    assert told.ranks.tobytes() == scores.ranks.tobytes()
    assert told.flags.tobytes() == scores.flags.tobytes()


def test_the_value_that_brings_the_next_point_brings_it_in_a_what_if():
    scorer = make_scorer()
    accounts = make_accounts(scorer, 1, seed=42)
    (why,) = scorer.explain(accounts)

    for metric in why.metrics:
        goal = metric.next_point
        if goal.value is not None:
            told = scorer.what_if(accounts, {metric.metric: goal.value})
            assert told.values[0, scorer.outputs.index(metric.key)] == goal.score


def test_a_category_and_a_date_are_changed_by_what_people_call_them():
    scorer, dated = make_scorer(), make_scorer(make_dated_tree())
    accounts = make_accounts(scorer, 3, seed=43)
    region = [entry.name for entry in scorer.inputs].index("region")
    aged = make_accounts(dated, 3, seed=44)
    since = [entry.name for entry in dated.inputs].index("since")

    by_region = scorer.what_if(accounts, {"region": "US"})
    by_date = dated.what_if(aged, {"since": "2026-01-01"}, scoring_date=dt.date(2026, 1, 31))

    accounts[:, region], aged[:, since] = 1.0, 30.0
    assert by_region.values.tobytes() == scorer.score(accounts).values.tobytes()
    assert by_date.values.tobytes() == dated.score(aged).values.tobytes()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"macros": 1, "dots": 2}, "there is no input dots, macros to change; there are age, bots"),
        ({"bots": "many"}, "bots is not a number: str"),
        ({"bots": np.inf}, "bots is not a finite number"),
        ({"bots": True}, "bots is not a number: bool"),
        ({"region": "EUU"}, "region has no category 'EUU'; it has EU, US"),
    ],
)
def test_a_change_that_cannot_be_is_refused_by_name(changes, message):
    scorer = make_scorer()

    with pytest.raises(InvalidInput, match=f"^{message}"):
        scorer.what_if(make_accounts(scorer, 1), changes)


def test_a_date_needs_to_know_as_of_when():
    scorer = make_scorer(make_dated_tree())

    with pytest.raises(InvalidInput, match="since is a date: give the scoring date"):
        scorer.what_if(make_accounts(scorer, 1), {"since": "2026-01-01"})
