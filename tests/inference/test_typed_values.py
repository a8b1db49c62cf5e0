"""Values on the wire: numbers, categories and dates, read as training reads them, or refused."""

import json

import numpy as np
import pytest
from wire_examples import CSV, JSON, LINES, TODAY, decode, refusal

from serving.inference.wire.columns import Columns
from serving.scoring import Input

COLUMNS = Columns(
    [Input("kind", "category", ("Retail", "Trade")), Input("m"), Input("since", "date")]
)


def read(kind="Retail", m=1, since=None):
    (account,) = decode(json.dumps([[kind, m, since]]).encode(), columns=COLUMNS).accounts
    return account.tolist()


def refused(kind="Retail", m=1, since=None):
    return refusal(json.dumps([[kind, m, since]]).encode(), columns=COLUMNS)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1, 1.0),
        (1.0, 1.0),
        (-0.0, 0.0),
        (5e-324, 5e-324),
        (2**53 + 1, 2.0**53),
        (10**308, 1e308),
        ("12.5", 12.5),
        (" 7\n", 7.0),
        ("+1e3", 1000.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("007", 7.0),
        ("-0", 0.0),
        ("1e-400", 0.0),
    ],
)
def test_a_number_is_read_as_python_reads_it(value, number):
    assert repr(read(m=value)[1]) == repr(number)


def test_one_is_one_however_it_is_written():
    for text in (b"1", b"1.0", b"1e0", b"10e-1", b'"1"', b'"1.00"'):
        assert decode(b"[[null, %s, null]]" % text, columns=COLUMNS).accounts[0, 1] == 1


@pytest.mark.parametrize("value", [None, "", "NaN"])
def test_what_is_missing_is_missing_in_every_column(value):
    assert np.isnan(read(value, value, value)).all()


@pytest.mark.parametrize(
    "value",
    ["abc", "nan", "inf", "-Infinity", "1_000", "0x10", "1,5", "1 2", "--1", "1e", " ", "null",
     "NA", "None", "true", "½", "1\x00", "NaN "],
)  # fmt: skip
def test_text_that_is_no_number_is_refused(value):
    assert refused(m=value) == "/0/1: m must be a number, not text"


@pytest.mark.parametrize(
    ("value", "kind"),
    [(True, "true or false"), (False, "true or false"), ([], "a list"), ([1], "a list"),
     ({}, "an object")],
)  # fmt: skip
def test_what_is_no_number_at_all_is_refused(value, kind):
    assert refused(m=value) == f"/0/1: m must be a number, not {kind}"


@pytest.mark.parametrize("value", ["1e400", "-1e400", 10**309, -(10**400), "9" * 400])
def test_what_is_beyond_a_double_is_refused(value):
    assert refused(m=value) == "/0/1: m is too large for a number"


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("text", ["true", "1e999", "-1e999", '"x"', "[1]", "{}", "[]", '"1_0"'])
def test_among_plain_numbers_another_value_is_found_wherever_it_stands(place, text):
    plain = Columns([Input(name) for name in "abc"])
    rows = [["1", "2.5", "null"] for _ in range(4)]
    rows[2][place] = text
    body = f"[{','.join('[' + ','.join(row) + ']' for row in rows)}]".encode()

    assert refusal(body, columns=plain).startswith(f"/2/{place}: {'abc'[place]} ")


@pytest.mark.parametrize(
    ("text", "days"),
    [("2026-01-31", 29), ("2026-01-31T23:59:59", 29), ("2026-01-31 08:00:00+02:00", 29),
     ("2026-03-02", -1)],
)  # fmt: skip
def test_a_date_is_days_before_today(text, days):
    assert read(since=text) == [0, 1, days]
    assert TODAY.isoformat() == "2026-03-01"


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31garbage",
        "2026-01-3199",
        "2026-01-31,1999",
        "2026-01-31T99:99",
        "2026-01-31\x00",
        "20260131",
        "2026-W05-6",
        "2026-02-30",
        "0000-01-01",
        "today",
    ],
)
def test_what_only_begins_like_a_date_is_refused(text):
    assert refused(since=text) == "/0/2: since must be a date such as 2026-01-31"


