"""I42: names that differ by case or by the suffix of Data 360's own fields mean the same column."""

import pytest
from wire_examples import MODELS

from serving.inference.wire.columns import MAX_NAMES, Columns
from serving.scoring import Input, MissingColumns
from serving.web.problems import Problem


def make_columns(*names):
    return Columns([Input(name) for name in names])


@pytest.mark.parametrize(
    ("inputs", "given", "order", "why"),
    [
        (["a", "b"], ["a", "b"], [0, 1], "exact"),
        (["a", "b"], ["b", "x", "a"], [2, 0], "another order, and more"),
        (["club_member"], ["Club_Member__c"], [0], "as Data 360 writes its own fields"),
        (["Club__c"], ["CLUB"], [0], "the model's name has the suffix, the caller's has not"),
        (["Club__c"], ["club__C"], [0], "the suffix in capitals"),
        (["straße"], ["STRASSE"], [0], "case beyond ASCII"),
        (["Bots", "bots"], ["bots", "Bots"], [1, 0], "alike within the model: exact ones count"),
        (["bots", "bots__c"], ["bots__c", "bots"], [1, 0], "alike but for the suffix"),
        (["Bots", "bots"], ["Bots", "BOTS", "bots"], [0, 2], "a third one is another column"),
        (["a"], ["x", "X", "x", "a"], [3], "others may stand twice"),
        (["a__c__c"], ["A__c"], None, "one suffix, not two"),
        (["a"], [" a"], None, "blanks count"),
        (["Bots", "bots"], ["BOTS", "bots"], None, "which of the two?"),
        (["a", "b"], ["a"], None, "one lacks"),
        (["a"], [], None, "nothing there"),
    ],
)
def test_inputs_are_found_among_names(inputs, given, order, why):
    columns = make_columns(*inputs)

    if order is None:
        with pytest.raises(MissingColumns):
            columns.order(given)
    else:
        assert columns.order(given) == order, why


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (["bots", "Bots"], "both bots and Bots"),
        (["BOTS__c", "x", "bots"], "both BOTS__c and bots"),
        (["bots", "bots"], "bots twice"),
        (["bots", "bots__c", "BOTS"], "both bots and bots__c"),
    ],
)
def test_two_columns_that_mean_one_input_are_refused_by_their_names(given, names):
    with pytest.raises(Problem, match=names) as caught:
        make_columns("bots").order(given)

    assert caught.value.status == 400


def test_what_is_missing_is_named_as_the_model_names_it():
    with pytest.raises(MissingColumns, match=r"missing columns: Size__c, age$"):
        MODELS[0].order(["bots", "x"])


def test_more_names_than_anybody_has_columns_are_not_looked_through():
    names = ["bots", *(f"c{n}" for n in range(MAX_NAMES))]

    assert make_columns("bots").order(names[:-1]) == [0]
    with pytest.raises(Problem, match="there are 10001 columns; send the 1 that count"):
        make_columns("bots").order(names)
