"""renewals.csv is read, or says where it is wrong."""

import datetime as dt
import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from risk_contracts import write_contracts

from serving.scoring.column import Input
from training.errors import DataError, TooManyRefused
from training.risk import Outcomes, read_outcomes
from training.synthetic.renewals import FEATURES, write_renewals
from training.tables import read_accounts

SAMPLE = Path(__file__).parents[3] / "data" / "sample"
COMMITTED = SAMPLE / "account_health"


def read(folder: Path, inputs: tuple[str, ...] = ("logins",), **options: Any) -> Outcomes:
    found = read_outcomes(folder, inputs, **options)
    assert found is not None
    return found


def test_contracts_are_read_with_what_was_known(tmp_path: Path) -> None:
    write_contracts(
        tmp_path,
        "acct_id,renewed,as_of,end_date,logins,other\n"
        "b,true,2025-01-01,2025-04-01,3.5,x\n"
        "a,0,2025-01-01,2025-05-01,,y\n"
        "a,1,2024-01-01,2024-05-01,7,y\n"
        "c,FALSE,2025-01-01,2025-04-01,0,\n",
    )

    outcomes = read(tmp_path)

    assert outcomes.frame["acct_id"].tolist() == ["a", "a", "b", "c"]
    assert outcomes.frame["renewed"].tolist() == [1.0, 0.0, 1.0, 0.0]
    assert np.array_equal(outcomes.frame["logins"], [7.0, np.nan, 3.5, 0.0], equal_nan=True)
    assert list(outcomes.frame.columns) == ["acct_id", "renewed", "end_date", "logins"]


def test_account_and_outcome_are_enough(tmp_path: Path) -> None:
    outcomes = read(write_contracts(tmp_path, "acct_id,renewed\na,1\nb,0\n"))

    assert list(outcomes.frame.columns) == ["acct_id", "renewed", "end_date"]
    assert outcomes.frame["end_date"].isna().all()


def test_a_folder_without_outcomes_has_none(tmp_path: Path) -> None:
    write_contracts(tmp_path, "acct_id,logins\na,1\n", name="peer_dims.csv")

    assert read_outcomes(tmp_path, ["logins"]) is None


def test_it_may_be_gzipped_or_parquet(tmp_path: Path) -> None:
    text = "acct_id,renewed,logins\na,1,2\nb,0,3\n"
    packed, table = tmp_path / "packed", tmp_path / "table"
    for folder in (packed, table):
        folder.mkdir()
    (packed / "renewals.csv.gz").write_bytes(gzip.compress(text.encode()))
    pd.DataFrame({"acct_id": ["a", "b"], "renewed": [True, False], "logins": [2, 3]}).to_parquet(
        table / "renewals.parquet"
    )

    plain = read(write_contracts(tmp_path, text)).frame

    for folder in (packed, table):
        pd.testing.assert_frame_equal(read(folder).frame, plain)


def test_what_is_not_decided_yet_teaches_nothing_and_is_counted(tmp_path: Path) -> None:
    outcomes = read(write_contracts(tmp_path, "acct_id,renewed\na,1\nb,\nc,0\n"))

    assert outcomes.frame["acct_id"].tolist() == ["a", "c"]
    assert outcomes.notes == ("contracts in renewals.csv that are not decided yet: 1",)


def test_an_outcome_after_the_scoring_date_is_refused_and_an_open_contract_is_not(
    tmp_path: Path,
) -> None:
    write_contracts(
        tmp_path,
        "acct_id,renewed,end_date\na,1,2026-01-05\nb,0,2026-01-06\nc,,2026-03-01\nd,0,2025-01-01\n",
    )

    outcomes = read(tmp_path, until=dt.date(2026, 1, 5), max_refused_share=0.5)

    assert outcomes.frame["acct_id"].tolist() == ["a", "d"]
    (entry,) = outcomes.refusals.entries
    assert (entry.line, entry.reason) == (
        3,
        "end_date is after the scoring date, 2026-01-05: the outcome is not known yet",
    )
    assert outcomes.notes == ("contracts in renewals.csv that are not decided yet: 1",)


@pytest.mark.parametrize(
    ("header", "rows", "undated"),
    [
        ("as_of,end_date", ["2025-01-01,2025-04-01", ",2025-04-01", "2025-01-01,"], 2),
        ("as_of,end_date", [",2025-04-01"] * 3, 3),
        ("end_date", ["2025-04-01"] * 3, 3),
    ],
)
def test_facts_that_cannot_be_shown_to_be_from_before_the_end_are_told(
    tmp_path: Path, header: str, rows: list[str], undated: int
) -> None:
    lines = [f"acct_id,renewed,logins,{header}", *(f"a{n},1,2,{row}" for n, row in enumerate(rows))]
    write_contracts(tmp_path, "\n".join(lines) + "\n")

    (note,) = read(tmp_path).notes

    assert note.startswith(f"contracts in renewals.csv without as_of or end_date: {undated};")
    assert read(tmp_path, ("elsewhere",)).notes == ()


