import csv
import re

import pytest

from training.errors import DataError, TooManyRefused
from training.reading.refusals import KEPT_ENTRIES, Refusals


def test_refusals_are_summed_up_by_file_and_kind():
    refusals = Refusals()
    for line in range(2, 7):
        refusals.add("a.csv", line, f"rate is not a number: '{line}'")
    refusals.add("b.csv", 9, "has no acct_id")

    assert refusals.summary() == (
        "a.csv: 5 rows: rate is not a number (lines 2, 3, 4, …)\n"
        "b.csv: 1 row: has no acct_id (line 9)"
    )
    assert refusals.counts == {("a.csv", "rate is not a number"): 5, ("b.csv", "has no acct_id"): 1}


def test_refusals_beyond_the_kept_ones_are_counted():
    refusals = Refusals()

    refusals.add_all("a.csv", range(KEPT_ENTRIES + 5), "has no acct_id")

    assert (refusals.total, len(refusals.entries)) == (KEPT_ENTRIES + 5, KEPT_ENTRIES)


def test_refusals_are_written_as_a_csv(tmp_path):
    refusals = Refusals()
    refusals.add("a.csv", 2, "rate is not a number: 'x, \"y\"'")

    refusals.write_csv(tmp_path / "refused.csv")

    with (tmp_path / "refused.csv").open(encoding="utf-8", newline="") as stream:
        assert list(csv.reader(stream)) == [
            ["file", "line", "reason"],
            ["a.csv", "2", "rate is not a number: 'x, \"y\"'"],
        ]


def test_too_many_refusals_stop_the_run():
    refusals = Refusals()
    refusals.saw("a.csv", 100)
    refusals.add("a.csv", 2, "has no acct_id")

    refusals.check(0.01)
    refusals.add("a.csv", 3, "has no acct_id")

    with pytest.raises(TooManyRefused, match=re.escape("2 of 100 rows (2.000%) were refused")):
        refusals.check(0.01)


def test_a_file_of_which_most_is_refused_stops_the_run_however_many_rows_others_have():
    refusals = Refusals()
    refusals.saw("events.csv", 1_000_000)
    refusals.saw("facts.csv", 30)
    refusals.add_all("facts.csv", range(2, 17), "rate is not a number")

    refusals.check(0.01)  # half of it
    refusals.add("facts.csv", 17, "rate is not a number")

    with pytest.raises(TooManyRefused, match=re.escape("16 of the 30 rows of facts.csv")):
        refusals.check(0.01)
    refusals.check(1.0)  # whoever allows all allows this


@pytest.mark.parametrize("share", [5, -0.1, float("nan")])
def test_what_is_no_share_lets_nothing_through(share: float) -> None:
    with pytest.raises(DataError, match="give 0 to 1"):
        Refusals().check(share)
