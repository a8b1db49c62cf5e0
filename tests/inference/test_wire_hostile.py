"""Bodies at the limit of 6 MiB that cost as much as they can."""

import time

import pytest
from wire_examples import CSV, JSON, LINES, TODAY

from serving.inference.wire.columns import Columns
from serving.inference.wire.formats import request_format
from serving.scoring import Input, MissingColumns
from serving.web.problems import Problem

LIMIT = 6 * 2**20
COLUMNS = Columns([Input(f"input_{n}") for n in range(15)])


def filled(part: bytes, before: bytes = b"", after: bytes = b"") -> bytes:
    room = LIMIT - len(before) - len(after)
    return before + part * (room // len(part)) + after


BODIES = {
    "empty lists": (JSON, filled(b"[],", b"[", b"[]]")),
    "empty objects": (JSON, filled(b"{},", b"[", b"{}]")),
    "empty lists as instances": (JSON, filled(b"[],", b'{"instances":[', b"[]]}")),
    "empty records": (JSON, filled(b"{},", b'{"dataframe_records":[', b"{}]}")),
    "numbers for rows": (JSON, filled(b"1,", b"[", b"1]")),
    "one wide row": (JSON, filled(b"1,", b"[[", b"1]]")),
    "many columns": (
        JSON,
        filled(b'"a",', b'{"dataframe_split":{"data":[],"columns":[', b'"a"]}}'),
    ),
    "many keys": (JSON, b"{" + b",".join(b'"k%d":1' % n for n in range(400_000)) + b"}"),
    "one key many times": (JSON, filled(b'"a":1,', b"{", b'"a":1}')),
    "nested lists": (JSON, filled(b"[")),
    "nested objects": (JSON, filled(b'{"a":')),
    "a long integer": (JSON, filled(b"1", b"[[", b"]]")),
    "a long exponent": (JSON, filled(b"1", b"[[1e", b"]]")),
    "a long text": (JSON, filled(b"x", b'[["', b'"]]')),
    "escapes": (JSON, filled(b"\\u0041", b'["', b'"]')),
    "texts for values": (JSON, filled(b'["x"' + b",1" * 14 + b"],", b"[", b"[]]")),
    "blanks": (JSON, filled(b" ")),
    "byte order marks": (JSON, filled(b"\xef\xbb\xbf")),
    "short lines": (CSV, filled(b"x\n")),
    "line ends": (CSV, filled(b"\n")),
    "one line of commas": (CSV, filled(b",")),
    "one line of digits": (CSV, filled(b"1")),
    "an open quote": (CSV, filled(b"1\n", b'"')),
    "quotes": (CSV, filled(b'"')),
    "a wide line": (CSV, b",".join([b"1"] * 100_000)),
    "lines of empty lists": (LINES, filled(b"[]\n")),
    "junk after a good line": (LINES, filled(b"x\n", b"[" + b",".join([b"1"] * 15) + b"]\n")),
    "long junk": (LINES, filled(b"x" * 40 + b"\n")),
    "nested lists in a line": (LINES, filled(b"[")),
    "blank lines": (LINES, filled(b"\n")),
}


@pytest.mark.parametrize("keep_bad_rows", [False, True])
@pytest.mark.parametrize("name", BODIES)
def test_a_body_made_to_cost_is_refused_in_bounded_time(name, keep_bad_rows):
    content_type, body = BODIES[name]
    decode = request_format(content_type).decode
    began = time.process_time()

    try:
        decoded = decode(body, COLUMNS, today=TODAY, keep_bad_rows=keep_bad_rows)
    except (Problem, MissingColumns):
        scored = 0
    else:
        scored = len(decoded.accounts) - len(decoded.bad_rows)

    assert scored == 0
    assert time.process_time() - began < 5  # a fifth of it on an idle machine
