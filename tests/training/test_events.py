import datetime as dt
import gzip

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from account_folders import write

from serving.scoring.column import Input
from serving.scoring.signals.ratio import Ratio
from training.errors import DataError, TooManyRefused
from training.events import DerivedColumn
from training.tables import read_accounts

SCORED = dt.date(2026, 1, 10)
PEERS = "acct_id,last_updated\nA,2026-01-10\nB,2026-01-09\n"
REVIEWS = Input("reviews", minimum=0.0)
CREDITS = Input("credits", minimum=0.0)
LAST_CALL = Input("last_call", "date")
EVENTS = {
    "reviews": {"event": "review", "take": "count", "days": 365},
    "credits": {"event": "credits_used", "take": "sum", "months": 12},
    "last_call": {"event": "call", "take": "latest"},
}


def read(folder, events, *, inputs=(REVIEWS, CREDITS, LAST_CALL), share=1.0, **settings):
    write(folder, peer_dims=PEERS, events=f"acct_id,event,date,quantity\n{events}")
    return read_accounts(
        folder, inputs, peer_dimensions=(), events=EVENTS, max_refused_share=share, **settings
    )


def of(accounts, column, account="A"):
    frame = accounts.frame.set_index("acct_id")
    return frame.loc[account, column]


@pytest.mark.parametrize(
    ("day", "counts"),
    [
        ("2026-01-10", 1),
        ("2025-01-10", 1),  # 365 days ago
        ("2025-01-09", 0),  # 366 days ago
        ("2026-01-11", 0),
        ("2026-01-10T23:59:59", 1),
    ],
)
def test_an_event_counts_up_to_so_many_days_ago(tmp_path, day, counts):
    accounts = read(tmp_path, f"A,review,{day},\n")

    assert of(accounts, "reviews") == counts


@pytest.mark.parametrize(
    ("scored", "months", "first"),
    [
        ("2026-01-10", 12, "2025-01-11"),
        ("2026-02-28", 12, "2025-03-01"),
        ("2024-02-29", 12, "2023-03-01"),
        ("2026-03-31", 1, "2026-03-01"),
        ("2026-01-31", 1, "2026-01-01"),
        ("2026-05-30", 3, "2026-03-01"),
    ],
)
def test_months_are_whole_calendar_months_that_end_with_the_scoring_date(scored, months, first):
    column = DerivedColumn("credits", "credits_used", "sum", months=months)

    assert column.first_day(dt.date.fromisoformat(scored)) == dt.date.fromisoformat(first)


def test_what_happens_every_month_counts_as_often_as_there_are_months(tmp_path):
    monthly = "".join(
        f"A,credits_used,{year}-{month:02}-10,1\n"
        for year in (2024, 2025, 2026)
        for month in range(1, 13)
    )

    accounts = read(tmp_path, monthly)

    assert of(accounts, "credits") == 12


def test_accounts_without_events_have_none_and_no_latest_one(tmp_path):
    accounts = read(tmp_path, "B,review,2026-01-01,\n")

    assert of(accounts, "reviews") == of(accounts, "credits") == 0
    assert pd.isna(of(accounts, "last_call"))


def test_the_latest_is_the_last_day_up_to_the_scoring_date(tmp_path):
    days = ["2019-05-01", "2026-01-09", "2025-12-31", "2026-01-11"]

    accounts = read(tmp_path, "".join(f"A,call,{day},\n" for day in days))

    assert of(accounts, "last_call") == pd.Timestamp("2026-01-09")


def test_the_scoring_date_given_comes_before_the_newest_update(tmp_path):
    accounts = read(tmp_path, "A,review,2026-06-01,\n", scoring_date=dt.date(2026, 6, 1))

    assert of(accounts, "reviews") == 1


def test_events_after_the_scoring_date_are_told(tmp_path):
    accounts = read(tmp_path, "A,review,2026-01-11,\nA,call,2027-01-01,\nA,call,2026-01-01,\n")

    assert any(
        note == "events.csv: 2 rows after the scoring date 2026-01-10: not counted"
        for note in accounts.notes
    )


def test_an_event_that_no_row_has_is_told(tmp_path):
    accounts = read(tmp_path, "A,Review,2026-01-01,\nA,call,2026-01-01,\n")

    assert "no row of events.csv has the event 'review'" in accounts.notes


