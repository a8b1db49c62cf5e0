"""Batches of accounts, every way to write them, and bodies that are nearly right."""

import datetime as dt
import json
import random
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from serving.inference.wire.columns import Columns
from serving.inference.wire.formats import request_format
from serving.scoring import Input, MissingColumns
from serving.web.problems import Problem

TODAY = dt.date(2026, 3, 1)
JSON, CSV, LINES = "application/json", "text/csv", "application/jsonlines"

NUMBERS = Columns([Input("age"), Input("Size__c"), Input("bots")])
#: One category is called as an input is: a line of data must not be taken for a header.
MIXED = Columns(
    [
        Input("kind", "category", ("Retail", "Trade, and more", "bots", "ßé✓")),
        Input("bots"),
        Input("since", "date"),
        Input("rate"),
    ]
)
#: What metrics with an absolute score read: true and false, and numbers that have a least value.
FACTS = Columns([Input("in_use", "boolean"), Input("used", minimum=0.0), Input("call", "date")])
COUNTS = Columns([Input("used", minimum=0.0), Input("bought", minimum=1.0), Input("rate")])
MODELS = [NUMBERS, MIXED, FACTS, COUNTS]

#: How many bodies are generated, in all, where.
BUDGETS = [
    pytest.param(1_000, id="1000 bodies"),
    pytest.param(20_000, id="20000 bodies", marks=pytest.mark.slow),
    pytest.param(100_000, id="100000 bodies", marks=pytest.mark.soak),
]


def examples(how_many: int) -> settings:
    """For a property that tries so many examples."""
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    return settings(max_examples=how_many, deadline=None, suppress_health_check=slow)


def decode(body, content_type=JSON, columns=NUMBERS, *, keep_bad_rows=False):
    """What a request's body holds."""
    known = request_format(content_type)
    return known.decode(body, columns, today=TODAY, keep_bad_rows=keep_bad_rows)


def refusal(body, content_type=JSON, columns=NUMBERS, *, keep_bad_rows=False) -> str:
    """The words in which a body is refused; only the two errors that become a 4xx are caught."""
    with pytest.raises((Problem, MissingColumns)) as caught:
        decode(body, content_type, columns, keep_bad_rows=keep_bad_rows)
    assert getattr(caught.value, "status", 400) in range(400, 500)
    return str(caught.value)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8).filter(
    lambda text: text == text.strip() and text not in ("", "NaN")
)
NUMBER_TEXTS = st.sampled_from(
    ["12.5", " 7 ", "+3", "1e3", ".5", "5.", "-0", "007", "1E-2", "-1e-400", "٣", "0.1", "9" * 60]
)
VALUES = {
    "number": st.one_of(
        st.none(),
        st.integers(-9, 9),
        st.integers(-(10**300), 10**300),
        st.floats(allow_nan=False, allow_infinity=False),
        st.sampled_from(["", "NaN"]),
        NUMBER_TEXTS,
    ),
    "date": st.one_of(
        st.none(),
        st.dates().map(str),
        st.datetimes().map(dt.datetime.isoformat),
        st.sampled_from(["", "NaN", "2026-02-28 08:00:00+02:00"]),
    ),
    "boolean": st.sampled_from(
        [None, True, False, 1, 0, 1.0, 0.0, "true", "False", " TRUE ", "1", "0.0", "", "NaN"]
    ),
}
#: Numbers and nulls alone, as Einstein Studio sends them: what is read at once.
PLAIN = st.one_of(
    st.none(), st.integers(-9, 9), st.floats(allow_nan=False, allow_infinity=False, width=32)
)


def batches(columns: Columns, *, plain: bool = False, min_size: int = 0, max_size: int = 6):
    """Accounts as lists of wire values."""
    values = VALUES | {"number": PLAIN} if plain else VALUES
    row = [
        st.one_of(st.none(), TEXTS, st.sampled_from(entry.categories))
        if entry.type == "category"
        else values[entry.type].filter(partial(_is_enough, entry.minimum))
        for entry in columns.inputs
    ]
    return st.lists(st.tuples(*row).map(list), min_size=min_size, max_size=max_size)


def _is_enough(least, value):
    return least is None or value in (None, "", "NaN") or float(value) >= least


def expected(batch, columns: Columns):
    """The accounts, by the plainest way there is."""
    accounts = np.full((len(batch), columns.width), np.nan)
    for row, values in enumerate(batch):
        for place, (value, entry) in enumerate(zip(values, columns.inputs, strict=True)):
            if value in (None, "", "NaN"):
                continue
            if entry.type == "category":
                known = value in entry.categories
                accounts[row, place] = entry.categories.index(value) if known else np.nan
            elif entry.type == "date":
                accounts[row, place] = (TODAY - dt.date.fromisoformat(value[:10])).days
            elif entry.type == "boolean":
                accounts[row, place] = str(value).strip().lower() in ("true", "1", "1.0")
            else:
                accounts[row, place] = float(value) or 0.0
    return accounts


