import csv
import io
import math
import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from serving.scoring.scorecard import Input
from training.errors import DataError, TooManyRefused
from training.reading.csv_cells import READERS, read_number
from training.reading.csv_lines import MAX_LINE_BYTES
from training.reading.csv_reader import read_batches, read_header
from training.reading.refusals import KEPT_ENTRIES, Refusal, Refusals

RATE = Input("rate")
REGION = Input("region", "category")
SINCE = Input("since", "date")
TINY_BLOCKS = [1, 3, 7, 16, 8 * 2**20]


def read(content, inputs=(RATE,), **options):
    data = content if isinstance(content, bytes) else content.encode()
    refusals = Refusals()
    frames = list(read_batches(io.BytesIO(data), inputs, refusals, name="x.csv", **options))
    return pd.concat(frames, ignore_index=True) if frames else None, refusals


def refused(content, inputs=(RATE,), **options):
    return [(entry.line, entry.reason) for entry in read(content, inputs, **options)[1].entries]


def test_each_column_has_its_type_and_each_row_its_line():
    frame, refusals = read(
        "since,other,region,rate,acct_id,last_updated\n"
        "2024-02-29,?,north,0.5,007,2024-01-02T03:04:05+02:00\n"
        ",?,,,1e5,2024-01-02\n",
        (RATE, REGION, SINCE),
    )

    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == {
        "acct_id": "str",
        "rate": "float64",
        "region": "str",
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

    assert read_header(path) == ["rate", "acct_id"]
    assert [len(frame) for frame in frames] == [0]
    assert refusals.entries[0].file == "metrics.csv"


def test_a_header_alone_gives_no_tables():
    assert read("acct_id,rate\n")[0] is None


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
    refusals.rows_read = 100
    refusals.add("a.csv", 2, "has no acct_id")

    refusals.check(0.01)
    refusals.add("a.csv", 3, "has no acct_id")

    with pytest.raises(TooManyRefused, match=re.escape("2 of 100 rows (2.000%) were refused")):
        refusals.check(0.01)