def test_equal_rows_are_as_many_events_and_other_events_do_not_matter(tmp_path):
    accounts = read(tmp_path, "A,review,2026-01-01,\n" * 2 + "A,party,2026-01-01,\nZ,party,,\n")

    assert of(accounts, "reviews") == 2
    assert accounts.refusals.total == 0


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("A,review,yesterday,", "date is not an ISO 8601 date: 'yesterday'"),
        ("A,review,,", "has no date"),
        ("A,,2026-01-01,", "has no event"),
        (",review,2026-01-01,", "has no acct_id"),
        ("A,credits_used,2026-01-01,", "has no quantity, which is summed"),
        ("A,credits_used,2026-01-01,many",
         "quantity is not a number: 'many' (leave the cell empty where it is missing)"),
        ("Z,review,2026-01-01,", "acct_id is not an account that is read, or its row was refused"),
        ("A,review", "has 2 fields, the header has 4"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_used_is_refused_with_its_line(tmp_path, row, reason):
    accounts = read(tmp_path, f"A,review,2026-01-01,\n{row}\nA,review,2026-01-01,\n")

    (refusal,) = accounts.refusals.entries
    assert (refusal.file, refusal.line, refusal.reason) == ("events.csv", 3, reason)
    assert of(accounts, "reviews") == 2


def test_too_many_refused_events_stop_the_run(tmp_path):
    with pytest.raises(TooManyRefused, match=r"events.csv: 1 row: has no date \(line 2\)"):
        read(tmp_path, "A,review,,\n", share=0.01)


def test_a_sum_below_the_least_there_can_be_is_missing_and_told(tmp_path):
    accounts = read(tmp_path, "A,credits_used,2026-01-01,5\nA,credits_used,2026-01-02,-6\n")

    assert np.isnan(of(accounts, "credits"))
    assert "1 account whose events make credits less than 0: it is missing there" in accounts.notes


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"events": "acct_id,event,date\n"},
         "events.csv lacks quantity; events need acct_id, event, date, and quantity for credits"),
        ({"events": "id,event,date,quantity\n"}, "events.csv has no column acct_id"),
        ({}, "has no events.csv to derive reviews, credits, last_call from"),
        ({"events": "acct_id,event,date,quantity\n", "usage": "acct_id,credits\nA,1\n"},
         "credits is in usage.csv, and is derived from events.csv: remove one of them"),
        ({"events": "acct_id,event,date,quantity\n", "peer_dims": "acct_id\nA\n"},
         "nobody knows up to when events count: give the scoring date"),
    ],
)  # fmt: skip
def test_files_that_do_not_go_together_are_an_error_that_says_so(tmp_path, files, message):
    write(tmp_path, **({"peer_dims": PEERS} | files))

    with pytest.raises(DataError, match=message):
        read_accounts(tmp_path, (REVIEWS, CREDITS, LAST_CALL), peer_dimensions=(), events=EVENTS)


def test_without_events_the_columns_may_stand_ready_in_a_table(tmp_path):
    write(tmp_path, peer_dims="acct_id,reviews\nA,2\n")

    accounts = read_accounts(tmp_path, (REVIEWS,), peer_dimensions=(), events=EVENTS)

    assert of(accounts, "reviews") == 2


def test_events_may_be_gzipped_or_parquet(tmp_path):
    plain = read(tmp_path, "A,credits_used,2026-01-01,7\nB,call,2026-01-02,\n").frame
    content = (tmp_path / "events.csv").read_bytes()
    (tmp_path / "events.csv").unlink()
    (tmp_path / "events.csv.gz").write_bytes(gzip.compress(content))
    inputs = (REVIEWS, CREDITS, LAST_CALL)

    gzipped = read_accounts(tmp_path, inputs, peer_dimensions=(), events=EVENTS).frame
    (tmp_path / "events.csv.gz").unlink()
    pa.parquet.write_table(
        pa.table(
            {
                "acct_id": ["A", "B"],
                "event": ["credits_used", "call"],
                "date": [dt.date(2026, 1, 1), dt.date(2026, 1, 2)],
                "quantity": [7, None],
            }
        ),
        tmp_path / "events.parquet",
    )
    parquet = read_accounts(tmp_path, inputs, peer_dimensions=(), events=EVENTS).frame

    pd.testing.assert_frame_equal(gzipped, plain)
    pd.testing.assert_frame_equal(parquet, plain)


def test_b3_both_sides_of_a_consumption_ratio_are_of_the_same_twelve_months(tmp_path):
    events = {
        "used": {"event": "credits_used", "take": "sum", "months": 12},
        "provisioned": {"event": "credits_provisioned", "take": "sum", "months": 12},
    }
    consumption = Ratio(name="consumption", numerator="used", denominator="provisioned")
    write(
        tmp_path,
        peer_dims="acct_id,last_updated\nA,2026-01-10\n",
        events="acct_id,event,date,quantity\n"
        "A,credits_provisioned,2025-01-10,5000\n"  # before the twelve months
        "A,credits_provisioned,2025-01-11,1200\n"
        "A,credits_used,2025-06-01,500\n"
        "A,credits_used,2026-01-10,400\n",
    )

    accounts = read_accounts(tmp_path, consumption.inputs, peer_dimensions=(), events=events)
    columns = [accounts.frame[entry.name].to_numpy() for entry in consumption.inputs]

    assert consumption.judge(columns).points.tolist() == [75.0]