@pytest.mark.parametrize(
    ("text", "line", "message", "why"),
    [
        ("acct_id,renewed\na,maybe\n", 2, "renewed is not true or false: 'maybe'", "no outcome"),
        ("acct_id,renewed\na,2\n", 2, "renewed is not true or false: '2'", "neither 1 nor 0"),
        ("acct_id,renewed,logins\na,1,many\n", 2, "logins is not a number: 'many'", "no number"),
        ("acct_id,renewed,end_date\na,1,soon\n", 2, "end_date is not an ISO", "no date"),
        ("acct_id,renewed\n ,1\n", 2, "has no acct_id", "nobody"),
        (
            "acct_id,renewed,as_of,end_date\na,1,2025-04-01,2025-04-01\n",
            2,
            "as_of is not before end_date",
            "facts from after the outcome",
        ),
        (
            "acct_id,renewed,end_date\na,1,2025-04-01\na,0,2025-04-01\n",
            2,
            "another row has the same acct_id and end_date",
            "one contract with two outcomes",
        ),
        ("acct_id,renewed\na,1\na,1\n", 2, "another row has the same acct_id", "no date to tell"),
    ],
)
def test_a_row_that_cannot_be_used_is_refused_by_its_line(
    tmp_path: Path, text: str, line: int, message: str, why: str
) -> None:
    blanks = "," * (text.partition("\n")[0].count(",") - 1)
    good = "".join(f"good{number},{number % 2}{blanks}\n" for number in range(20))
    write_contracts(tmp_path, text + good)

    outcomes = read(tmp_path, max_refused_share=0.2)

    first = outcomes.refusals.entries[0]
    assert (first.file, first.line) == ("renewals.csv", line), why
    assert message in first.reason
    assert len(outcomes) == 20
    with pytest.raises(TooManyRefused, match=r"renewals\.csv"):
        read(tmp_path)


def test_of_rows_that_contradict_each_other_none_is_taken_whatever_their_order(
    tmp_path: Path,
) -> None:
    write_contracts(tmp_path, "acct_id,renewed\na,1\na,0\nb,1\n")

    outcomes = read(tmp_path, max_refused_share=1.0)

    assert outcomes.frame["acct_id"].tolist() == ["b"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("acct_id,churned\na,1\n", "renewals.csv has no column renewed"),
        ("account,renewed\na,1\n", "renewals.csv has no column acct_id"),
        ("acct_id,renewed\n", "no row that says whether"),
        ("acct_id,renewed\na,\n", "no row that says whether"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path: Path, text: str, message: str) -> None:
    write_contracts(tmp_path, text)

    with pytest.raises(DataError) as caught:
        read(tmp_path)

    assert message in str(caught.value)


@pytest.mark.parametrize("name", ["renewed", "end_date", "as_of"])
def test_the_outcome_cannot_be_what_is_learned_from(tmp_path: Path, name: str) -> None:
    write_contracts(tmp_path, "acct_id,renewed\na,1\nb,0\n")

    with pytest.raises(DataError, match=f"{name} cannot be an input"):
        read(tmp_path, ("logins", name))


def test_what_was_known_then_is_no_fact_of_today(tmp_path: Path) -> None:
    write_contracts(tmp_path, "acct_id,age,logins\na,1,5\nb,2,6\n", name="peer_dims.csv")
    write_contracts(tmp_path, "acct_id,renewed,logins\na,1,70\nb,0,80\n")

    accounts = read_accounts(tmp_path, [Input("age"), Input("logins")], peer_dimensions=["age"])

    assert accounts.frame["logins"].tolist() == [5.0, 6.0]
    assert read(tmp_path).frame["logins"].tolist() == [70.0, 80.0]


def test_the_committed_renewals_are_what_the_generator_writes(tmp_path: Path) -> None:
    ids = pd.read_csv(SAMPLE / "peer_dims.csv", dtype=str)["acct_id"].tolist()

    write_renewals(tmp_path, ids, 2026)

    committed = (COMMITTED / "renewals.csv").read_bytes()
    assert (tmp_path / "renewals.csv").read_bytes() == committed
    assert len(committed) <= 600_000
    outcomes = read(COMMITTED, FEATURES)
    assert len(outcomes) == 5000
    assert outcomes.refusals.total == 0
