"""Content-Type and Accept: which format reads a body, and which writes the answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire_examples import decode, examples

from serving.inference.wire.formats import (
    CSV,
    FORMATS,
    JSON,
    JSON_LINES,
    answer_format,
    request_format,
)
from serving.web.problems import Problem


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/json", JSON),
        ("APPLICATION/JSON", JSON),
        ("application/json; charset=utf-8", JSON),
        ('application/json;charset="UTF-8"', JSON),
        ("application/json ; version=1", JSON),
        ("text/csv", CSV),
        ("Text/CSV; charset=us-ascii", CSV),
        ("application/jsonlines", JSON_LINES),
        ("application/x-jsonlines", JSON_LINES),
        ("application/jsonl", JSON_LINES),
        ("application/x-ndjson;charset=utf8", JSON_LINES),
        ("application/ndjson", JSON_LINES),
    ],
)
def test_a_content_type_chooses_the_format(content_type, expected):
    assert request_format(content_type) is expected


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "text/html",
        "application/x-www-form-urlencoded",
        "application/octet-stream",
        "application/x-npy",
        "application/x-npz",
        "application/python-pickle",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "application",
        "json",
        "application/json, text/csv",
        "application/*",
        "*/*",
        ";",
        "=",
    ],
)
def test_another_type_is_415_and_lists_what_there_is(content_type):
    listed = "application/json, text/csv, application/jsonlines"

    with pytest.raises(Problem, match=listed) as caught:
        request_format(content_type)

    assert caught.value.status == 415


@pytest.mark.parametrize(
    ("content_type", "says"),
    [
        ("application/json; charset=utf-16", "send UTF-8"),
        ("text/csv; charset=iso-8859-1", "send UTF-8"),
        ("text/csv; header=maybe", "header of text/csv must be present or absent"),
        ("text/csv; charset=utf-8; header=yes", "header of text/csv must be present or absent"),
    ],
)
def test_a_parameter_that_cannot_be_met_is_415(content_type, says):
    with pytest.raises(Problem, match=says) as caught:
        request_format(content_type)

    assert caught.value.status == 415


@pytest.mark.parametrize("content_type", ["", " "])
def test_without_a_content_type_what_looks_like_a_json_object_is_one(content_type):
    body = b'\xef\xbb\xbf \n{"inputs": [[1, 2, 3]]}'

    assert decode(body, content_type).accounts.tolist() == [[1, 2, 3]]
    for other in (b"[[1, 2, 3]]", b"1,2,3", b""):
        with pytest.raises(Problem, match="there is no Content-Type") as caught:
            decode(other, content_type)
        assert caught.value.status == 415


ACCEPTS = [
    ("", JSON, JSON, "nothing said"),
    ("", CSV, CSV, "nothing said: as was sent"),
    ("*/*", JSON_LINES, JSON_LINES, "anything"),
    ("*", CSV, CSV, "anything, as Java says it"),
    (" , ,", CSV, CSV, "an empty list"),
    ("application/*", JSON, JSON, "a family with the usual one"),
    ("application/*", JSON_LINES, JSON_LINES, "a family with the usual one"),
    ("application/*", CSV, JSON, "a family without it: the first of the table"),
    ("text/*", JSON, CSV, "a family"),
    ("application/json;q=0.5,*/*;q=0.1", JSON, JSON, "what is named"),
    ("application/json;q=0.5,*/*;q=0.1", CSV, JSON, "what is named before what was sent"),
    ("application/json; charset=utf-8", CSV, JSON, "a parameter asks for nothing"),
    ("text/csv", JSON, CSV, "named"),
    ("TEXT/CSV", JSON, CSV, "in capitals"),
    ("text/csv;q=0.3, application/jsonlines;q=0.7", JSON, JSON_LINES, "the more welcome"),
    ("text/csv, */*", JSON, CSV, "named before a wildcard of the same quality"),
    ("text/csv;q=0.1, */*", JSON, JSON, "a wildcard of more quality"),
    ("*/*, application/json;q=0", JSON, CSV, "not JSON: the most exact range counts"),
    ("application/*;q=0, */*", JSON, CSV, "not that family"),
    ("application/json, text/csv", CSV, CSV, "equally welcome: the usual one"),
    ("text/csv, application/jsonlines", JSON, CSV, "equally welcome: the table's first"),
    ("application/x-ndjson", JSON, JSON_LINES, "by another name"),
    ("image/png, text/csv;q=0.001", JSON, CSV, "hardly welcome, but nothing else is given"),
    ("text/html, */*;q=.2", JSON, JSON, "as old Java clients say it"),
    ("text/csv;q=1.000", JSON, CSV, "digits"),
    ("text/csv;q=7", JSON, CSV, "more than all counts as all"),
    ("text/csv;q=x", JSON, CSV, "no number counts as none said"),
    ("text/csv;q=nan", JSON, CSV, "no number counts as none said"),
]


@pytest.mark.parametrize(("accept", "usual", "expected", "why"), ACCEPTS)
def test_accept_chooses_the_format_of_the_answer(accept, usual, expected, why):
    assert answer_format(accept, usual) is expected, why


@pytest.mark.parametrize(
    "accept", ["image/png", "text/plain, image/*", "*/*;q=0", "application/json;q=0", "csv", "q=1"]
)
def test_an_accept_that_nothing_meets_is_406_and_lists_what_there_is(accept):
    with pytest.raises(
        Problem, match="application/json, text/csv, application/jsonlines"
    ) as caught:
        answer_format(accept, JSON)

    assert caught.value.status == 406


def test_the_answer_to_a_body_of_another_variant_is_written_in_its_format():
    variant = request_format("text/csv; header=present")

    assert answer_format("", variant).answer_type == "text/csv; charset=utf-8"
    assert answer_format("*/*", request_format("")).answer_type == "application/json"


def test_a_header_seen_before_is_not_parsed_again():
    assert request_format("text/csv; header=absent") is request_format("text/csv; header=absent")


@examples(300)
@given(st.one_of(st.text(max_size=30), st.text('application/json*csv;,=" q01.', max_size=40)))
def test_no_header_is_worse_than_refused(header):
    for choose in (request_format, lambda accept: answer_format(accept, JSON)):
        try:
            chosen = choose(header)
        except Problem as problem:
            status = problem.status
        else:
            status = 200
            assert chosen.answer_type in {kind.answer_type for kind in FORMATS}
        assert status in (200, 406, 415)
