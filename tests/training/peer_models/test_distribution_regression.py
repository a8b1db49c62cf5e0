from dataclasses import replace

from samples import (
    ACCOUNTS,
    SAMPLE,
    divide,
    gamma_of_first,
    make_sample,
    noise,
)

from training.peer_models import ESTIMATORS
from training.peer_models.prerequisites import MIN_ACCOUNTS


def test_where_peers_gain_nothing_that_is_said():
    model = ESTIMATORS["distribution_regression"](
        *divide(make_sample(ACCOUNTS, values=noise)), seed=0
    )

    assert model.describe()["reason"] == "peers tell no more than chance about this metric"


def test_three_hundred_accounts_are_enough_to_learn_from_clear_peers():
    clear = make_sample(MIN_ACCOUNTS, values=lambda d: d[:, 0] + 0.01 * noise(d))

    model = ESTIMATORS["distribution_regression"](*divide(clear), seed=0)

    assert model.describe()["estimator"] == "distribution_regression"
    assert model.describe()["selection_gain"] > model.describe()["selection_gain_standard_error"]


def test_what_the_selecting_accounts_contradict_is_not_kept():
    fitting, selection = divide(SAMPLE)
    opposite = replace(selection, dimensions=1.0 - selection.dimensions)

    model = ESTIMATORS["distribution_regression"](fitting, opposite, seed=0)

    assert model.describe()["reason"] == "peers tell no more than chance about this metric"


def test_the_selecting_accounts_choose_and_do_nothing_else():
    fitting, selection = divide(SAMPLE)
    others = make_sample(300, seed=88, values=gamma_of_first, knots=SAMPLE.knots)

    first, second = (
        ESTIMATORS["distribution_regression"](fitting, by, seed=0) for by in (selection, others)
    )

    chosen = [
        {key: model.describe()[key] for key in ("penalty", "steps", "rounds")}
        for model in (first, second)
    ]
    assert chosen[0] == chosen[1], "choose other accounts: these choose otherwise"
    assert first.describe()["selection_gain"] != second.describe()["selection_gain"]
    assert first.cdf(SAMPLE.dimensions).tobytes() == second.cdf(SAMPLE.dimensions).tobytes()
