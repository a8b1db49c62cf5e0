import dataclasses

import pytest

from serving.scoring import InvalidInput
from training.gate import Limits


def test_every_limit_says_why_it_has_its_value():
    for entry in dataclasses.fields(Limits):
        assert len(entry.metadata["why"]) > 40, entry.name


def test_overrides_are_read_one_by_one_and_only_they_count_as_changed():
    limits = Limits.parse(
        ["largest_move=4", "allow_other_wire=1", "fewest_accounts=50", "moving_share=.2"]
    )

    assert limits.changed() == {
        "largest_move": 4.0,
        "allow_other_wire": True,
        "fewest_accounts": 50,
        "moving_share": 0.2,
    }
    assert limits.allow_other_wire is True
    assert dataclasses.replace(Limits(), **limits.changed()) == limits


def test_a_number_may_be_written_in_percent_as_verdicts_show_it():
    limits = Limits.parse(["crps_margin=3%", "moving_share=12.5%"])

    assert limits.changed() == {"crps_margin": 0.03, "moving_share": 0.125}


def test_a_default_given_again_is_no_override():
    assert Limits.parse([f"largest_move={Limits().largest_move}"]).changed() == {}
    assert Limits.parse([]) == Limits()


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (["biggest=4"], "no limit 'biggest'; the limits and their defaults: false_alarms=0.01"),
        (["largest_move"], "largest_move=: a number from 0 to 10"),
        (["largest_move=much"], "largest_move=much: a number from 0 to 10"),
        (["largest_move=nan"], "largest_move=nan"),
        (["largest_move=inf"], "largest_move=inf"),
        (["moving_share=-0.1"], "a number from 0 to 1"),
        (["moving_share=8"], "a number from 0 to 1"),
        (["false_alarms=0"], "a number from 1e-12 to 0.5"),
        (["moving_share=120%"], "a number from 0 to 1"),
        (["moving_share=%"], "a number from 0 to 1"),
        (["allow_other_wire=100%"], "a whole number from 0 to 1"),
        (["fewest_accounts=1.5"], "a whole number"),
        (["allow_other_wire=yes"], "allow_other_wire=yes: a whole number from 0 to 1"),
        (["largest_move=1", "largest_move=2"], "largest_move is given twice"),
    ],
)
def test_what_is_no_limit_is_refused_with_what_would_be_one(texts, told):
    with pytest.raises(InvalidInput) as refused:
        Limits.parse(texts)

    assert told in str(refused.value)
