"""F.2 and F.4: what the container makes of bodies. Row numbers are the contract's."""

import json
import sys

import pytest

from tests.contract.wire import INPUTS, KEYS, ROWS, einstein
from tests.processes import Process, call, free_port

JSON = "application/json"
CSV = "text/csv"
LINES = "application/jsonlines"


def post(container, body, content_type=JSON, **headers):
    if not isinstance(body, str | bytes):
        body = json.dumps(body)
    data = body.encode() if isinstance(body, str) else body
    return call(container.port, "POST", "/invocations", data, Content_Type=content_type, **headers)


def scores(answer):
    """Predictions without the stamp, which differs from call to call."""
    assert answer.status == 200, answer.body
    return [
        {key: value for key, value in prediction.items() if key != "last_modified"}
        for prediction in answer.json()["predictions"]
    ]


@pytest.fixture(scope="module")
def expected(container):
    return scores(post(container, einstein(ROWS)))


def test_i1_fifteen_zeros_are_one_prediction_with_all_keys(container):
    answer = post(container, einstein([[0] * 15]))

    (prediction,) = answer.json()["predictions"]
    assert set(prediction) == KEYS


def test_i2_three_instances_are_three_predictions_in_order(container, expected):
    assert len(expected) == 3
    assert len({json.dumps(prediction) for prediction in expected}) == 3
    for row, prediction in zip(ROWS, expected, strict=True):
        assert scores(post(container, einstein([row]))) == [prediction]


def named(rows):
    return {name: [row[position] for row in rows] for position, name in enumerate(INPUTS)}


def csv(rows, header=None):
    lines = [",".join(map(str, row)) for row in rows]
    return "\n".join(([",".join(header)] if header else []) + lines)


def records(rows, names=INPUTS):
    return [dict(zip(names, row, strict=True)) for row in rows]


def lines(rows):
    return "\n".join(json.dumps(row) for row in rows)


BACKWARDS = [list(reversed(row)) for row in ROWS]
SHOUTED = [f"{name.title()}__c" for name in INPUTS]

SAME = [
    (
        "I3",
        JSON,
        {"instances": [{"data": {"features": {"values": row}}} for row in ROWS]},
        "JsonDense",
    ),
    (
        "I4",
        JSON,
        {"dataframe_split": {"columns": INPUTS[::-1], "data": BACKWARDS}},
        "DataFrameSplit in another order",
    ),
    ("I5", JSON, {"dataframe_records": records(BACKWARDS, INPUTS[::-1])}, "DataFrameRecords"),
    ("I6", JSON, {"inputs": ROWS}, "NumpyInput"),
    ("I13", LINES, lines({"features": row} for row in ROWS), "JSON Lines"),
    ("I13", LINES, lines(records(ROWS)) + "\n\n", "JSON Lines by name, blank last line"),
    ("I42", JSON, {"dataframe_records": records(ROWS, SHOUTED)}, "Acct_Age__c for acct_age"),
    ("I42", CSV, csv(ROWS, SHOUTED), "the same in a CSV's header"),
    ("I6", JSON, {"instances": ROWS}, "rows without features"),
    ("I6", JSON, ROWS, "rows alone"),
    ("I7", CSV, csv(ROWS), "no header: the first line is data"),
    ("I8", CSV, csv(BACKWARDS, INPUTS[::-1]), "a header of known names in any order"),
    ("I9", CSV, csv([[7, *row] for row in ROWS], ["new", *INPUTS]), "an unknown column"),
    ("I11", CSV, csv(ROWS).replace("\n", "\r\n") + "\r\n\r\n", "CRLF, blank last line"),
    ("I11", CSV, "\ufeff" + csv(ROWS), "a byte order mark"),
    ("I12", CSV, csv([[f'"{cell}"' for cell in row] for row in ROWS]), "quoted numbers"),
    ("I14", JSON + "; charset=utf-8", einstein(ROWS), "a parameter"),
    ("I15", "APPLICATION/JSON", einstein(ROWS), "upper case"),
    ("I16", "", einstein(ROWS), "no Content-Type, a body that looks like JSON"),
    ("I19", JSON, named(ROWS), "a flat object of lists"),
    ("I20", JSON, named(ROWS) | {"more": [1, 2, 3]}, "names beyond those needed"),
    ("I30", JSON, einstein(ROWS) | {"parameters": {}}, "further keys beside instances"),
    ("I31", JSON, einstein([[str(cell) for cell in row] for row in ROWS]), "numbers as text"),
    ("I36", JSON, einstein([[float(cell) for cell in row] for row in ROWS]), "1.0 for 1"),
]


