"""JSON bodies: the shapes there are, and what is said of those that cannot be read."""

import json

import pytest
from wire_examples import LINES, MIXED, decode, refusal

from serving.inference.wire.columns import Columns
from serving.scoring import Input

A, B = [1, 2.5, None], [4, "5", ""]
FIRST, SECOND = "[1.0, 2.5, nan]", "[4.0, 5.0, nan]"
NAMES = ["age", "Size__c", "bots"]


def records(*rows):
    return [dict(zip(NAMES, row, strict=True)) for row in rows]


READ = [
    ({"instances": [{"features": A}, {"features": B}]}, "Json: what Einstein Studio sends"),
    ({"instances": [{"data": {"features": {"values": A}}}, {"data": {"features": {"values": B}}}]},
     "JsonDense: the long form"),
    ({"instances": [{"data": {"features": A}}, {"data": {"features": B}}]}, "without values"),
    ({"instances": [A, B]}, "NumpyInstance"),
    ({"inputs": [A, B]}, "NumpyInput"),
    ([A, B], "rows alone"),
    ({"instances": [A, {"features": B}]}, "each instance in its own shape"),
    ({"dataframe_split": {"columns": NAMES, "data": [A, B]}}, "DataFrameSplit"),
    ({"dataframe_split": {"columns": NAMES, "index": [7, 8], "data": [A, B]}}, "with an index"),
    ({"dataframe_split": {"columns": NAMES[::-1], "data": [A[::-1], B[::-1]]}}, "backwards"),
    ({"dataframe_split": {"columns": ["x", *NAMES, "x"], "data": [[0, *A, 0], [0, *B, 0]]}},
     "columns beside those needed, one of them twice"),
    ({"dataframe_records": records(A, B)}, "DataFrameRecords"),
    ({"dataframe_records": [records(A)[0], dict(reversed(records(B)[0].items()))]},
     "each record in its own order"),
    ({"dataframe_records": [{**record, "more": []} for record in records(A, B)]}, "more names"),
    ({"age": [1, 4], "Size__c": [2.5, 5], "bots": [None, None]}, "lists of one length"),
    ({"age": [1, 4], "Size__c": [2.5, 5], "bots": [None, None], "more": 1}, "and more"),
    ({"instances": [A, B], "parameters": {"features": []}, "data": 1}, "other keys beside"),
    ({"instances": [{"features": A, "id": [1]}, {"features": B}]}, "other keys within"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "why"), READ, ids=[why for _, why in READ])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["", "BOM"])
def test_a_shape_is_read_to_the_accounts_it_means(content, why, mark):
    decoded = decode(mark + json.dumps(content).encode())

    assert str(decoded.accounts.tolist()) == f"[{FIRST}, {SECOND}]", why
    assert not decoded.bad_rows


def test_an_object_of_scalars_is_one_account():
    body = json.dumps(dict(zip(NAMES, A, strict=True))).encode()

    assert str(decode(body).accounts.tolist()) == f"[{FIRST}]"


@pytest.mark.parametrize(
    "content",
    [
        {"instances": []},
        {"inputs": []},
        {"dataframe_records": []},
        {"dataframe_split": {"columns": NAMES, "data": []}},
        {"age": [], "Size__c": [], "bots": []},
    ],
    ids=str,
)
def test_no_accounts_are_no_rows(content):
    assert decode(json.dumps(content).encode()).accounts.shape == (0, 3)


ROW = [1, 2, 3]
REFUSED = [
    ({}, "missing columns: Size__c, age, bots", "an empty object"),
    ([], "the body must be", "an empty list"),
    ("x", "the body must be", "text"),
    (12, "the body must be", "a number"),
    (None, "the body must be", "null"),
    ({"instances": None}, "instances must be a list of accounts", "no list"),
    ({"inputs": {"age": [1]}}, "inputs must be a list of accounts", "no list"),
    ({"dataframe_records": {}}, "dataframe_records must be a list of accounts", "no list"),
    ({"instances": [ROW], "inputs": [ROW]}, "has instances and inputs; send one", "two shapes"),
    ({"instances": [[1, 2]]}, "row 0 has 2 values; needed are 3, in this order: age, Size__c, bots",
     "too few"),
    ({"instances": [ROW, ROW, [1, 2, 3, 4]]}, "row 2 has 4 values", "too many in the third"),
    ({"instances": [ROW, 7]}, "row 1 has no list of values", "a number for a row"),
    ({"instances": [ROW, "abc"]}, "row 1 has no list of values", "text for a row"),
    ([ROW, [ROW]], "row 1 has 1 values", "a list too deep"),
    ([[ROW, ROW, ROW]], "/0/0: age must be a number, not a list", "lists for values"),
    ({"instances": [{"features": ROW}, {"feature": ROW}]}, "instance 1 has no key features",
     "misspelt"),
    ({"instances": [{"features": ROW, "data": {}}]}, "row 0 has features and data", "two shapes"),
    ({"instances": [{"data": ROW}]}, "row 0 has no list of values", "a long form cut short"),
    ({"instances": [{"data": {"features": {"value": ROW}}}]}, "row 0 has no list", "misspelt"),
    ({"dataframe_split": [ROW]}, "dataframe_split must be", "no object"),
    ({"dataframe_split": {"columns": NAMES}}, "dataframe_split must be", "no data"),
    ({"dataframe_split": {"columns": "age", "data": []}}, "must be a list of names", "text"),
    ({"dataframe_split": {"columns": [1, 2, 3], "data": []}}, "must be a list of names", "numbers"),
    ({"dataframe_split": {"columns": NAMES[:2], "data": []}}, "missing columns: bots", "one less"),
    ({"dataframe_split": {"columns": NAMES, "data": [ROW, [1]]}},
     "row 1 has 1 values; columns has 3", "a ragged row"),
    ({"dataframe_split": {"columns": [*NAMES, "age"], "data": [[1, 2, 3, 9]]}},
     "there is age twice; send one column per input", "a needed column twice"),
    ({"dataframe_records": [*records(ROW), {"age": 1}]}, "row 1 lacks Size__c, bots", "names lack"),
    ({"dataframe_records": [*records(ROW), ROW]}, "row 1 must be an object", "a list for a record"),
    ({"dataframe_records": [{**records(ROW)[0], "AGE": 2}]}, "row 0: there is both age and AGE",
     "two names for one input"),
    ({"age": 1, "Size__c": 2}, "missing columns: bots", "a name lacks"),
    ({"age": 1, "Size__c": 2, "bots": [3]}, "give a value for every name, or lists", "mixed"),
    ({"age": [1], "Size__c": [2], "bots": [3, 4]}, "lists of one length", "another length"),
    ({"age": {"0": 1}, "Size__c": 2, "bots": 3}, "/age: age must be a number, not an object",
     "columns of objects"),
    ({"columns": NAMES, "data": [ROW]}, "missing columns", "a split frame without its key"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "says", "why"), REFUSED, ids=[c[2] for c in REFUSED])