@pytest.mark.parametrize("value", [20260131, True, []])
def test_a_date_that_is_not_text_is_refused(value):
    assert "since must be a date, not " in refused(since=value)


def test_an_unknown_category_is_not_known_and_not_another_one():
    for value in ("Wholesale", "retail", " Retail", "0"):
        assert np.isnan(read(kind=value)[0])


@pytest.mark.parametrize("value", [1, True, []])
def test_a_category_that_is_not_text_is_refused(value):
    assert "/0/0: kind must be text" in refused(kind=value)


@pytest.mark.parametrize("line", ["Retail,1,", " Retail ,1,", '" Retail",1,', "Retail , 1 , "])
def test_spaces_around_a_csv_cell_mean_nothing(line):
    (account,) = decode(line.encode(), CSV, COLUMNS).accounts

    assert account[:2].tolist() == [0, 1]
    assert np.isnan(account[2])


FACTS = Columns([Input("in_use", "boolean"), Input("used", minimum=0.0)])


@pytest.mark.parametrize(
    ("value", "number"),
    [(True, 1), (False, 0), (1, 1), (0, 0), (1.0, 1), ("true", 1), ("FALSE", 0), ("1", 1)],
)
def test_true_and_false_are_read_however_they_are_written(value, number):
    body = json.dumps([[value, 0]]).encode()

    assert decode(body, columns=FACTS).accounts.tolist() == [[number, 0]]


@pytest.mark.parametrize("value", ["yes", "t", 2, -1, 0.5, "1.5", [], {}, [True]])
def test_nothing_else_is_true_or_false(value):
    body = json.dumps([[True, 0], [value, 0]]).encode()

    assert refusal(body, columns=FACTS) == "/1/0: in_use must be true or false"


@pytest.mark.parametrize("value", [True, False])
def test_true_is_no_number_beside_a_column_of_true_and_false_either(value):
    body = json.dumps([[value, value]]).encode()

    assert refusal(body, columns=FACTS) == "/0/1: used must be a number, not true or false"


#: All numbers, so that plain bodies are read at once.
COUNTS = Columns([Input("used", minimum=0.0), Input("rate")])


@pytest.mark.parametrize(
    ("body", "content_type", "where"),
    [
        (b'{"instances": [{"features": [1, 1]}, {"features": [-0.5, -1]}]}', JSON,
         "/instances/1/features/0"),
        (b'{"instances": [[1, 1], ["-0.5", -1]]}', JSON, "/instances/1/0"),
        (b'{"inputs": [[1, 1], [-5e-1, -1]]}', JSON, "/inputs/1/0"),
        (b'{"dataframe_records": [{"used": 1, "rate": 1}, {"rate": -1, "used": -0.5}]}', JSON,
         "/dataframe_records/1/used"),
        (b'{"used": [1, -0.5], "rate": [1, -1]}', JSON, "/used/1"),
        (b"1,1\n-0.5,-1\n", CSV, "line 2"),
        (b"rate,used\n1,1\n-1,-0.5\n", CSV, "line 3"),
        (b"[1, 1]\n[-0.5, -1]\n", LINES, "line 2"),
    ],
)  # fmt: skip
def test_a_number_below_the_least_there_can_be_is_named_in_every_format(body, content_type, where):
    assert refusal(body, content_type, COUNTS) == f"{where}: used must be 0 or more"


def test_a_row_below_the_least_there_can_be_is_a_bad_row_where_these_are_kept():
    decoded = decode(b"1,1\n-1,1\n2,1\n", CSV, COUNTS, keep_bad_rows=True)

    assert decoded.bad_rows == {1: "line 2: used must be 0 or more"}
    np.testing.assert_array_equal(decoded.accounts, [[1, 1], [np.nan, np.nan], [2, 1]])