def same_bits(one, other) -> bool:
    return one.shape == other.shape and one.tobytes("C") == other.tobytes("C")


def disguised(name: str, rng: random.Random) -> str:
    """Another spelling of a name that means the same."""
    changed = "".join(rng.choice([str.upper, str.lower, str])(letter) for letter in name)
    stem = changed[:-3] if changed.lower().endswith("__c") else changed
    return stem + rng.choice(["", "__c", "__C"])


def shuffled(batch, columns: Columns, rng: random.Random):
    """Names in another order and spelling, some beside those needed, and rows to match."""
    others = rng.choice([[], [], ["acct_id"], ["acct_id", "Owner__c"]])
    fill = rng.choice([[7, None], [7, "x", None]])
    order = rng.sample(range(columns.width + len(others)), columns.width + len(others))
    names = [disguised(name, rng) for name in columns.names] + others
    rows = [[*values, *(rng.choice(fill) for _ in others)] for values in batch]
    return [names[place] for place in order], [[row[place] for place in order] for row in rows]


def write_json(shape: Callable, batch, columns, rng: random.Random) -> bytes:
    text = json.dumps(
        shape(batch, columns, rng),
        ensure_ascii=rng.random() < 0.5,
        separators=rng.choice([(",", ":"), (", ", ": "), (" ,\n", " :\t")]),
    )
    return rng.choice([b"", b"\xef\xbb\xbf"]) + text.encode() + rng.choice([b"", b"\n", b" \r\n"])


def _instance(values, rng):
    return rng.choice(
        [
            values,
            {"features": values},
            {"features": values, "id": "x"},
            {"data": {"features": {"values": values}}},
            {"data": {"features": values}},
        ]
    )


def _split(batch, columns, rng):
    names, rows = shuffled(batch, columns, rng)
    frame = {"columns": names, "data": rows}
    return {"dataframe_split": rng.choice([frame, {"index": list(range(len(rows))), **frame}])}


def _records(batch, columns, rng):
    records = []
    names = []
    for values in batch:
        if not names or rng.random() < 0.3:
            names, _ = shuffled([], columns, rng)
        by_name = {_meant(name, columns): name for name in names}
        record = dict.fromkeys(names, 1)
        record |= {by_name[n]: v for n, v in zip(columns.names, values, strict=True)}
        records.append(record)
    return {"dataframe_records": records}


def _meant(name, columns):
    place = columns.find(name)
    return None if place is None else columns.names[place]


def _flat(batch, columns, rng):
    names, rows = shuffled(batch, columns, rng)
    if len(rows) == 1 and rng.random() < 0.5:
        return dict(zip(names, rows[0], strict=True))
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}


#: Shape → what it makes of a batch; to be written as JSON.
SHAPES: dict[str, Callable] = {
    "Json": lambda batch, _c, _r: {"instances": [{"features": values} for values in batch]},
    "JsonDense": lambda batch, _c, _r: {
        "instances": [{"data": {"features": {"values": values}}} for values in batch]
    },
    "NumpyInstance": lambda batch, _c, _r: {"instances": batch},
    "NumpyInput": lambda batch, _c, _r: {"inputs": batch},
    "mixed instances": lambda batch, _c, rng: {"instances": [_instance(v, rng) for v in batch]},
    "further keys": lambda batch, _c, _r: {"instances": batch, "parameters": {"n": "bots"}},
    "rows alone": lambda batch, _c, _r: batch,
    "DataFrameSplit": _split,
    "DataFrameRecords": _records,
    "flat": _flat,
}


def write_lines(batch, columns, rng) -> bytes:
    """JSON Lines, each line in a shape of its own."""
    lines = []
    for values in batch:
        names, rows = shuffled([values], columns, rng)
        named = dict(zip(names, rows[0], strict=True))
        content = rng.choice([named, _instance(values, rng)])
        lines.append(json.dumps(content, ensure_ascii=rng.random() < 0.5))
    end = rng.choice(["\n", "\r\n"])
    return (end.join(lines) + rng.choice(["", end, end * 3])).encode()


def write_plain_lines(batch, _columns, _rng) -> bytes:
    return "\n".join(json.dumps({"features": values}) for values in batch).encode()


def write_csv(batch, columns, rng, *, header: bool) -> bytes:
    names, rows = shuffled(batch, columns, rng) if header else ([], batch)
    quoted = rng.choice([0, 0, 0.5, 1])
    end = rng.choice(["\n", "\r\n"])
    lines = [
        [_cell(value, rng.random() < quoted) for value in row] for row in [names, *rows] if row
    ]
    text = end.join(map(",".join, lines)) + end * rng.choice([0, 1, 2])
    return rng.choice([b"", b"\xef\xbb\xbf"]) + text.encode()


def _cell(value, quoted) -> str:
    text = "" if value is None else str(value)
    if quoted or set(text) & set(',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text
