import datetime as dt

import numpy as np
import pandas as pd
import pytest
from fit_builders import make_definition, make_synthetic

from serving.scoring.errors import InvalidInput
from training.errors import DataError
from training.fit import fit_tables
from training.prepare import MAX_CATEGORIES, prepare
from training.split import Split, split_accounts

TODAY = dt.date(2026, 1, 31)
MIXED = "[acct_age, {name: region, type: category}, {name: since, type: date}]"


def make_frame(accounts=60, **columns):
    ids = [f"acct-{number}" for number in range(accounts)]
    rng = np.random.default_rng(3)
    given = {
        "acct_id": pd.Series(ids, dtype="str"),
        "acct_age": rng.random(accounts),
        "region": pd.Series(rng.choice(["US", "EU", "ÅL"], accounts), dtype="str"),
        "since": pd.Series(pd.Timestamp(2026, 1, 1), index=range(accounts)),
        "bots": rng.random(accounts),
    }
    return pd.DataFrame(given | columns)


def prepared(frame, dimensions="[acct_age]", metrics=("bots",), date=TODAY):
    return prepare(make_definition(dimensions, metrics), frame, seed=5, scoring_date=date)


def with_value(frame, column, accounts, value):
    changed = frame.copy()
    changed.loc[frame["acct_id"].isin(accounts), column] = value
    return changed


def test_rows_to_fit_are_the_fit_and_select_accounts_sorted_by_id():
    frame = make_frame()
    known = frame[split_accounts(frame["acct_id"]) < Split.EVALUATE].sort_values("acct_id")

    data = prepared(frame)

    assert data.metrics["bots"].tolist() == known["bots"].tolist()
    assert data.plan.dimensions[:, 0].tolist() == known["acct_age"].tolist()
    assert data.plan.split.tolist() == split_accounts(known["acct_id"]).tolist()
    assert data.plan.seed == 5


def test_the_order_of_rows_changes_only_the_order_of_the_splits():
    frame = make_frame()

    one, other = prepared(frame, MIXED), prepared(frame.iloc[::-1], MIXED)

    assert one.plan.dimensions.tobytes() == other.plan.dimensions.tobytes()
    assert one.plan.split.tobytes() == other.plan.split.tobytes()
    assert one.metrics["bots"].tobytes() == other.metrics["bots"].tobytes()


def test_categories_are_sorted_and_those_of_evaluation_accounts_alone_are_not_known():
    frame = make_frame()
    split = split_accounts(frame["acct_id"])
    fitting, kept_out = (frame["acct_id"][split == part].iloc[0] for part in (0, Split.EVALUATE))
    frame = with_value(frame, "region", [fitting], None)
    frame = with_value(frame, "region", [kept_out], "AQ")

    data = prepared(frame, MIXED)

    assert data.categories == {"region": ("EU", "US", "ÅL")}
    assert data.plan.axes[1].input.categories == ("EU", "US", "ÅL")
    codes = dict(zip(sorted(frame["acct_id"][split < 2]), data.plan.dimensions[:, 1], strict=True))
    assert np.isnan(codes[fitting])
    by_name = frame.set_index("acct_id")["region"]
    assert all(by_name[account] == "EU" for account, code in codes.items() if code == 0)


def test_a_date_counts_days_before_the_scoring_date():
    since = pd.Series([pd.Timestamp(2026, 1, 1), pd.NaT, pd.Timestamp(2026, 2, 2)] * 20)

    data = prepared(make_frame(since=since.astype("datetime64[us]")), MIXED)

    days = data.plan.dimensions[:, 2]
    assert set(days[~np.isnan(days)]) == {30.0, -2.0}
    assert np.isnan(days).any()


def test_gaps_stay_gaps():
    frame = make_frame(acct_age=[0.5, np.nan] * 30, bots=[np.nan, 2.0] * 30)

    data = prepared(frame)

    assert np.isnan(data.plan.dimensions).sum() > 0
    assert (np.isnan(data.plan.dimensions[:, 0]) == ~np.isnan(data.metrics["bots"])).all()


@pytest.mark.parametrize(
    ("frame", "dimensions", "date", "error", "message"),
    [
        (make_frame(0), "[acct_age]", TODAY, DataError, "0 accounts are too few"),
        (
            make_frame(acct_age=np.nan),
            "[acct_age]",
            TODAY,
            DataError,
            "acct_age is empty for every account",
        ),
        (
            make_frame(region=pd.Series([None] * 60, dtype="str")),
            MIXED,
            TODAY,
            DataError,
            "region has no categories; 1 to 200 are supported",
        ),
        (
            make_frame(400, region=pd.Series(map(str, range(400)), dtype="str")),
            MIXED,
            TODAY,
            DataError,
            rf"region has more than {MAX_CATEGORIES} categories; 1 to {MAX_CATEGORIES} ",
        ),
        (
            make_frame(since=pd.Series([pd.NaT] * 60)),
            MIXED,
            TODAY,
            DataError,
            "since is empty for every account",
        ),
        (make_frame(), MIXED, None, InvalidInput, "since is a date: give the scoring date"),
    ],
)
def test_accounts_that_cannot_be_fitted_are_refused(frame, dimensions, date, error, message):
    with pytest.raises(error, match=message):
        prepared(frame, dimensions, date=date)


def test_evaluation_accounts_alone_leave_none_to_fit():
    frame = make_frame()
    kept_out = frame[split_accounts(frame["acct_id"]) == Split.EVALUATE]

    with pytest.raises(DataError, match="none is left to fit"):
        prepared(kept_out)


@pytest.mark.parametrize("metric", ["bots", "workflowrules"])
def test_the_evaluation_accounts_have_no_influence_on_anything_fitted(metric):
    frame = make_synthetic(1500, seed=4)
    frame["region"] = pd.Series(np.where(frame["acct_age"] < 40, "new", "old"), dtype="str")
    kept_out = split_accounts(frame["acct_id"]) == Split.EVALUATE
    other = frame.copy()
    other.loc[kept_out, [metric, "acct_age", "acct_size"]] = [-1e6, 1e6, np.nan]
    other.loc[kept_out, "region"] = "elsewhere"
    dimensions = "[acct_age, acct_size, {name: region, type: category}]"

    fits = []
    for table in (frame, other, frame[~kept_out]):
        data = prepared(table, dimensions, (metric,))
        tables, fitted = fit_tables(data.plan, data.metrics, {}, jobs=1)
        fits.append((tables.to_npz(), fitted[metric].description, data.categories))

    assert fits[0] == fits[1] == fits[2]
    assert fits[0][1]["estimator"] == "distribution_regression"
