import copy
import re

import pytest
from card_builders import NAMES, make_card, make_evaluation, make_result, make_training, row_of
from fit_builders import REGION, make_scorecard

from serving.scoring.scorecard import scorecard_from_dict


def test_a_metric_s_figures_are_those_of_the_evaluation():
    result = make_result(accounts=4321, missing=1234, pit_ks=0.0456)

    row = row_of(make_card(evaluation=make_evaluation(macro=result)), "macro")

    assert row == [
        "macro",
        "4,321",
        "1,234",
        "0.812 (0.802 to 0.823)",
        "0.987 (0.981 to 0.993)",
        "0.046 (0.023)",
        "0.092 (0.083)",
        "10.3 / 25.3 / 50.3 / 75.3 / 90.3",
        "0.04",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_every_metric_is_evaluated_and_described(name):
    card = make_card()

    rows = [line for line in card.splitlines() if f"| {name} |" in line]

    assert len(rows) == 3, "its verdict, its figures, how it was fitted"
    assert "distribution_regression" in rows[2]


def test_says_what_was_fitted_and_why_not_more():
    reason = "peers tell no more than chance about this metric"
    training = make_training(bots={"estimator": "marginal", "reason": reason})

    assert f"| marginal ({reason}) |" in make_card(training=training)


def test_says_on_what_it_was_fitted_and_evaluated():
    card = make_card()

    for stated in (
        "17,345 accounts (sha256 of the cleaned table `0123456789abcdef…`)",
        "1,021 rows were refused",
        "Fitted on 13,877, of which 3,477 chose between fits; 3,468 were kept out.",
        "Evaluated on 3,468 (evaluation split).",
    ):
        assert stated in card


def test_says_how_many_accounts_have_which_limits():
    card = make_card()

    assert "Fewer than 100 effective peers: 10.0%" in card
    assert "outside the training range: 0.0%" in card
    assert "not known: 1.0%" in card
    assert "beyond its bound: 50.0%" in card


def test_a_metric_nobody_has_is_named_without_figures():
    card = make_card(evaluation=make_evaluation(bots={"accounts": 0, "missing": 3468}))

    assert row_of(card, "bots") == ["bots", "0", "3,468", *["-"] * 6]


def test_where_no_cell_has_enough_accounts_the_worst_is_not_said_to_be_perfect():
    result = make_result(worst_cell_ks=None, worst_cell_noise_95=None)

    assert row_of(make_card(evaluation=make_evaluation(bots=result)), "bots")[6] == "-"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"ties": "bounds"}, "Ties `bounds`: half of the accounts with the same value"),
        ({"ties": "mid"}, "Ties `mid`: half of the accounts with the same value count as below."),
        ({"ties": "low"}, "Ties `low`: none of the accounts with the same value"),
        ({"ties": "high"}, "Ties `high`: all of the accounts with the same value"),
        ({"higher_is_better": False}, "| lower is better |"),
        ({"higher_is_better": True}, "| higher is better |"),
    ],
)
def test_says_how_a_metric_is_scored(changes, sentence):
    assert sentence in make_card(card=make_scorecard(NAMES, **changes))


@pytest.mark.parametrize(
    ("policy", "sentence"),
    [
        ("skip", "it is left out, and the weights of the rest renormalised."),
        ("zero", "it is counted as 0 in its component."),
    ],
)
def test_says_what_a_missing_metric_does(policy, sentence):
    card = scorecard_from_dict({**make_scorecard(NAMES).tree, "missing": policy})

    assert sentence in make_card(card=card)


def test_components_within_components_are_listed_with_their_weights():
    tree = copy.deepcopy(dict(make_scorecard(NAMES).tree))
    tree["components"] = {
        "use": {
            "weight": 2,
            "metrics": {"bots": 3},
            "components": {"cases": {"weight": 5, "metrics": {"macro": 7, "web2case": 0}}},
        }
    }

    card = make_card(card=scorecard_from_dict(tree))

    assert "| use | 2 | bots | 3 |" in card
    assert "| cases | 5 | macro | 7 |" in card
    assert "| cases | 5 | web2case | 0 |" in card


