"""Equal weights in other units are equal: the last bits of a mean decide nothing."""

import numpy as np
import pytest
from health_card import BANDS, make_absolute_scorer, stored_metric

from serving.scoring.bands import band_places


def scorer_of(weights, minimum):
    return make_absolute_scorer(
        {
            "schema": "scorecard/v1",
            "id": "bits",
            "scale": {"type": "zero_to_100"},
            "missing": "skip",
            "peer_dimensions": [],
            "metrics": {
                name: stored_metric(
                    {"kind": "linear", "input": f"{name}_in", "best": 100, "worst": 0}
                )
                for name in "abc"
            },
            "components": {
                name: {"weight": weight, "metrics": {name: 1}}
                for name, weight in zip("abc", weights, strict=True)
            },
            "bands": BANDS,
            "coverage": {"minimum": minimum},
        }
    )


@pytest.mark.parametrize("weights", [(1, 2, 7), (0.1, 0.2, 0.7), (3.3, 6.6, 23.1)])
def test_the_unit_of_the_weights_moves_no_account_to_another_band(weights):
    scorer = scorer_of(weights, 0.5)
    account = np.array([[55.0, 8.0, 97.0]])

    (why,) = scorer.explain(account)

    assert scorer.score(account).values[0, -1] == pytest.approx(75, abs=1e-9)
    assert why.band == "Healthy"
    assert why.next_band is None


@pytest.mark.parametrize("weights", [(1, 2, 7), (0.1, 0.2, 0.7)])
def test_a_score_is_not_withheld_at_exactly_its_minimum_coverage(weights):
    account = np.array([[np.nan, 50.0, 50.0]])

    assert scorer_of(weights, 0.9).score(account).values[0, -1] == pytest.approx(50)
    assert np.isnan(scorer_of(weights, 0.91).score(account).values[0, -1])


def test_what_is_below_a_band_by_more_than_the_last_bits_is_below_it():
    scorer = scorer_of((1, 2, 7), 0.5)

    places = band_places(np.array([74.999_999_9, 75.0]), scorer.scorecard.bands)

    assert [scorer.scorecard.bands[place].name for place in places] == ["Watch", "Healthy"]
