"""F.5: the container as SageMaker's batch transform calls it. Row numbers are the contract's."""

import csv
import io
import json

import pytest

from serving.scoring import load_scorer
from tests.batch_transform import Plan, TransformJob, transform_files
from tests.contract.wire import INPUTS, KEYS, ROWS, einstein
from tests.processes import call

CSV = "text/csv"
LINES = "application/jsonlines"


@pytest.fixture(scope="module")
def batch(trained, start_module_container):
    """A container as a job without further settings starts it."""
    return start_module_container(SCORECARD_MODEL=str(trained), SAGEMAKER_BATCH="true")


@pytest.fixture(scope="module")
def placeholder(trained, start_module_container):
    return start_module_container(
        SCORECARD_MODEL=str(trained), SAGEMAKER_BATCH="True", SCORECARD_BAD_ROWS="placeholder"
    )


def post(container, body, content_type=CSV, accept=None):
    headers = {"Accept": accept} if accept else {}
    return call(container.port, "POST", "/invocations", body, Content_Type=content_type, **headers)


def table(rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def accounts(count):
    """Accounts that differ, so that a line in another's place shows."""
    return [[*ROWS[n % 3][:2], n / count, *ROWS[n % 3][3:]] for n in range(count)]


def expected(trained, rows):
    scorer = load_scorer(trained)
    columns = {name: [row[i] for row in rows] for i, name in enumerate(INPUTS)}
    return scorer.score(scorer.encode(columns)).values.tolist()


def scores(lines):
    """The numbers of CSV lines; the stamp is the last column."""
    return [[float(cell) for cell in line[:-1]] for line in csv.reader(lines)]


def test_b1_the_container_says_how_much_to_send_at_once(batch):
    answer = call(batch.port, "GET", "/execution-parameters")

    said = answer.json()
    assert answer.status == 200
    assert set(said) == {"MaxConcurrentTransforms", "BatchStrategy", "MaxPayloadInMB"}
    assert said["BatchStrategy"] == "MULTI_RECORD"
    assert 1 <= said["MaxPayloadInMB"] <= 100
    assert said["MaxConcurrentTransforms"] * said["MaxPayloadInMB"] <= 100


@pytest.mark.parametrize(("said", "limit_mb"), [("1", 1), ("20", 20), ("0", 100)])
def test_b2_the_job_s_payload_limit_is_the_body_limit(trained, start_container, said, limit_mb):
    container = start_container(
        SCORECARD_MODEL=str(trained),
        SAGEMAKER_MAX_PAYLOAD_IN_MB=said,
        SCORECARD_MAX_BODY_BYTES="1000",
    )
    container.wait_for_ping()
    body = json.dumps(einstein(ROWS)).encode()

    within = post(container, body + b" " * (1_000_000 - len(body)), "application/json")
    parameters = call(container.port, "GET", "/execution-parameters").json()

    assert within.status == 200
    assert parameters["MaxPayloadInMB"] == limit_mb
    if limit_mb == 1:
        assert post(container, body + b" " * 2**20, "application/json").status == 413


@pytest.mark.parametrize("accept", [None, CSV, LINES])
def test_b3_a_single_line_is_answered_by_a_single_line(batch, accept):
    answer = post(batch, table(ROWS[:1]), accept=accept)

    assert answer.body.count(b"\n") == 1
    assert answer.body.endswith(b"\n")


def test_b4_five_hundred_lines_are_answered_by_as_many_in_order(batch, trained):
    rows = accounts(500)

    answer = post(batch, table(rows), accept=CSV)

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert scores(answer.body.decode().splitlines()) == expected(trained, rows)


@pytest.mark.parametrize(
    ("body", "content_type", "accept"),
    [
        (table(ROWS), CSV, None),
        (table(ROWS), CSV, "application/json"),
        (json.dumps(einstein(ROWS)), "application/json", None),
        ("".join(json.dumps({"features": row}) + "\n" for row in ROWS), LINES, None),
    ],
)
def test_b5_in_batch_every_answer_ends_with_exactly_one_newline(batch, body, content_type, accept):
    answer = post(batch, body, content_type, accept)

    assert answer.status == 200
    assert answer.body.endswith(b"\n")
    assert not answer.body.endswith(b"\n\n")


def test_in_batch_callers_who_take_any_type_get_the_one_they_send(batch):
    assert post(batch, table(ROWS)).headers["content-type"].startswith(CSV)
    assert post(batch, table(ROWS), accept="*/*").headers["content-type"].startswith(CSV)
    assert post(batch, json.dumps(ROWS), "application/json").json()["predictions"]


def transform(container, folder, text, plan):
    """Send a file as SageMaker does; gives the lines of its `.out`."""
    (folder / "accounts.csv").write_text(text)
    transform_files(container.port, [folder / "accounts.csv"], folder, TransformJob(), plan)
    return (folder / "accounts.csv.out").read_text().splitlines()


@pytest.mark.parametrize(
    "plan", [Plan(2, 500, True), Plan(2, 500, False), Plan(2, 6_000, False), Plan(2, 10**6, False)]
)
def test_b6_a_file_cut_by_lines_joins_to_as_many_lines(batch, trained, tmp_path, plan):
    rows = accounts(120)

    out = transform(batch, tmp_path, table(rows), plan)

    assert scores(out) == expected(trained, rows)


def test_b7_a_header_in_the_first_piece_yields_no_line(batch, trained):
    backwards = [row[::-1] for row in ROWS]

    answer = post(batch, table([INPUTS[::-1], *backwards]))

    assert scores(answer.body.decode().splitlines()) == expected(trained, ROWS)


def test_b8_a_bad_row_has_an_empty_line_of_scores_in_its_place(placeholder, trained):
    rows = accounts(500)
    rows[137] = [*rows[137][:4], "abc", *rows[137][5:]]

    answer = post(placeholder, table(rows))

    lines = answer.body.decode().splitlines()
    assert answer.status == 200
    assert answer.headers["x-scorecard-bad-rows"] == "1"
    assert lines[137] == "," * (len(KEYS) - 1)
    assert scores(lines[:137] + lines[138:]) == expected(trained, rows[:137] + rows[138:])


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", json.dumps(einstein([ROWS[0], ROWS[1][:3], ROWS[2]]))),
        (LINES, "\n".join([json.dumps(ROWS[0]), "{not json", json.dumps(ROWS[2])])),
    ],
)
def test_b8_a_bad_row_is_all_nulls_in_json(placeholder, content_type, body):
    answer = post(placeholder, body, content_type, "application/json")

    first, bad, last = answer.json()["predictions"]
    assert set(bad) == KEYS
    assert set(bad.values()) == {None}
    assert None not in (first["last_modified"], last["last_modified"])