@pytest.mark.parametrize(
    ("row", "content_type", "body", "why"), SAME, ids=[f"{c[0]} {c[3]}" for c in SAME]
)
def test_the_same_accounts_written_differently_score_the_same(
    container, expected, row, content_type, body, why
):
    assert scores(post(container, body, content_type)) == expected, why


def test_i18_a_flat_object_is_one_account(container, expected):
    body = dict(zip(INPUTS, ROWS[0], strict=True))

    assert scores(post(container, body)) == expected[:1]


@pytest.mark.parametrize("missing", [None, "", "NaN"])
def test_i34_a_missing_metric_is_null_and_shifts_nothing(container, expected, missing):
    row = [*ROWS[0]]
    row[INPUTS.index("bots")] = missing

    (prediction,) = scores(post(container, einstein([row])))

    own = {"auto_bots_metric_score", "auto_component_score", "global_score"}
    assert prediction["auto_bots_metric_score"] is None
    assert all(prediction[key] == expected[0][key] for key in prediction.keys() - own)


def test_i34_an_empty_csv_cell_is_missing(container):
    (prediction,) = scores(post(container, csv([[*ROWS[0][:3], "", *ROWS[0][4:]]]), CSV))

    assert prediction["auto_bots_metric_score"] is None


def test_i35_an_account_of_which_nothing_is_known_is_all_null(container):
    (prediction,) = scores(post(container, einstein([[None] * 15])))

    assert set(prediction.values()) == {None}


ROW = ROWS[0]
REFUSED = [
    ("I10", CSV, "a,b,c\n" + csv(ROWS), "line 1", "a text line that is not the header"),
    ("I11", CSV, csv(ROWS).replace("\n", "\n\n", 1), "line 2 is blank", "a blank line between"),
    ("I21", JSON, dict(zip(INPUTS[1:], ROW[1:], strict=True)), "acct_age", "a name is missing"),
    ("I22", JSON, einstein([ROW, ROW[:14]]), "row 1 has 14 values; needed are 15", "too few"),
    ("I22", JSON, einstein([[*ROW, 1]]), "row 0 has 16 values; needed are 15", "too many"),
    ("I22", JSON, einstein([ROW[:14]]), ", ".join(INPUTS), "names the columns in order"),
    ("I22", CSV, csv([ROW, [*ROW, 1]]), "line 2 has 16 values", "too many in a CSV"),
    ("I23", JSON, einstein([ROW, ROW, ROW[:3], ROW]), "row 2 has 3 values", "uneven rows"),
    ("I25", JSON, {}, "missing columns: acct_age, acct_size", "an empty object"),
    ("I26", JSON, [], "instances", "an empty list"),
    ("I26", JSON, '"x"', "instances", "text"),
    ("I26", JSON, 12, "instances", "a number"),
    ("I26", JSON, None, "instances", "null"),
    ("I27", JSON, '{"instances": [', "at character 15", "cut off"),
    ("I28", JSON, "", "empty", "nothing"),
    ("I28", CSV, "", "empty", "nothing as CSV"),
    ("I29", JSON, {"instances": [{"features": ROW}, {"feature": ROW}]}, "instance 1", "misspelt"),
    ("I32", JSON, einstein([ROW, ["abc", *ROW[1:]]]), "/instances/1/features/0", "text"),
    ("I33", JSON, einstein([[True, *ROW[1:]]]), "acct_age must be a number", "a boolean"),
    ("I37", JSON, '{"instances": [{"features": [1e400]}]}', "15", "beyond a double, and short"),
    ("I37", JSON, json.dumps(einstein([[1e308, *ROW[1:]]])).replace("1e+308", "1e400"),
     "too large", "beyond a double"),
    ("I37", JSON, einstein([[float("inf"), *ROW[1:]]]), "Infinity is not a JSON value", "infinity"),
    ("I37", JSON, einstein([[float("nan"), *ROW[1:]]]), "NaN is not a JSON value", "NaN"),
    ("I42", JSON, {"dataframe_split": {"columns": [*INPUTS, "Bots__c"], "data": []}}, "bots",
     "two columns for one input"),
    ("I21", JSON, {"dataframe_records": [records(ROWS)[0], records(ROWS, SHOUTED)[1], {}]},
     "acct_age", "a record lacks names"),
    ("I30", JSON, {"instances": [], "inputs": []}, "inputs", "two kinds of body in one"),
    ("I13", LINES, lines([{"features": ROW}]) + "\n\n" + lines([{"features": ROW}]), "line 2",
     "a blank line between JSON Lines"),
    ("I13", LINES, lines([{"features": ROW}, {"features": ROW[:3]}]), "3 values",
     "uneven JSON Lines"),
    ("I38", JSON, '{"instances": [], "instances": []}', "twice", "a key twice"),
    ("I39", JSON, "[" * 100_000, "deep", "nested deeply"),
    ("I40", JSON, b'{"instances": "\xff"}', "UTF-8", "not UTF-8"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "content_type", "body", "says", "why"), REFUSED, ids=[f"{c[0]} {c[4]}" for c in REFUSED]
)
def test_a_body_that_cannot_be_read_is_400_and_says_what_to_change(
    container, row, content_type, body, says, why
):
    answer = post(container, body, content_type)

    assert answer.status == 400, why
    assert says in answer.json()["message"]
    assert_is_a_problem(answer)


