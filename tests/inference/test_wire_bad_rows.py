"""Rows that cannot be read: the whole request is refused, or they alone are kept as all missing."""

import numpy as np
import pytest
from wire_examples import CSV, JSON, LINES, decode, refusal, same_bits

GOOD = "[1, 2, 3]"
#: Each with what is said of row 1 among good ones.
BAD = [
    (JSON, "[1, 2]", "row 1 has 2 values"),
    (JSON, "7", "row 1 has no list of values"),
    (JSON, '{"feature": [1, 2, 3]}', "instance 1 has no key features"),
    (JSON, '[1, "x", 3]', "/1/1: Size__c must be a number, not text"),
    (JSON, "[1e400, 2, true]", "/1/0: age is too large for a number"),
    (LINES, "[1, 2", "line 2 is not JSON"),
    (LINES, "", "line 2 is blank"),
    (LINES, "ERROR", "line 2 is not JSON"),
    (LINES, '{"age": 1}', "line 2 lacks Size__c, bots"),
    (LINES, "[1, true, 3]", "line 2: Size__c must be a number, not true or false"),
    (CSV, "1,2", "line 2 has 2 values"),
    (CSV, "", "line 2 is blank"),
    (CSV, "1,x,3", "line 2: Size__c must be a number, not text"),
    (CSV, "ERROR", "line 2 has 1 values"),
]


def write(content_type, rows):
    if content_type == JSON:
        return f"[{','.join(rows)}]".encode()
    if content_type == CSV:
        rows = [row.replace("[", "").replace("]", "") for row in rows]
    return "\n".join(rows).encode()


@pytest.mark.parametrize(("content_type", "bad", "says"), BAD, ids=[f"{c[0]} {c[1]}" for c in BAD])
def test_a_bad_row_refuses_the_request_unless_it_is_kept(content_type, bad, says):
    body = write(content_type, [GOOD, bad, "[4, 5, 6]"])

    kept = decode(body, content_type, keep_bad_rows=True)

    assert says in refusal(body, content_type)
    assert list(kept.bad_rows) == [1]
    assert says in kept.bad_rows[1]
    assert same_bits(kept.accounts, np.array([[1, 2, 3], [np.nan] * 3, [4, 5, 6]]))


@pytest.mark.parametrize("content_type", [JSON, LINES, CSV])
@pytest.mark.parametrize("where", [0, 250, 499])
def test_b8_one_bad_row_in_500_is_one_row_in_its_place(content_type, where):
    rows = [f"[{n}, {n / 3}, {-n}]" for n in range(500)]
    accounts = np.array([[n, n / 3, -n] for n in range(500)]) + 0.0
    rows[where], accounts[where] = "[1, x, 3]" if content_type == CSV else '[1, "x", 3]', np.nan

    kept = decode(write(content_type, rows), content_type, keep_bad_rows=True)

    assert list(kept.bad_rows) == [where]
    assert same_bits(kept.accounts, accounts)


def test_the_first_bad_row_is_named_whatever_is_wrong_with_it_and_with_others():
    wrong = ["[1, 2]", '[1, 2, "x"]', '["x", 2, 3]']

    for order in ([0, 1, 2], [1, 0, 2], [2, 1, 0]):
        rows = [GOOD, *(wrong[place] for place in order)]
        message = refusal(f"[{','.join(rows)}]".encode())
        kept = decode(f"[{','.join(rows)}]".encode(), keep_bad_rows=True)

        assert message == kept.bad_rows[1]
        assert list(kept.bad_rows) == [1, 2, 3]


@pytest.mark.parametrize(
    ("content_type", "body", "why"),
    [
        (JSON, b"[[1,2,3],", "cut"),
        (JSON, b'{"instances": 7}', "no rows"),
        (JSON, b'{"dataframe_split": {"columns": ["age"], "data": [[1]]}}', "columns lack"),
        (CSV, b'1,2,3\n1,2,"3\n1,2,3', "an open quote"),
        (CSV, b"1,2,3\n1,2,\xff", "not UTF-8"),
        (JSON, b"", "nothing"),
        (CSV, b"", "nothing"),
        (LINES, b"", "nothing"),
    ],
)
def test_a_body_that_cannot_be_split_into_rows_is_refused_all_the_same(content_type, body, why):
    assert refusal(body, content_type, keep_bad_rows=True), why


@pytest.mark.parametrize("content_type", [JSON, LINES, CSV])
@pytest.mark.parametrize("bad", ["[1]", "[1, 2, x]"])
def test_bad_rows_are_kept_up_to_a_thousand_and_then_up_to_half(content_type, bad):
    bad = bad if content_type == CSV else bad.replace("x", '"x"')

    def body(good, rows):
        return write(content_type, [GOOD] * good + [bad] * rows)

    assert len(decode(body(0, 1000), content_type, keep_bad_rows=True).bad_rows) == 1000
    assert len(decode(body(1500, 1500), content_type, keep_bad_rows=True).bad_rows) == 1500
    message = refusal(body(1000, 1001), content_type, keep_bad_rows=True)
    assert "too many of 2001 rows cannot be read; the first: " in message


def test_a_row_with_several_mistakes_is_kept_once_with_the_first():
    kept = decode(b'[["x", true, [], 1], ["x", true, []]]', keep_bad_rows=True)

    assert list(kept.bad_rows) == [0, 1]
    assert kept.bad_rows[1] == "/1/0: age must be a number, not text"
