"""The OpenAPI document says what the container does: its examples work, and a fuzzer agrees."""

import json
import os
import re
import subprocess
from pathlib import Path

import jsonschema
import pytest

from tests.contract.wire import INPUTS, KEYS
from tests.processes import BIN, call

ROOT = Path(__file__).parents[2]

#: Of each seed; the examples and the coverage phase add some four hundred.
CASES = 650


@pytest.fixture(scope="module")
def document(container):
    return call(container.port, "GET", "/openapi.json").json()


def check(instance, schema, document):
    jsonschema.Draft202012Validator({**document, **schema}).validate(instance)


def post(document):
    return document["paths"]["/invocations"]["post"]


def test_the_document_has_every_route(document):
    assert {(path, *methods) for path, methods in document["paths"].items()} == {
        ("/invocations", "post"),
        ("/explain", "post"),
        ("/ping", "get"),
        ("/readyz", "get"),
        ("/livez", "get"),
        ("/schema", "get"),
        ("/openapi.json", "get"),
        ("/execution-parameters", "get"),
        ("/metrics", "get"),
    }


def test_the_document_names_inputs_in_order_and_all_keys_and_no_more(document):
    schemas = document["components"]["schemas"]

    assert ", ".join(INPUTS) in schemas["Row"]["description"]
    assert set(schemas["Prediction"]["required"]) == KEYS
    assert set(schemas["Prediction"]["properties"]) == KEYS
    assert schemas["Prediction"]["additionalProperties"] is False


def test_every_example_is_as_described_and_is_answered_as_described(container, document):
    answer = post(document)["responses"]["200"]["content"]["application/json"]["schema"]
    for media_type, body in post(document)["requestBody"]["content"].items():
        for name, example in body["examples"].items():
            value = example["value"]
            if name != "by name":  # the pattern of CSV is that without a header
                check(value, body["schema"], document)

            given = call(
                container.port,
                "POST",
                "/invocations",
                value if isinstance(value, str) else json.dumps(value),
                Content_Type=media_type,
            )

            assert given.status == 200, (name, given.body)
            check(given.json(), answer, document)


@pytest.mark.parametrize("path", ["/ping", "/readyz", "/livez", "/execution-parameters"])
def test_every_route_answers_as_described(container, document, path):
    answer = call(container.port, "GET", path)

    described = document["paths"][path]["get"]["responses"]["200"]["content"]
    check(answer.json(), described["application/json"]["schema"], document)


def fuzz(container, document, folder, *, examples, route, seed=1):
    """Run schemathesis with all its checks, none excluded; gives its exit code and its report."""
    path = folder / "openapi.json"
    path.write_text(json.dumps(document))
    done = subprocess.run(
        [
            BIN / "schemathesis", "run", path, "--url", f"http://127.0.0.1:{container.port}",
            "--checks", "all", "--phases", "examples,coverage,fuzzing", "--continue-on-failure",
            "--max-examples", str(examples), "--no-shrink", "--seed", str(seed),
            "--include-path-regex", route,
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT),
             "SCHEMATHESIS_HOOKS": "tests.contract.schemathesis_hooks"},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.soak)])
def test_two_thousand_generated_requests_are_answered_as_described(
    container, document, tmp_path, seed
):
    code, report = fuzz(
        container, document, tmp_path, examples=CASES, route="/invocations", seed=seed
    )

    assert code == 0, report
    (made,) = re.findall(r"(\d+) generated, \1 passed", report)
    assert int(made) >= 1000


@pytest.mark.slow
def test_every_route_answers_whatever_is_generated_for_it_as_described(
    container, document, tmp_path
):
    code, report = fuzz(container, document, tmp_path, examples=20, route="^/")

    assert code == 0, report


def without_a_key_of_the_answer(document):
    prediction = document["components"]["schemas"]["Prediction"]
    prediction["required"].remove("global_score")
    del prediction["properties"]["global_score"]


def without_a_key_of_the_request(document):
    # Accounts without it count as good ones then, and are refused.
    named = document["components"]["schemas"]["Named"]
    named["required"].remove("bots")
    post(document)["requestBody"]["content"]["application/json"]["schema"] = named


def without_a_value_of_the_request(document):
    row = document["components"]["schemas"]["Row"]
    row["minItems"] = row["maxItems"] = len(INPUTS) - 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        without_a_key_of_the_answer,
        without_a_key_of_the_request,
        without_a_value_of_the_request,
    ],
)
def test_a_document_that_lacks_something_is_found_out(container, document, tmp_path, change):
    document = json.loads(json.dumps(document))
    change(document)

    code, report = fuzz(container, document, tmp_path, examples=50, route="/invocations")

    assert code == 1, report
