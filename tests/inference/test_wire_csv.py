"""CSV bodies: headers, line ends, quotes, and what is said of lines that cannot be read."""

import numpy as np
import pytest
from wire_examples import CSV, MIXED, NUMBERS, decode, refusal

ROWS = [[1, -2.5, 3], [4, 5e-3, 6]]
PLAIN = "1,-2.5,3\n4,5e-3,6"

SAME = [
    (PLAIN, "no header: the first line is data"),
    (PLAIN + "\n", "a line end at the end"),
    (PLAIN + "\n\n\n", "blank lines at the end"),
    (PLAIN.replace("\n", "\r\n") + "\r\n", "CRLF"),
    (PLAIN.replace("\n", "\r"), "CR"),
    ("\ufeff" + PLAIN, "a byte order mark"),
    ('"1","-2.5","3"\n"4","5e-3","6"', "quoted numbers"),
    ("1 , -2.5,\t3\n 4,5e-3,6 ", "blanks around"),
    ("+1,-2.5,3.\n4,.005,06", "numbers as Python reads them and JSON does not"),
    ("age,Size__c,bots\n" + PLAIN, "a header"),
    ('"age", Size__c ,bots\r\n' + PLAIN.replace("\n", "\r\n"), "a header with quotes and blanks"),
    ("AGE,size,Bots__c\n" + PLAIN, "a header in the words of Data 360"),
    ("bots,age,Size__c\n3,1,-2.5\n6,4,5e-3", "a header in another order"),
    ("x,age,Size__c,x,bots\n0,1,-2.5,,3\n0,4,5e-3,abc,6", "columns beside those needed"),
]


@pytest.mark.parametrize(("text", "why"), SAME, ids=[why for _, why in SAME])
def test_the_same_accounts_written_differently_are_the_same(text, why):
    assert decode(text.encode(), CSV).accounts.tolist() == ROWS, why


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("1,,3", [1]),
        (",,", [0, 1, 2]),
        (",2,", [0, 2]),
        ("1, ,3", [1]),
        ('1,"",NaN', [1, 2]),
        ("bots,age,Size__c\n,,7", [0, 2]),
    ],
)
def test_an_empty_cell_is_missing_and_shifts_nothing(text, missing):
    (account,) = decode(text.encode(), CSV).accounts

    assert np.flatnonzero(np.isnan(account)).tolist() == missing


def test_a_header_alone_is_no_accounts():
    assert decode(b"age,Size__c,bots\n", CSV).accounts.shape == (0, 3)


@pytest.mark.parametrize("body", [b"1,2,3", b"age,Size__c,bots\n1,2,3", b"bots,age,size\n3,1,2"])
def test_the_parameter_header_says_what_the_first_line_is(body):
    absent, present = f"{CSV}; header=absent", f'{CSV}; Header="PRESENT"'

    if body == b"1,2,3":
        assert decode(body, absent).accounts.tolist() == [[1, 2, 3]]
        assert refusal(body, present) == "missing columns: Size__c, age, bots"
    else:
        assert decode(body, present).accounts.tolist() == [[1, 2, 3]]
        assert refusal(body, absent) == "line 1: age must be a number, not text"


@pytest.mark.parametrize("content_type", [CSV, CSV + ";header=absent"])
def test_a_category_called_as_an_input_makes_no_header_of_a_line(content_type):
    accounts = decode(b"bots,7,2026-02-28,1\nRetail,,,", content_type, MIXED).accounts

    assert accounts[:, 0].tolist() == [2, 0]


