import numpy as np
import pytest

from training.calibration import ks_distance
from training.gate.calibrated import highest_ks, judge_calibration
from training.gate.limits import Limits

NO_MARGIN = Limits(calibration_margin=0.0)


@pytest.mark.parametrize("accounts", [100, 1000])
def test_right_scores_of_13_metrics_are_refused_in_fewer_than_one_of_a_hundred(accounts):
    rng = np.random.default_rng(accounts)
    bound = highest_ks(accounts, 13, NO_MARGIN)

    refused = [
        any(ks_distance(rng.random(accounts)) > bound for _ in range(13)) for _ in range(1000)
    ]

    assert np.mean(refused) < 0.018, "1 % and three standard errors"


def test_the_bound_shrinks_with_accounts_to_the_margin():
    bounds = [highest_ks(accounts, 13, Limits()) for accounts in (100, 1000, 10**9)]

    assert bounds == sorted(bounds, reverse=True)
    assert bounds[-1] == pytest.approx(Limits().calibration_margin, abs=1e-3)


def test_the_worst_comes_first_measured_by_what_its_accounts_allow():
    found = {"many": (10_000, 0.06), "few": (100, 0.2), "off": (1000, 0.3)}

    verdict = judge_calibration(found, "drawn", Limits())

    assert not verdict.passed
    assert verdict.text.startswith("drawn: off: KS 0.300, at most 0.0")
    assert "many: KS 0.060, at most 0.0" in verdict.text
    assert "few" not in verdict.text


def test_only_the_first_failures_are_named_and_the_others_counted():
    found = {f"m{number}": (1000, 0.5) for number in range(100)}

    verdict = judge_calibration(found, "drawn", Limits())

    assert verdict.text.endswith("; and 94 more")


@pytest.mark.parametrize(("accounts", "passed"), [(99, False), (100, True)])
def test_an_evaluation_takes_a_hundred_accounts(accounts, passed):
    assert judge_calibration({"bots": (accounts, 0.1)}, "drawn", Limits()).passed is passed