def test_a_shape_that_cannot_be_read_is_refused_in_words(content, says, why):
    assert says in refusal(json.dumps(content).encode()), why


TEXTS = [
    (b"", "the body is empty", "nothing"),
    (b" \n", "the body is empty", "blanks"),
    (b'{"instances": [', "Expecting value at character 15", "cut off"),
    (b'{"instances": [[1, 2, 3]]} x', "Extra data at character 27", "more than one value"),
    (b'{"instances": "\xff"}', "is not UTF-8", "Latin-1"),
    ('{"instances": []}'.encode("utf-16"), "is not UTF-8", "UTF-16"),
    ('{"instances": []}'.encode("utf-32-le"), "is not JSON", "UTF-32"),
    (b"\xef\xbb\xbf\xef\xbb\xbf[[1,2,3]]", "is not JSON", "two byte order marks"),
    (b"[[1, 2, NaN]]", "NaN is not a JSON value; send null", "NaN"),
    (b"[[1, 2, -Infinity]]", "-Infinity is not a JSON value", "infinity"),
    (b"[[1, 2, 1e400]]", "/0/2: bots is too large", "beyond a double"),
    (b"[[1, 2, -1e400]]", "/0/2: bots is too large", "beyond a double"),
    (b"[[1, 2, 1" + b"0" * 400 + b"]]", "/0/2: bots is too large", "an integer beyond a double"),
    (b"[[1, 2, " + b"9" * 4301 + b"]]", "a number with too many digits", "more than Python reads"),
    (b"[[1, 2, 01]]", "is not JSON", "a leading zero"),
    (b"[[1, 2, 0x10]]", "is not JSON", "hexadecimal"),
    (b"[[1, 2, 3,]]", "is not JSON", "a trailing comma"),
    (b"[[1, 2, '3']]", "is not JSON", "single quotes"),
    (b"[" * 10_000, "nested too deeply", "nested deeply"),
    (b'{"a":' * 10_000, "nested too deeply", "objects nested deeply"),
    (b'{"instances": ' + b"[" * 2000 + b"]" * 2000 + b"}", "nested too deeply", "and closed"),
    (b'{"instances": [], "instances": []}', "a key stands twice", "a key twice"),
    (b'{"instances": [], "p": {"a": 1, "\\u0061": 2}}', "a key stands twice", "escaped, elsewhere"),
]


@pytest.mark.parametrize(("body", "says", "why"), TEXTS, ids=[c[2] for c in TEXTS])
def test_bytes_that_are_no_json_are_refused_in_words(body, says, why):
    assert says in refusal(body), why


def test_names_that_hold_few_letters_are_told_apart_in_every_record():
    columns = Columns([Input("n"), Input("u")])
    records = [{"n": 1, "u": 2}, {"u": 4, "n": 3}]
    lines = "\n".join(map(json.dumps, records)).encode()

    body = json.dumps({"dataframe_records": records}).encode()

    assert decode(body, columns=columns).accounts.tolist() == [[1, 2], [3, 4]]
    assert decode(lines, LINES, columns).accounts.tolist() == [[1, 2], [3, 4]]


def test_a_single_name_is_no_list_of_names():
    body = b'{"dataframe_split": {"columns": "n", "data": [[1]]}}'

    assert "must be a list of names" in refusal(body, columns=Columns([Input("n")]))


def test_what_a_caller_sent_is_not_repeated_to_them():
    for body in (b'[[1, 2, "secret"]]', b'{"secret": 1}', b'{"instances": [{"secret": 1}]}'):
        assert "secret" not in refusal(body)
    assert "secret" not in refusal(b'["secret", 1, 2]', LINES)


def test_mistakes_are_told_in_the_order_of_rows_and_at_most_ten():
    row = ["bots", 1, "2026-01-01", 1]
    rows = [row, ["bots", 1, "2026-01-01", "x"], ["bots"], ["bots", "x", "y", 1]]

    message = refusal(json.dumps(rows).encode(), columns=MIXED)

    assert message == "/1/3: rate must be a number, not text"
