import datetime as dt
import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from csv_cases import RATE, REGION, SINCE, read, refused
from hypothesis import example, given
from hypothesis import strategies as st

from serving.scoring.column import Input
from training.reading.csv_cells import READERS, read_number


@pytest.mark.parametrize(
    ("text", "number", "why"),
    [
        ("0.5", 0.5, "plain"),
        ("+1", 1.0, "a sign"),
        (" 1 ", 1.0, "space around"),
        ("1.", 1.0, "no digit after the point"),
        (".5", 0.5, "no digit before the point"),
        ("1E+5", 1e5, "scientific"),
        ("1e-400", 0.0, "too small to tell from zero"),
        ("", math.nan, "missing"),
        ("   ", math.nan, "spaces only: missing"),
        ("nan", math.nan, "missing"),
        (" NaN ", math.nan, "missing"),
        ("-0.0", 0.0, "there is one zero"),
    ],
)
def test_reads_a_number(text, number, why):
    frame, refusals = read(f"acct_id,rate\nA,{text}\n")

    assert frame["rate"].tolist() == pytest.approx([number], nan_ok=True), why
    assert not np.signbit(frame["rate"][0]), why
    assert refusals.total == 0, why


@pytest.mark.parametrize(
    "text", ["NA", "null", "abc", "1_000", "0x10", "-nan", "nan(1)", "1d", "--1", "1\0", "true"]
)
def test_refuses_what_is_not_a_number(text):
    assert refused(f"acct_id,rate\nA,{text}\nB,1\n") == [
        (2, f"rate is not a number: {text!r} (leave the cell empty where it is missing)")
    ]


@pytest.mark.parametrize("text", ["inf", "-inf", "Infinity", "1e400", "-1e400"])
def test_refuses_a_number_that_is_not_finite(text):
    assert refused(f"acct_id,rate\nA,{text}\n") == [(2, f"rate is not finite: {text!r}")]


def test_a_long_text_is_shown_shortened():
    [(_, reason)] = refused(f"acct_id,rate\nA,{'x' * 500}\n")

    assert f"'{'x' * 29}…'" in reason


@given(
    st.lists(
        st.one_of(
            st.floats().map(repr),
            st.from_regex(
                r"\A[ \t]?[+-]?([0-9]{1,4}\.?[0-9]{0,3}|\.[0-9]+|nan|inf|Infinity)"
                r"(e[+-]?[0-9]{1,3})?[ \t]?\Z"
            ),
            st.sampled_from(
                [
                    "",
                    " ",
                    "NaN",
                    "+1",
                    "1e400",
                    "nan",
                    "inf",
                    "-inf",
                    "1.",
                    ".5",
                    "1_0",
                    "0x1p3",
                    "nan(1)",
                ]
            ),
            st.text(max_size=5),
        )
    )
)
def test_arrow_and_python_read_the_same_numbers(texts):
    mistakes = {}
    together = READERS["number"](
        "rate", pa.array([text or None for text in texts], pa.string()), mistakes
    )

    for row, text in enumerate(texts):
        alone = read_number(text)
        is_good = alone is not None and not math.isinf(alone)
        assert (row not in mistakes) == is_good
        if is_good:
            assert together[row] == alone or (math.isnan(together[row]) and math.isnan(alone))


def test_one_bad_cell_does_not_change_how_the_others_are_read():
    texts = ["0.1", "1e-310", "123456789012345678901234567890", "NaN", "2.2250738585072011e-308"]
    rows = "".join(f"{index},{text}\n" for index, text in enumerate(texts))

    fast, _ = read(f"acct_id,rate\n{rows}")
    slow, _ = read(f"acct_id,rate\n{rows}bad,bad\n")

    pd.testing.assert_frame_equal(fast, slow)


def test_a_row_is_refused_once_for_its_first_mistake():
    other = Input("other")

    assert [line for line, _ in refused("acct_id,rate,other\nA,x,y\n,x,y\n", (RATE, other))] == [
        2,
        3,
    ]
    assert refused("acct_id,rate,other\n,x,y\n", (RATE, other)) == [(2, "has no acct_id")]


def test_a_row_without_acct_id_is_not_blank_if_any_column_of_the_file_has_something():
    assert refused("acct_id,rate,unneeded\n,,something\n,,\n") == [(2, "has no acct_id")]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "missing"),
        ("yesterday", "words"),
        ("now", "pandas would take the clock's time"),
        ("today", "the same"),
        ("2024", "a year only"),
        ("1/2/2024", "which is the month?"),
        ("2024-13-01", "no such month"),
        ("1704153600", "seconds since 1970, or what?"),
        ("NaT", "pandas' own word"),
    ],
)
def test_refuses_a_row_that_does_not_say_when_it_was_updated(text, kind):
    assert refused(f"acct_id,rate,last_updated\nA,1,{text}\n") == [
        (2, f"last_updated is not an ISO 8601 time: {text!r}")
    ], kind


