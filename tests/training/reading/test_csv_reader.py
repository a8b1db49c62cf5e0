import io
import re

import pandas as pd
import pytest
from csv_cases import RATE, REGION, SINCE, TINY_BLOCKS, read, refused
from hypothesis import example, given, settings
from hypothesis import strategies as st

from serving.scoring.column import Input
from training.errors import DataError
from training.reading.csv_lines import MAX_LINE_BYTES
from training.reading.csv_reader import read_batches
from training.reading.refusals import Refusal, Refusals


def test_each_column_has_its_type_and_each_row_its_line():
    frame, refusals = read(
        "since,other,region,rate,acct_id,last_updated\n"
        "2024-02-29,?,north,0.5,007,2024-01-02T03:04:05+02:00\n"
        ",?,,,1e5,2024-01-02\n",
        (RATE, REGION, SINCE),
    )

    text = str(pd.Series(["a text"]).dtype)
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == {
        "acct_id": text,
        "rate": "float64",
        "region": text,
        "since": "datetime64[us]",
        "last_updated": "datetime64[us, UTC]",
        "line": "int64",
    }
    assert frame["acct_id"].tolist() == ["007", "1e5"]
    assert frame["line"].tolist() == [2, 3]
    assert frame["last_updated"][0] == pd.Timestamp("2024-01-02T01:04:05Z")
    assert frame["since"][0] == pd.Timestamp("2024-02-29")
    assert frame.loc[1, ["rate", "region", "since"]].isna().all()
    assert (refusals.total, refusals.rows_read) == (0, 2)


def test_an_input_that_the_header_lacks_is_absent():
    frame, _ = read("acct_id\nA\n", (RATE, REGION))

    assert list(frame) == ["acct_id", "line"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"acct_id,rate\r\nA,1\r\nB,2\r\n", "Windows line ends"),
        (b"acct_id,rate\rA,1\rB,2\r", "old Macintosh line ends"),
        (b"\xef\xbb\xbfacct_id,rate\nA,1\nB,2\n", "a byte order mark"),
        (b"acct_id,rate\nA,1\nB,2", "no line end at the end"),
        (b'"acct_id","rate"\n"A","1"\n"B","2"\n', "every cell quoted"),
        (b" acct_id , rate\n A ,\t1\nB, 2 \n", "space around names and cells"),
        (b'acct_id,x,rate\nA,"a,b",1\nB,"say ""hi""",2\n', "commas and quotes in quotes"),
        (b'acct_id,x,rate\nA,a"b,1\nB,"c"d,2\n', "quotes inside a text"),
    ],
)
@pytest.mark.parametrize("block_bytes", TINY_BLOCKS)
def test_reads_what_programs_write(content, block_bytes, why):
    frame, refusals = read(content, block_bytes=block_bytes)

    assert frame["acct_id"].tolist() == ["A", "B"], why
    assert frame["rate"].tolist() == [1.0, 2.0], why
    assert frame["line"].tolist() == [2, 3], why
    assert refusals.total == 0, why


@pytest.mark.parametrize("block_bytes", TINY_BLOCKS)
def test_lines_are_exact_around_rows_that_do_not_fit(block_bytes):
    content = (
        "acct_id,rate\n"
        "too few\n"
        "A,1\n"
        "\n"
        "too,many,fields\n"
        "too,many,again,here\n"
        "B,2\n"
        "   \n"
        "C,no\n"
        ",\n"
        ",3\n"
        "D,4\n"
        "too few"
    )

    frame, refusals = read(content, block_bytes=block_bytes)

    assert list(zip(frame["acct_id"], frame["line"], strict=True)) == [
        ("A", 3),
        ("B", 7),
        ("D", 12),
    ]
    assert [(entry.line, entry.reason.split(":")[0]) for entry in refusals.entries] == [
        (2, "has 1 field, the header has 2"),
        (5, "has 3 fields, the header has 2"),
        (6, "has 4 fields, the header has 2"),
        (9, "rate is not a number"),
        (11, "has no acct_id"),
        (13, "has 1 field, the header has 2"),
    ]
    assert refusals.rows_read == 9, "three lines are blank"


@pytest.mark.parametrize("block_bytes", TINY_BLOCKS)
def test_a_forgotten_quote_costs_its_own_line_only(block_bytes):
    frame, refusals = read(
        'acct_id,rate\nA,1\n"B,2\nC,3\n"D",4\nE,"5\nF,6\n', block_bytes=block_bytes
    )

    assert list(zip(frame["acct_id"], frame["line"], strict=True)) == [
        ("A", 2),
        ("C", 4),
        ("D", 5),
        ("F", 7),
    ]
    assert refusals.entries == [
        Refusal("x.csv", line, "a quote is not closed on its line") for line in (3, 6)
    ]


