"""Whatever the encoding, the accounts are the same; whatever the bytes, the error is a 4xx."""

import json
import re
from functools import partial

import pytest
from hypothesis import given, note
from hypothesis import strategies as st
from wire_examples import (
    BUDGETS,
    CSV,
    JSON,
    LINES,
    MODELS,
    NUMBERS,
    SHAPES,
    TODAY,
    batches,
    decode,
    examples,
    expected,
    refusal,
    same_bits,
    write_csv,
    write_json,
    write_lines,
    write_plain_lines,
)

from serving.inference.wire.csv_bodies import decode_csv_strictly
from serving.inference.wire.json_bodies import decode_json_strictly
from serving.inference.wire.json_lines import decode_json_lines_strictly
from serving.scoring import MissingColumns
from serving.web.problems import Problem

STRICT = {
    JSON: decode_json_strictly,
    CSV: decode_csv_strictly,
    LINES: decode_json_lines_strictly,
}
ENCODINGS = {
    **{name: (JSON, partial(write_json, shape)) for name, shape in SHAPES.items()},
    "JSON Lines": (LINES, write_lines),
    "plain JSON Lines": (LINES, write_plain_lines),
    "Csv": (CSV, partial(write_csv, header=False)),
    "Csv with a header": (CSV, partial(write_csv, header=True)),
}

#: A body without a row is not a list of none in these; see the tables of bodies.
NEVER_EMPTY = {"rows alone", "JSON Lines", "plain JSON Lines", "Csv"}

any_model = st.sampled_from(MODELS)
chance = st.randoms(use_true_random=True)


@st.composite
def batch_of_any_model(draw, model=any_model, **size):
    columns = draw(model)
    return columns, draw(batches(columns, plain=draw(st.booleans()), **size))


@pytest.mark.parametrize("bodies", BUDGETS)
def test_every_encoding_of_a_batch_decodes_to_the_same_bits(bodies):
    @examples(bodies // 2 // len(ENCODINGS))
    @given(batch_of_any_model(), chance)
    def holds(model_and_batch, rng):
        columns, batch = model_and_batch
        accounts = expected(batch, columns)
        for name, (content_type, write) in ENCODINGS.items():
            if not batch and name in NEVER_EMPTY:
                continue
            body = write(batch, columns, rng)
            note(f"{name}: {body!r}")
            for keep_bad_rows in (False, True):
                decoded = decode(body, content_type, columns, keep_bad_rows=keep_bad_rows)
                assert same_bits(decoded.accounts, accounts)
                assert not decoded.bad_rows

    holds()


KEYS = st.sampled_from(
    [
        *("instances", "inputs", "features", "data", "values", "columns", "index"),
        *("dataframe_split", "dataframe_records", "parameters"),
        *(name for columns in MODELS for name in columns.names),
        *("BOTS", "bots__c", "Age__c", "size"),
    ]
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5),
    st.sampled_from(["1", "", "NaN", "nan", "inf", "1_0", "2026-01-31"]), KEYS,
)  # fmt: skip
ROWS = st.lists(st.one_of(st.none(), st.integers(-9, 9), SCALARS), min_size=2, max_size=5)
ANY_JSON = st.recursive(
    st.one_of(SCALARS, ROWS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(KEYS, st.text(max_size=3)), inner)
    ),
    max_leaves=12,
)
CELLS = st.one_of(
    st.sampled_from(["", "1", "-2.5", " 3 ", "1e400", "x", "NaN", "\r"]),
    st.sampled_from(['"4"', '"5', 'a"b', '"6,7"']),
    KEYS,
)
CSV_TEXT = st.lists(st.lists(CELLS, max_size=5).map(",".join), max_size=5).flatmap(
    lambda lines: st.sampled_from(["\n", "\r\n", "\r", "\n\n"]).map(lambda end: end.join(lines))
)


TOKENS = re.compile(rb'"[^"]*"|[-+.\w]+|[^\w"]')
ODD = [b"true", b"null", b"-0", b"1e400", b"01", b'"7"', b"[1]", b"{}", b'"features"', b'"bots"']
ODD += [b",", b"]", b"{", b'"', b"\n", b"\\", b"-", b" ", b"\xff", b'"instance\\u0073"', b"\x00"]


