"""Categories and dates on the wire: read as training reads them, or refused."""

import datetime as dt

import numpy as np
import pytest

from serving.inference.wire.csv_bodies import decode_csv
from serving.inference.wire.json_bodies import decode_json
from serving.scoring import Input
from serving.web.problems import Problem

TODAY = dt.date(2026, 3, 1)
INPUTS = [Input("kind", "category", ("Retail", "Trade")), Input("m"), Input("since", "date")]


@pytest.mark.parametrize(
    ("text", "days"),
    [("2026-01-31", 29), ("2026-01-31T23:59:59", 29), ("2026-01-31 08:00:00+02:00", 29)],
)
def test_a_date_is_days_before_today(text, days):
    accounts = decode_json(f'[["Retail", 1, "{text}"]]'.encode(), INPUTS, TODAY)

    assert accounts.tolist() == [[0, 1, days]]


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31garbage",
        "2026-01-3199",
        "2026-01-31,1999",
        "2026-01-31T99:99",
        "2026-01-31\\u0000",
        "20260131",
        "2026-W05-6",
        "2026-02-30",
        "today",
    ],
)
def test_what_only_begins_like_a_date_is_refused(text):
    with pytest.raises(Problem, match="since must be a date"):
        decode_json(f'[["Retail", 1, "{text}"]]'.encode(), INPUTS, TODAY)


def test_an_unknown_category_is_not_known_and_not_another_one():
    accounts = decode_json(b'[["Wholesale", 1, null]]', INPUTS, TODAY)

    assert np.isnan(accounts[0, 0])


@pytest.mark.parametrize("value", ["1", "true", "[]"])
def test_a_category_that_is_not_text_is_refused(value):
    with pytest.raises(Problem, match="kind must be text"):
        decode_json(f"[[{value}, 1, null]]".encode(), INPUTS, TODAY)


@pytest.mark.parametrize("line", ["Retail,1,", " Retail ,1,", '" Retail",1,', "Retail , 1 , "])
def test_spaces_around_a_csv_cell_mean_nothing(line):
    accounts = decode_csv(line.encode(), INPUTS, TODAY)

    assert accounts[0, :2].tolist() == [0, 1]
    assert np.isnan(accounts[0, 2])


@pytest.mark.parametrize("blank", ["\n\n", "\r\n\r\n"])
def test_a_blank_line_between_accounts_is_refused_and_one_at_the_end_is_not(blank):
    line = "Retail,1,"

    with pytest.raises(Problem, match="line 2 is blank"):
        decode_csv(f"{line}{blank}{line}".encode(), INPUTS, TODAY)
    assert len(decode_csv(f"{line}{blank}".encode(), INPUTS, TODAY)) == 1
