"""Through the whole app: no body brings a 5xx, and no 200 holds another score than the scorer's."""

import csv
import datetime as dt
import json
from functools import partial
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given, note
from hypothesis import strategies as st
from test_wire_properties import ENCODINGS, NEVER_EMPTY, anything, nearly_right
from wire_examples import TODAY, batches, examples, expected

from serving.inference.app import create_app
from serving.inference.invocations import Invocations
from serving.inference.model_origins import AtPath
from serving.inference.model_source import ModelSource
from serving.inference.openapi import encode_openapi
from serving.inference.prediction import Manner
from serving.inference.routes import BatchPlan
from serving.inference.served_model import ServedModel
from serving.scoring import load_scorer

NOON = dt.datetime.combine(TODAY, dt.time(12), dt.UTC)

#: How many bodies a whole container's application is asked with: each takes a millisecond or five.
SERVED = [
    pytest.param(1_000, id="1000 bodies"),
    pytest.param(5_000, id="5000 bodies", marks=pytest.mark.slow),
    pytest.param(100_000, id="100000 bodies", marks=pytest.mark.soak),
]


@pytest.fixture(scope="module")
def model(request):
    data = request.config.rootpath / "tests" / "data" / "artifacts"
    return ServedModel(load_scorer(data / "format-1.tar.gz"))


def make_client(model, *, keep_bad_rows=False):
    source = ModelSource(AtPath(Path(), lambda _: model), poll_s=1)
    source.start()
    invocations = Invocations(
        source,
        Manner(keep_bad_rows=keep_bad_rows),
        slots=1,
        max_body_bytes=2**20,
        now=lambda: NOON,
    )
    return create_app(source, invocations, BatchPlan(concurrency=1, payload_mb=1)).test_client()


def from_json(answer):
    return [list(prediction.values())[:-1] for prediction in strictly(answer.text)["predictions"]]


def from_lines(answer):
    return [list(strictly(line).values())[:-1] for line in answer.text.splitlines()]


def from_csv(answer):
    rows = [row[:-1] for row in csv.reader(answer.text.splitlines())]
    return [[float(cell) if cell else None for cell in row] for row in rows]


def strictly(text):
    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    return json.loads(text, parse_constant=refuse)


READERS = {
    "application/json": from_json,
    "application/jsonlines": from_lines,
    "text/csv": from_csv,
}


@pytest.mark.parametrize("bodies", SERVED)
def test_whatever_the_encoding_the_scores_are_those_of_the_scorer(model, bodies):
    client = make_client(model)

    @examples(bodies // 2)
    @given(
        batches(model.columns),
        st.sampled_from(sorted(ENCODINGS)),
        st.sampled_from(sorted(READERS)),
        st.randoms(use_true_random=True),
    )
    def holds(batch, encoding, accept, rng):
        if not batch and encoding in NEVER_EMPTY:
            return
        content_type, write = ENCODINGS[encoding]
        body = write(batch, model.columns, rng)
        note(f"{encoding}: {body!r}")

        answer = client.post(
            "/invocations", data=body, content_type=content_type, headers={"Accept": accept}
        )

        assert answer.status_code == 200, answer.text
        values = model.scorer.score(expected(batch, model.columns)).values
        told = np.array(READERS[accept](answer), dtype=float).reshape(values.shape)
        assert np.array_equal(told, values, equal_nan=True)

    holds()


@pytest.mark.parametrize("bodies", SERVED)
def test_whatever_the_body_the_answer_is_as_described(model, bodies):
    document = json.loads(encode_openapi(model))
    client = {keep: make_client(model, keep_bad_rows=keep) for keep in (False, True)}
    valid = {
        name: jsonschema.Draft202012Validator(
            {**document, "$ref": f"#/components/schemas/{name}"}
        ).validate
        for name in ("Predictions", "Problem")
    }

    @examples(bodies // 2)
    @given(st.one_of(nearly_right(st.just(model.columns)), anything()), st.booleans())
    def holds(hostile, keep_bad_rows):
        _, content_type, body = hostile
        post = partial(client[keep_bad_rows].post, "/invocations")

        answer = post(data=body, content_type=content_type)

        assert answer.status_code in (200, 400)
        assert len(answer.data) <= 1024 or answer.status_code == 200
        valid["Predictions" if answer.status_code == 200 else "Problem"](strictly(answer.text))

    holds()