def test_b9_strict_refuses_and_names_the_row(batch):
    rows = accounts(500)
    rows[137] = [*rows[137][:4], "thirty", *rows[137][5:]]

    answer = post(batch, table(rows))

    assert answer.status == 400
    assert "138" in answer.json()["message"]
    assert "email2case" in answer.json()["message"]
    assert "thirty" not in answer.body.decode()


def test_b10_json_lines_are_answered_by_json_lines(batch, trained):
    body = "".join(json.dumps({"features": row}) + "\n" for row in ROWS)

    answer = post(batch, body, LINES)

    predictions = [json.loads(line) for line in answer.body.decode().splitlines()]
    assert answer.headers["content-type"] == LINES
    assert all(set(prediction) == KEYS for prediction in predictions)
    assert [list(p.values())[:-1] for p in predictions] == expected(trained, ROWS)


@pytest.mark.slow
def test_b11_forty_megabytes_in_pieces_are_scored_once_each_in_order(batch, trained, tmp_path):
    rows = accounts(40 * 2**20 // len(table(accounts(1000))) * 1000)

    out = transform(batch, tmp_path, table(rows), Plan(4, 6 * 2**20, False))

    assert scores(out) == expected(trained, rows)


@pytest.mark.parametrize(
    "before", ["\n", "\r\n", "sep=,\n", ",".join(f"col{n}" for n in range(15)) + "\n"]
)
def test_what_stands_before_accounts_is_never_passed_over_as_a_bad_row(placeholder, before):
    header = ",".join(INPUTS[::-1]) + "\n" if before.startswith(("\n", "\r", "sep")) else ""

    answer = post(placeholder, before + header + table([row[::-1] for row in ROWS]))

    assert answer.status == 400


def test_a_header_alone_yields_no_line(batch):
    answer = post(batch, ",".join(INPUTS) + "\n")

    assert (answer.status, answer.body) == (200, b"")


def test_a_request_of_which_no_row_can_be_read_is_refused_in_any_case(placeholder):
    answer = post(placeholder, table([row[:14] for row in accounts(30)]))

    assert answer.status == 400
    assert "no row can be read" in answer.json()["message"]


def test_lines_that_end_in_carriage_returns_count_as_lines(placeholder):
    answer = post(placeholder, b"1," + b"\r" * 6_000_000)

    assert answer.status == 400
