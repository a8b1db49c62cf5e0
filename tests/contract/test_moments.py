"""A moment with an offset is one day by every door: its day in UTC."""

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from serving.inference.wire.values import reader_of
from serving.scoring import Input
from serving.scoring.encoding import encode_column
from training.reading.csv_cells import READERS

TODAY = dt.date(2026, 11, 22)
LAST = Input("last_qbr", "date")


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("2026-08-23", 91),
        ("2026-08-23T20:00:00", 91),
        ("2026-08-23T20:00:00-05:00", 90),
        ("2026-08-24T01:00:00+02:00", 91),
        ("2026-08-23T23:59:59Z", 91),
    ],
)
def test_a_moment_is_the_same_day_on_the_wire_in_a_table_and_in_a_file(text, days):
    read = READERS["date"]("last_qbr", pa.array([text]), {})

    assert reader_of(LAST).one(text, TODAY) == days
    assert encode_column(LAST, [text], TODAY) == [days]
    assert encode_column(LAST, [dt.datetime.fromisoformat(text)], TODAY) == [days]
    assert encode_column(LAST, pd.Series([pd.Timestamp(text)]), TODAY) == [days]
    assert encode_column(LAST, pd.Series(read), TODAY) == [days]


def test_a_moment_beyond_the_last_day_there_is_is_refused_and_does_not_crash():
    with pytest.raises(ValueError, match="must be a date"):
        reader_of(LAST).one("9999-12-31T23:00:00-05:00", TODAY)
    assert np.isnan(encode_column(LAST, [None], TODAY)).all()