REFUSED = [
    ("", "the body is empty", "nothing"),
    ("\n\r\n", "the body is empty", "blank lines"),
    ("1,2", "line 1 has 2 values; needed are 3, in this order: age, Size__c, bots", "too few"),
    ("1,2,3\n1,2,3,", "line 2 has 4 values", "a comma too many"),
    ("1,2,3\n1,2,3,4", "line 2 has 4 values", "a value too many"),
    ("1,2,3,\n4,5,6,", "line 1 has 4 values", "a comma too many on every line"),
    ("age,Size__c,bots\n1,2,3,4", "line 2 has 4 values; needed are 3", "more than the header"),
    ("1,2,3\n\n4,5,6", "line 2 is blank; only the end may be", "a blank line between"),
    ("\n1,2,3", "line 1 is blank", "a blank line first"),
    ("1;2;3", "line 1 has 1 values", "semicolons"),
    ("1\t2\t3", "line 1 has 1 values", "tabs"),
    ("a,b,c\n1,2,3", "line 1: age must be a number, not text", "a header of other names"),
    ("age,Size__c,Bot\n1,2,3", "line 1 looks like a header, but lacks bots", "a name misspelt"),
    ("Bots,Age\n1,2", "line 1 looks like a header, but lacks Size__c", "a name less"),
    ("age,Size__c,bots,AGE\n1,2,3,4", "there is both age and AGE; send one", "two for one"),
    ("age,age,Size__c,bots\n1,2,3,4", "there is age twice", "a name twice"),
    ('1,2,"3\n4,5,6', "is not CSV", "an open quote"),
    ('1,2,"3"4', "is not CSV", "text after a quote"),
    ('"x,age,Size__c,bots\n0,1,2,3', "is not CSV", "an open quote in a header"),
    ("x\r,age,Size__c,bots\n0,1,2,3", "line 1 has 1 values", "a line end in a header"),
    ("1,2,0x10", "line 1: bots must be a number, not text", "hexadecimal"),
    ("1,2,1_000", "line 1: bots must be a number, not text", "an underscore"),
    ("1,2,nan", "line 1: bots must be a number, not text", "nan"),
    ("1,2,-inf", "line 1: bots must be a number, not text", "infinity"),
    ("1,2,NA", "line 1: bots must be a number, not text", "NA"),
    ("1,2,null", "line 1: bots must be a number, not text", "null"),
    ("1,2,true", "line 1: bots must be a number, not text", "true"),
    ("1,2,1e400", "line 1: bots is too large for a number", "beyond a double"),
    ("1,2,1 2", "line 1: bots must be a number, not text", "two numbers in a cell"),
    ("1,2,3\x00", "line 1: bots must be a number, not text", "NUL"),
    ("1,2,[3]", "line 1: bots must be a number, not text", "JSON"),
    ("1,2,3],[1,2,3", "line 1 has 6 values", "lists as JSON has them"),
    ('"1,2",3', "line 1 has 2 values", "a quoted comma"),
    ("1,2,3\n4,5,x", "line 2: bots must be a number, not text", "text in the second line"),
    (",".join(["1"] * 100_000), "there are 100000 columns; send the 3 that count", "very wide"),
]


@pytest.mark.parametrize(("text", "says", "why"), REFUSED, ids=[c[2] for c in REFUSED])
def test_a_line_that_cannot_be_read_is_refused_in_words(text, says, why):
    assert says in refusal(text.encode(), CSV), why


@pytest.mark.parametrize("body", [b"\xe9,2,3", b"\xe9,age,Size__c,bots\n0,1,2,3", b"1,2,\xff3"])
def test_bytes_that_are_not_utf_8_are_refused(body):
    assert refusal(body, CSV) == "the body is not UTF-8"


def test_a_header_that_lacks_a_name_is_refused_even_where_bad_rows_are_kept():
    message = refusal(b"bots,age,sise\n1,2,3", CSV, keep_bad_rows=True)

    assert message == ("line 1 looks like a header, but lacks Size__c; name every column or none")


def test_first_rows_of_numbers_are_always_data():
    rng = np.random.default_rng(3)
    for _ in range(200):
        rows = rng.normal(0, 10.0 ** rng.integers(-5, 9), (rng.integers(1, 4), NUMBERS.width))
        text = "\n".join(",".join(map(repr, row)) for row in rows.tolist())

        assert decode(text.encode(), CSV).accounts.tolist() == rows.tolist()