def assert_is_a_problem(answer):
    """E5: small, one line, JSON, so that it survives in SageMaker's OriginalMessage."""
    assert answer.headers["content-type"] == JSON
    assert len(answer.body) <= 1024
    assert b"\n" not in answer.body
    assert b"Traceback" not in answer.body
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_i24_no_instances_are_no_predictions(container):
    assert post(container, {"instances": []}).json() == {"predictions": []}


@pytest.mark.parametrize(
    ("status", "method", "path", "headers", "why"),
    [
        (405, "GET", "/invocations", {}, "E6: a method that is not for this path"),
        (404, "GET", "/nothing", {}, "H17: a path that is not there"),
        (404, "POST", "//invocations", {"Content_Type": JSON}, "nearly the path"),
        (404, "POST", "/invocations/", {"Content_Type": JSON}, "nearly the path"),
        (405, "OPTIONS", "/invocations", {}, "a method that Flask would answer by itself"),
        (415, "POST", "/invocations", {"Content_Type": "text/plain"}, "I17: another type"),
        (415, "POST", "/invocations", {"Content_Type": "application/x-npy"}, "I17: numpy's type"),
        (415, "POST", "/invocations",
         {"Content_Type": JSON, "Content_Encoding": "gzip"}, "I41: compressed"),
        (415, "POST", "/invocations",
         {"Content_Type": JSON + "; charset=utf-16"}, "I40: another charset"),
        (406, "POST", "/invocations",
         {"Content_Type": JSON, "Accept": "image/png"}, "O10: a picture"),
    ],
)  # fmt: skip
def test_e5_a_refusal_is_one_line_of_json(container, status, method, path, headers, why):
    answer = call(container.port, method, path, b"{}" if method == "POST" else None, **headers)

    assert answer.status == status, why
    assert_is_a_problem(answer)


def test_e5_a_problem_with_thousands_of_mistakes_is_still_small(container):
    answer = post(container, einstein([["abc"] * 15] * 5000))

    assert answer.status == 400
    assert_is_a_problem(answer)


def test_e4_an_unexpected_error_is_500_with_an_id_and_the_traceback_only_in_the_log(
    tmp_path, trained
):
    port = free_port()
    broken = Process(
        [sys.executable, "-m", "tests.contract.broken_container"],
        tmp_path / "log",
        port=port,
        SCORECARD_MODEL=str(trained),
        SCORECARD_PORT=str(port),
        SCORECARD_WORKERS="1",
    )
    broken.wait_for_ping()

    answer = post(broken, einstein(ROWS))
    broken.stop()

    assert answer.status == 500
    assert answer.json()["message"] == "Internal server error"
    assert_is_a_problem(answer)
    (told,) = [line for line in broken.log_lines() if line["event"] == "unexpected error"]
    assert "ZeroDivisionError" in told["traceback"]