def test_a_file_whose_every_line_lacks_a_quote_is_refused_line_by_line():
    assert [line for line, _ in refused('acct_id,rate\n"A,1\n"B,2"')] == [2, 3]


@settings(deadline=None)
@given(rows=st.text('A1", x.\n\r', max_size=60), block_bytes=st.integers(1, 40))
@example(rows='\r"\n\n', block_bytes=1)
@example(rows='A,"1\n', block_bytes=1)
def test_the_size_of_blocks_changes_nothing(rows, block_bytes):
    content = f"acct_id,rate\n{rows}"

    expected, expected_refusals = read(content)
    actual, refusals = read(content, block_bytes=block_bytes)

    assert refusals.entries == expected_refusals.entries
    assert refusals.rows_read == expected_refusals.rows_read
    if expected is not None:
        pd.testing.assert_frame_equal(actual, expected)


@settings(deadline=None)
@given(st.text('A1", x.\n\r', max_size=60))
def test_every_line_is_read_as_if_it_were_alone(rows):
    frame, refusals = read(f"acct_id,rate\n{rows}")
    found = {} if frame is None else dict(zip(frame["line"], frame["acct_id"], strict=True))
    found |= {entry.line: entry.reason for entry in refusals.entries}

    alone = {}
    for line, text in enumerate(re.split("\r\n|\r|\n", rows), start=2):
        one, refused_one = read(f"acct_id,rate\n{text}")
        if one is not None and len(one):
            alone[line] = one["acct_id"][0]
        if refused_one.total:
            alone[line] = refused_one.entries[0].reason

    assert found == alone


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "x.csv is empty"),
        (b"\n\nacct_id,rate\n", "x.csv is empty, or its first line is"),
        (b"account;rate\nA;1\n", "x.csv has no column acct_id; its columns are: account;rate"),
        (b"acct_id,rate,rate\nA,1,2\n", "x.csv: the header has columns of the same name: rate"),
        (b'acct_id,"rate\nA,1\n', "x.csv: the header cannot be read"),
        (b"acct_id,rate\nA,1\n\nB\xff,2\n", "x.csv, line 4: not UTF-8; save the file as UTF-8"),
        (b"acct_id,rate,x\nA,1,2\nB\xe9,2\n", "x.csv, line 3: not UTF-8"),
        (b"acct_id,x,rate\r\nA,1,1\r\nB,\xe9,2\r\n", "x.csv, line 3: not UTF-8"),
        ("acct_id,rate\nA,1\n".encode("utf-16"), "x.csv, line 1: not UTF-8"),
    ],
)
@pytest.mark.parametrize("block_bytes", TINY_BLOCKS)
def test_a_file_that_cannot_be_read_is_named(content, message, block_bytes):
    with pytest.raises(DataError, match=re.escape(message)):
        read(content, block_bytes=block_bytes)


def test_a_file_without_line_ends_is_not_read_into_memory_whole():
    class Endless(io.RawIOBase):
        served = 0

        def read(self, size=-1):
            self.served += size
            return b"x" * size

    endless = Endless()

    with pytest.raises(DataError, match="has a line of more than"):
        list(read_batches(endless, (RATE,), Refusals(), name="x.csv"))
    assert endless.served < 2 * MAX_LINE_BYTES


@pytest.mark.parametrize("name", ["acct_id", "last_updated", "line"])
def test_an_input_cannot_have_the_name_of_a_column_of_our_own(name):
    with pytest.raises(DataError, match=f"{name} cannot be the name of an input"):
        read("acct_id,line\nA,1\n", (Input(name),))


def test_a_nul_byte_is_a_character_like_others():
    frame, _ = read(b"acct_id,rate\nA\x00B,1\n")

    assert frame["acct_id"].tolist() == ["A\0B"]


def test_reads_a_file_by_its_path_and_its_header_alone(tmp_path):
    path = tmp_path / "metrics.csv"
    path.write_bytes(b'\xef\xbb\xbfrate,"acct_id"\r\n?,A\r\n')
    refusals = Refusals()

    frames = list(read_batches(path, (RATE,), refusals))

    assert [len(frame) for frame in frames] == [0]
    assert refusals.entries[0].file == "metrics.csv"


def test_a_header_alone_gives_no_tables():
    assert read("acct_id,rate\n")[0] is None