def test_last_updated_can_be_left_unread():
    frame, refusals = read("acct_id,rate,last_updated\nA,1,?\n", with_last_updated=False)

    assert (list(frame), refusals.total) == (["acct_id", "rate", "line"], 0)


def test_nanoseconds_in_one_row_leave_the_dates_of_others_alone():
    frame, refusals = read(
        "acct_id,last_updated\nA,9999-12-31\nB,2024-01-01T00:00:00.123456789Z\nC,0001-01-01T00:00:00+05:00\n",
        (),
    )

    assert frame["last_updated"].astype(str).tolist()[0].startswith("9999-12-31")
    assert frame["last_updated"][1] == pd.Timestamp("2024-01-01T00:00:00.123456Z")
    assert refusals.total <= 1, "before year 1 there is no date"


@given(
    st.dates(),
    st.times(),
    st.integers(-23, 23),
    st.booleans(),
)
@example(dt.date(9999, 12, 31), dt.time(23, 59), -23, True)
@example(dt.date(1, 1, 1), dt.time(), 23, True)
@example(dt.date(1677, 12, 31), dt.time(23, 59), 0, False)
@example(dt.date(2262, 1, 1), dt.time(), 1, False)
@example(dt.date(1600, 2, 29), dt.time(), 0, True)
def test_a_date_of_any_year_is_read_to_the_microsecond(day, time, hours_ahead, has_neighbour):
    text = f"{day.isoformat()}T{time.isoformat()}{hours_ahead:+03d}:00"
    neighbour = "2024-02-29" if has_neighbour else ""

    mistakes = {}
    [read_one, _] = READERS["date"]("since", pa.array([text, neighbour]), mistakes)

    of_day = np.datetime64(dt.datetime.combine(day, time), "us")
    assert read_one == of_day - np.timedelta64(hours_ahead, "h")
    assert not mistakes


@pytest.mark.parametrize("text", ["1900-02-29", "0100-02-29", "2300-02-29", "9999-02-30"])
def test_a_day_that_its_year_does_not_have_is_refused_in_any_year(text):
    assert refused(f"acct_id,since\nA,{text}\nB,2024-02-29\n", (SINCE,)) == [
        (2, f"since is not an ISO 8601 date: {text!r}")
    ]


def test_a_file_without_any_date_has_missing_ones():
    frame, refusals = read("acct_id,since\nA,\nB,nan\n", (SINCE,))

    assert frame["since"].isna().tolist() == [True, True]
    assert refusals.total == 0


def test_dates_are_iso_dates_or_missing():
    frame, refusals = read(
        "acct_id,since\nA,2024-05-06\nB,\nC,06.05.2024\nD,20240506\nE,nan\n", (SINCE,)
    )

    assert frame["acct_id"].tolist() == ["A", "B", "D", "E"]
    assert frame["since"].isna().tolist() == [False, True, False, True]
    assert [entry.reason for entry in refusals.entries] == [
        "since is not an ISO 8601 date: '06.05.2024'"
    ]


def test_a_category_keeps_its_text_unless_it_is_missing():
    frame, _ = read("acct_id,region\nA, north \nB,\nC,NaN\nD,NA\n", (REGION,))

    assert frame["region"].fillna("missing").tolist() == ["north", "missing", "missing", "NA"]


IN_USE, USED = Input("in_use", "boolean"), Input("used", minimum=0.0)


@pytest.mark.parametrize(
    ("text", "flag"),
    [("true", 1), ("FALSE", 0), (" True ", 1), ("1", 1), ("0", 0), ("1.0", 1), ("0.0", 0)]
    + [(text, math.nan) for text in ("", "  ", "NaN")],
)
def test_true_and_false_are_read_as_the_wire_reads_them(text, flag):
    frame, refusals = read(f"acct_id,in_use\nA,{text}\n", (IN_USE,))

    assert frame["in_use"].tolist() == pytest.approx([flag], nan_ok=True)
    assert frame["in_use"].dtype == np.float64
    assert refusals.total == 0


@pytest.mark.parametrize("text", ["yes", "t", "2", "-1", "0.5", "NA"])
def test_a_row_with_anything_else_is_refused(text):
    assert refused(f"acct_id,in_use\nA,{text}\nB,true\n", (IN_USE,)) == [
        (2, f"in_use is not true or false: {text!r}")
    ]


def test_a_row_with_a_number_below_the_least_there_can_be_is_refused():
    text = "acct_id,used\nA,0\nB,-0.5\nC,\nD,-0\n"

    frame, refusals = read(text, (USED,))

    assert frame["acct_id"].tolist() == ["A", "C", "D"]
    assert [(entry.line, entry.reason) for entry in refusals.entries] == [
        (3, "used is below 0, its minimum: '-0.5'")
    ]
