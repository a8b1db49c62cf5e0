"""`POST /explain`: the formats and refusals of invocations, the numbers of `Scorer.explain`."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import jsonschema
import numpy as np
import pytest
from hypothesis import given, note
from hypothesis import strategies as st
from test_any_request import NOON, make_client, strictly
from test_wire_properties import ENCODINGS, NEVER_EMPTY
from wire_examples import batches, examples, expected

from serving.inference.explanations import EXPLAINED, MAX_ACCOUNTS, explain
from serving.inference.invocations import TASKS
from serving.inference.openapi import encode_openapi
from serving.inference.prediction import Manner, predict
from serving.inference.served_model import ServedModel
from serving.inference.wire.formats import JSON
from serving.scoring import load_scorer
from serving.web.problems import Problem


@pytest.fixture(scope="module")
def model(request):
    data = request.config.rootpath / "tests" / "data" / "artifacts"
    return ServedModel(load_scorer(data / "format-1.tar.gz"))


@pytest.fixture(scope="module")
def client(model):
    return make_client(model)


def rows_of(model, count):
    golden = model.scorer.artifact.golden["inputs"]
    return [golden[row % len(golden)] for row in range(count)]


def inputs_of(model, rows):
    """A body; a category is sent by its name, an unknown one by a name of no category."""
    inputs = model.columns.inputs
    return {"inputs": [list(map(on_the_wire, inputs, row)) for row in rows]}


def on_the_wire(entry, value):
    if not entry.categories or value is None:
        return value
    return dict(enumerate(entry.categories)).get(value, "elsewhere")


def explained(model, rows):
    accounts = np.array(rows, dtype=float).reshape(-1, model.columns.width)
    return [why.to_dict() for why in model.scorer.explain(accounts)]


def post(client, body, path="/explain", **headers):
    content_type = headers.pop("content_type", "application/json")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    data = body if isinstance(body, bytes | str) else json.dumps(body)
    return client.post(path, data=data, content_type=content_type, headers=named)


def test_whatever_the_encoding_the_explanations_are_those_of_the_scorer(model, client):
    @examples(60)
    @given(
        batches(model.columns),
        st.sampled_from(sorted(ENCODINGS)),
        st.randoms(use_true_random=True),
    )
    def holds(batch, encoding, rng):
        if not batch and encoding in NEVER_EMPTY:
            return
        content_type, write = ENCODINGS[encoding]
        body = write(batch, model.columns, rng)
        note(f"{encoding}: {body!r}")

        answer = post(client, body, content_type=content_type)

        assert answer.status_code == 200, answer.text
        whole = [why.to_dict() for why in model.scorer.explain(expected(batch, model.columns))]
        assert strictly(answer.text) == {"explanations": whole}

    holds()


@pytest.mark.parametrize("count", [0, 1, 64, 65, 200])
def test_blocks_of_accounts_make_one_answer(model, client, count):
    rows = rows_of(model, count)

    answer = post(client, inputs_of(model, rows))

    assert strictly(answer.text) == {"explanations": explained(model, rows)}
    assert answer.headers["X-Scorecard-Version"] == model.version
    assert answer.content_type == "application/json"


def test_lines_are_given_to_who_asks_for_them(model, client):
    rows = rows_of(model, 70)

    answer = post(client, inputs_of(model, rows), Accept="application/jsonlines")

    assert [strictly(line) for line in answer.text.splitlines()] == explained(model, rows)
    assert answer.text.endswith("\n")


@pytest.mark.parametrize(
    "accept", ["", "*/*", "text/csv, application/json;q=0.1", "text/csv;q=0,*/*"]
)
def test_others_get_json(model, client, accept):
    answer = post(client, inputs_of(model, rows_of(model, 1)), Accept=accept)

    assert "explanations" in strictly(answer.text)


def test_there_is_no_csv_of_a_tree(model, client):
    answer = post(client, inputs_of(model, rows_of(model, 1)), Accept="text/csv")

    assert answer.status_code == 406
    assert answer.json["message"].endswith("given are application/json, application/jsonlines")


@pytest.mark.parametrize(
    ("body", "content_type", "status", "why"),
    [
        ("{", "application/json", 400, "no JSON"),
        ({"inputs": [[1, 2]]}, "application/json", 400, "too few columns"),
        ({"instances": [{"age": 1}]}, "application/json", 400, "names are missing"),
        ("a,b", "text/html", 415, "no type that is read"),
        ("", "application/json", 400, "no body"),
        (b" " * (2**20 + 1), "application/json", 413, "more than the largest body"),
    ],
)
def test_what_invocations_refuse_is_refused_in_the_same_words(
    client, body, content_type, status, why
):
    ours = post(client, body, content_type=content_type)
    theirs = post(client, body, path="/invocations", content_type=content_type)

    assert (ours.status_code, ours.json["message"]) == (status, theirs.json["message"]), why


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_other_methods_are_refused(client, method):
    assert client.open("/explain", method=method).status_code == 405


@pytest.mark.parametrize("path", ["//explain", "/explain/", "/Explain"])
def test_other_paths_are_not_there(client, path):
    assert post(client, {"inputs": []}, path=path).status_code == 404


def test_more_accounts_than_fit_into_an_answer_are_refused(model, client):
    answer = post(client, inputs_of(model, rows_of(model, MAX_ACCOUNTS + 1)))

    assert answer.status_code == 413
    assert (
        answer.json["message"] == "201 accounts are too many to explain at once; send at most 200"
    )


def test_scoring_goes_on_while_explanations_are_worked_on(model, monkeypatch):
    begun, go_on = threading.Event(), threading.Event()

    def held(*arguments):
        begun.set()
        assert go_on.wait(60)
        return explain(*arguments)

    monkeypatch.setitem(TASKS, "/explain", TASKS["/explain"]._replace(do=held))
    app = make_client(model).application
    # Nearly the largest that there may be: bodies are counted apart, too.
    body = json.dumps(inputs_of(model, rows_of(model, 1))).encode().ljust(2**20)

    def answer_to(path):
        return post(app.test_client(), body, path=path)

    with ThreadPoolExecutor() as pool:
        try:
            first = pool.submit(answer_to, "/explain")
            assert begun.wait(60)
            second, scored = answer_to("/explain"), answer_to("/invocations")
        finally:
            go_on.set()

        assert scored.status_code == 200
        assert (second.status_code, second.headers["Retry-After"]) == (503, "1")
        assert first.result().status_code == 200
    assert answer_to("/explain").status_code == 200


def test_explanations_go_on_while_all_slots_of_scoring_are_taken(model, monkeypatch):
    app = make_client(model).application
    told = []

    def held(*arguments):
        told.extend(post(app.test_client(), body, path=path) for path in TASKS)
        return predict(*arguments)

    monkeypatch.setitem(TASKS, "/invocations", TASKS["/invocations"]._replace(do=held))
    body = json.dumps(inputs_of(model, rows_of(model, 1)))

    answer = post(app.test_client(), body, path="/invocations")

    assert [each.status_code for each in (answer, *told)] == [200, 503, 200]


def test_a_row_that_is_kept_though_it_cannot_be_read_has_no_explanation(model):
    rows = rows_of(model, 70)
    body = inputs_of(model, rows)
    body["inputs"][65] = [[]] * model.columns.width

    answer = post(make_client(model, keep_bad_rows=True), body)

    told = strictly(answer.text)["explanations"]
    assert told[65] is None
    assert told[:65] + told[66:] == explained(model, rows[:65] + rows[66:])
    assert answer.headers["X-Scorecard-Bad-Rows"] == "1"


def test_a_deadline_that_passes_ends_it(model):
    body = json.dumps(inputs_of(model, rows_of(model, 1))).encode()
    impatient = Manner(deadline_s=-1.0)

    with pytest.raises(Problem) as caught:
        explain(model, body, JSON, EXPLAINED[0], impatient, NOON)

    assert (caught.value.status, caught.value.kind) == (503, "deadline")


def test_what_is_answered_is_what_the_document_describes(model, client):
    document = json.loads(encode_openapi(model))
    described = document["paths"]["/explain"]["post"]["responses"]["200"]["content"]
    check = jsonschema.Draft202012Validator(
        {**document, **described["application/json"]["schema"]}
    ).validate

    unknown = [[None] * model.columns.width]
    answer = post(client, inputs_of(model, rows_of(model, 100) + unknown))

    check(strictly(answer.text))
    assert len(answer.json["explanations"]) == 101

    with pytest.raises(jsonschema.ValidationError):
        check({"explanations": [{**answer.json["explanations"][0], "further": 1}]})


@pytest.mark.slow
def test_explaining_an_account_costs_at_most_five_times_as_much_as_scoring_it(trained):
    model = ServedModel(load_scorer(trained))
    client, body = make_client(model), json.dumps(inputs_of(model, rows_of(model, 1)))
    took = {"/invocations": [], "/explain": []}

    # In turn, so that a busy machine is as busy for both.
    for _ in range(1500):
        for path, times in took.items():
            started = time.perf_counter()
            answer = client.post(path, data=body, content_type="application/json")
            times.append(time.perf_counter() - started)
            assert answer.status_code == 200

    scoring, explaining = (np.quantile(times, 0.1) for times in took.values())
    assert explaining <= 5 * scoring
