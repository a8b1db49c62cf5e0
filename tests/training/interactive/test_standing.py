"""How one account is shown among its peers."""

from pathlib import Path

import pandas as pd
import pytest

from training import interactive

SAMPLE = Path(__file__).parents[3] / "data" / "sample"


@pytest.fixture(scope="module")
def model(trained):
    return interactive.load(trained)


@pytest.fixture(scope="module")
def accounts(model):
    return model.read(SAMPLE)


def test_anything_above_none_is_shown_in_words_and_brings_the_score_that_is_told(model, accounts):
    unused = accounts.frame.head(1).assign(bots=0.0)

    one = interactive.account(model, unused, unused["acct_id"][0])

    least = one.frame().loc["bots"]
    assert least["next_at"] == 5e-324
    assert one.what_if({"bots": least["next_at"]})["auto_bots_metric_score"] == least["score_then"]
    assert "more than 0" in one._repr_html_()
    assert one._table().loc["bots", "next_at"] == "more than 0"


def test_an_account_asked_for_with_bands_says_which_values_bring_the_next_one(model, accounts):
    acct_id = accounts.frame["acct_id"][17]

    frame = interactive.account(model, accounts, acct_id, bands=[8, 5]).frame()
    without = interactive.account(model, accounts, acct_id)

    (explanation,) = model.scorer.explain(without.encoded, bands=[5, 8])
    goals = [metric.next_band for metric in explanation.metrics]
    expected = pd.DataFrame(
        {"band": [goal.target for goal in goals], "band_at": [goal.value for goal in goals]},
        index=frame.index,
        dtype="float64",
    )
    assert frame[["band", "band_at"]].equals(expected)
    assert {5, 8} >= set(frame["band"].dropna()) != set()
    assert "band_at" not in without.frame()