@st.composite
def nearly_right(draw, model=any_model):
    """A body of which some words are cut, doubled, exchanged, or others than they should be."""
    columns, batch = draw(batch_of_any_model(model, min_size=1))
    content_type, write = draw(st.sampled_from(list(ENCODINGS.values())))
    words = TOKENS.findall(write(batch, columns, draw(chance)))
    for _ in range(draw(st.integers(0, 2))):
        start, end, at = (draw(st.integers(0, len(words))) for _ in range(3))
        match draw(st.sampled_from(["other", "cut", "double", "exchange"])):
            case "other":
                words[at : at + 1] = [draw(st.sampled_from(ODD))]
            case "cut":
                del words[start : max(end, start + 1)]
            case "double":
                words[at:at] = words[start:end]
            case _:
                words[at : at + 1], words[end : end + 1] = words[end : end + 1], words[at : at + 1]
    return columns, content_type, b"".join(words)


@st.composite
def anything(draw):
    """JSON, lines, cells and bytes that owe nothing to a right body."""
    json_lines = st.lists(ANY_JSON.map(json.dumps), max_size=4).map("\n".join)
    content_type, text = draw(
        st.one_of(
            st.tuples(st.sampled_from([JSON, LINES]), ANY_JSON.map(json.dumps)),
            st.tuples(st.just(LINES), json_lines),
            st.tuples(st.just(CSV), CSV_TEXT),
            st.tuples(st.sampled_from([JSON, CSV, LINES]), st.binary(max_size=60)),
        )
    )
    return draw(any_model), content_type, text if isinstance(text, bytes) else text.encode()


def outcome(read, *args, **kwargs):
    """What comes of a body: accounts and bad rows, or a status and the words of a refusal."""
    try:
        decoded = read(*args, **kwargs)
    except Problem as problem:
        return problem.status, problem.message, problem.details
    except MissingColumns as error:
        return 400, str(error)
    return 200, decoded.accounts.shape, decoded.accounts.tobytes("C"), dict(decoded.bad_rows)


@pytest.mark.parametrize("bodies", BUDGETS)
def test_any_body_is_refused_with_400_or_gives_what_the_strict_reader_gives(bodies):
    @examples(bodies // 2)
    @given(st.one_of(nearly_right(), nearly_right(), anything()), st.booleans())
    def holds(hostile, keep_bad_rows):
        columns, content_type, body = hostile

        came = outcome(decode, body, content_type, columns, keep_bad_rows=keep_bad_rows)

        strict = STRICT[content_type]
        assert came == outcome(strict, body, columns, today=TODAY, keep_bad_rows=keep_bad_rows)
        assert came[0] in (200, 400)

    holds()


@examples(200)
@given(batches(NUMBERS, plain=True, min_size=1), st.data())
def test_a_key_that_stands_twice_never_changes_a_positional_row(batch, data):
    where = data.draw(st.integers(0, len(batch) - 1))
    other = json.dumps(data.draw(batches(NUMBERS, plain=True, min_size=1, max_size=1))[0])
    key = data.draw(st.sampled_from(['"features"', '"\\u0066eatures"', '"feature\\u0073"']))
    instances = [f'{{"features": {json.dumps(values)}}}' for values in batch]
    pair = [instances[where][1:-1], f"{key}: {other}"]
    instances[where] = "{" + ", ".join(data.draw(st.permutations(pair))) + "}"
    rows = ",".join(instances)
    body = data.draw(
        st.sampled_from([f'{{"instances": [{rows}]}}', f"[{rows}]", f'{{"inputs": [{rows}]}}'])
    )

    assert "stands twice" in refusal(body.encode())
    assert f"line {where + 1} is not JSON" in refusal("\n".join(instances).encode(), LINES)


@examples(100)
@given(batches(NUMBERS, plain=True, min_size=1), batches(NUMBERS, plain=True), st.booleans())
def test_two_lists_of_instances_are_never_one(batch, other, escaped):
    key = '"instance\\u0073"' if escaped else '"instances"'
    body = f'{{"instances": {json.dumps(batch)}, {key}: {json.dumps(other)}}}'

    assert "stands twice" in refusal(body.encode())
