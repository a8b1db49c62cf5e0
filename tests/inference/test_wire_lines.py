"""JSON Lines: an account per line, in any of its shapes."""

import json

import numpy as np
import pytest
from wire_examples import LINES, decode, refusal

A, B = b"[1, 2.5, null]", b'[4, "5", ""]'
ROWS = "[[1.0, 2.5, nan], [4.0, 5.0, nan]]"


def features(values):
    return b'{"features": ' + values + b"}"


NAMED = b'{"bots": null, "AGE": 1, "more": [], "size": 2.5}'

READ = [
    (features(A) + b"\n" + features(B), "objects of features"),
    (features(A) + b"\r\n" + features(B) + b"\r\n", "CRLF"),
    (features(A) + b"\n" + features(B) + b"\n\n \n", "blank lines at the end"),
    (b"\xef\xbb\xbf" + A + b"\n" + B, "lists, after a byte order mark"),
    (b'{"data": {"features": {"values": ' + A + b"}}}\n" + B, "the long form, and a list"),
    (NAMED + b"\n" + features(B), "an object of names"),
]


@pytest.mark.parametrize(("body", "why"), READ, ids=[why for _, why in READ])
def test_each_line_is_an_account(body, why):
    assert str(decode(body, LINES).accounts.tolist()) == ROWS, why


def test_lines_of_numbers_alone_are_read_too():
    body = b"\n".join(features(json.dumps([n, n / 7, -n]).encode()) for n in range(50))

    accounts = decode(body, LINES).accounts

    assert accounts.tolist() == [[n, n / 7, -n] for n in range(50)]


REFUSED = [
    (b"", "the body is empty", "nothing"),
    (b" \n \n", "the body is empty", "blank lines"),
    (b"[1,2,3]\n\n[4,5,6]", "line 2 is blank; only the end may be", "a blank line between"),
    (b"[1,2,3]\n[4,5]", "line 2 has 2 values; needed are 3, in this order: age", "too few"),
    (b"[1,2,3]\n[4,5\n,6]", "line 2 is not JSON", "an account over two lines"),
    (b"[1,2,3] [4,5,6]", "line 1 is not JSON: Extra data", "two accounts in a line"),
    (b"[1,2,3],\n[4,5,6]", "line 1 is not JSON: Extra data", "a comma between"),
    (b'{"features":[1,2\n3]},{"features":[4,5,6]}', "line 1 is not JSON", "cut elsewhere"),
    (b"[[1,2,3],[4,5,6]]", "line 1 has 2 values", "all accounts in a line"),
    (b"[[1,2,3],[1,2,3],[1,2,3]]", "line 1: age must be a number, not a list", "as many as inputs"),
    (b"7\n", "line 1 has no list of values", "a number"),
    (b'{"instances": [[1,2,3]]}', "line 1 lacks Size__c, age, bots", "a body of the other format"),
    (b'[1,2,3]\n{"age": 1, "bots": 2}', "line 2 lacks Size__c", "a name lacks"),
    (b'{"age": 1, "size": 2, "Size": 2, "bots": 3}', "line 1: there is both size and Size", "two"),
    (b'[1,2,3]\n[1,2,"x"]', "line 2: bots must be a number, not text", "text"),
    (b"[1,2,true]", "line 1: bots must be a number, not true or false", "a boolean"),
    (b"[1,2,NaN]", "line 1 is not JSON: NaN is not a JSON value", "NaN"),
    (b'[1,2,3]\n["\xff",2,3]', "line 2 is not UTF-8", "Latin-1"),
    (b"[1,2,3]\n" + b"[" * 10_000, "line 2 is nested too deeply", "nested deeply"),
    (
        b'{"features": [1,2,3], "features": [4,5,6]}',
        "line 1 is not JSON: a key stands twice",
        "dup",
    ),
]


@pytest.mark.parametrize(("body", "says", "why"), REFUSED, ids=[c[2] for c in REFUSED])
def test_a_line_that_cannot_be_read_is_refused_by_its_number(body, says, why):
    assert says in refusal(body, LINES), why


def test_rows_in_are_rows_out_at_any_number_of_lines():
    for count in (1, 2, 7, 1000):
        body = b"\n".join([A] * count)

        assert np.isnan(decode(body, LINES).accounts[:, 2]).sum() == count