def test_names_the_peer_dimensions_and_the_scale():
    card = make_card(card=make_scorecard(NAMES, (REGION,)))

    assert "accounts with similar region" in card
    assert "0 to 10." in card


def test_every_figure_has_a_line_on_how_to_read_it():
    card = make_card()

    columns = card.split("| metric | accounts | missing |")[1].splitlines()[0].split("|")
    names = [column.split("(")[0].strip() for column in columns if column.strip()]
    for name in names:
        assert f"- *{name.capitalize().split(' 10/')[0]}*".lower() in card.lower(), name


def test_r_squared_is_nowhere():
    assert not re.search(r"R²|R2|r_squared", make_card())


def test_where_there_is_no_baseline_the_card_says_why():
    none = make_result(rank_crps_knn_ratio=None, rank_crps_knn_ratio_interval=None)
    evaluation = make_evaluation(
        baseline="among so many peer dimensions nobody is near", **dict.fromkeys(NAMES, none)
    )

    card = make_card(evaluation=evaluation)

    assert row_of(card, "bots")[4] == "-"
    assert "There is none here: among so many peer dimensions nobody is near." in card


def test_says_what_the_baseline_was_fitted_to():
    assert "It is fitted to the same 13,877 accounts" in make_card()


@pytest.mark.parametrize(
    ("declared", "learned", "told"),
    [
        ({}, [None, None], "none"),
        ({}, [0.0, None], "from 0 (learned)"),
        ({}, [0.0, 12.0], "from 0 (learned) to 12 (learned)"),
        ({"upper": 0.5}, [0.0, 1.0], "from 0 (learned) to 0.5 (declared)"),
        ({"lower": -5.0, "upper": 5.0}, [0.0, 1.0], "from -5 (declared) to 5 (declared)"),
        ({"lower": 3.0}, [0.0, 1.0], "from 3 (declared)"),
        ({"upper": -1.0}, [0.0, None], "to -1 (declared)"),
    ],
)
def test_says_where_a_metric_ends_and_whether_that_is_declared_or_learned(declared, learned, told):
    fitted = {"estimator": "marginal", "learned_bounds": learned}
    training = make_training(**dict.fromkeys(NAMES, fitted))

    card = make_card(card=make_scorecard(NAMES, **declared), training=training)

    assert f"| bounds | {told} | marginal |" in card


def test_says_where_a_metric_jumps_in_the_dimension_s_own_unit():
    step = {"dimension": "acct_age", "rank": 0.0799, "value": 2.95}
    training = make_training(macro={"estimator": "distribution_regression", "steps_at": [step]})

    assert "- macro: acct_age at 2.95 (8% of the accounts are below)" in make_card(
        training=training
    )
    assert "No metric was found to jump along a peer dimension." in make_card()


def test_says_what_effective_peers_are():
    assert "the plain share of so many accounts would be as certain" in make_card()


def test_an_older_evaluation_has_a_card_without_what_it_did_not_measure():
    evaluation = make_evaluation()
    del evaluation["baseline"], evaluation["jump"]
    for result in evaluation["metrics"].values():
        for key in [key for key in result if "interval" in key or "knn" in key or "jump" in key]:
            del result[key]

    row = row_of(make_card(evaluation=evaluation), "bots")

    assert row[3:5] == ["0.812", "-"]
    assert row[-1] == "-"


def test_no_figure_is_a_nan_and_every_table_row_is_whole():
    nobody = {name: {"accounts": 0, "missing": 0} for name in NAMES}

    for card in (make_card(), make_card(evaluation=make_evaluation(**nobody))):
        assert not re.search(r"\b(nan|NaN|inf|None)\b", card)
        for section, columns in (
            ("## How right it is", 4),
            ("### The figures", 9),
            ("## What is scored", 8),
        ):
            table = next(
                part for part in card.split(section)[1].split("\n\n") if part.startswith("|")
            )
            assert {line.count("|") for line in table.splitlines()} == {columns + 1}


def test_the_same_numbers_give_the_same_card():
    assert make_card() == make_card()
