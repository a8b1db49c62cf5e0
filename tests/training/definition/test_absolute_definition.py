import dataclasses
import json

import pytest
from absolute_cases import ABSOLUTE, absolute, as_an_editor_reads
from mistake_cases import GOOD, editor, read

from serving.scoring.scorecard import PeerOverlay, scorecard_from_dict
from serving.scoring.signals import KINDS
from serving.scoring.signals.stored import keys_of
from serving.scoring.tree_shape import misshapen
from training.definition.kinds import KINDS as GRAMMAR


def test_the_tree_says_every_key_of_a_kind_and_those_around_it_where_given() -> None:
    tree = read(ABSOLUTE).resolve().tree

    assert tree["metrics"]["seats"] == {
        "kind": "ratio",
        "numerator": "seats_used",
        "denominator": "seats_bought",
        "share": None,
    }
    assert tree["metrics"]["qbr"] == {
        "kind": "recency",
        "input": "last_qbr",
        "steps": [[90.0, 100.0], [180.0, 50.0]],
        "otherwise": 0.0,
        "linear": None,
        "never": 0.0,
        "cohort": "insider",
    }
    assert tree["metrics"]["pages"]["label"] == "Page time"
    assert tree["metrics"]["orders"]["max_age_days"] == 45.0
    assert tree["metrics"]["churn"]["inputs"] == ["logins", "tenure"]


def test_what_a_definition_says_beside_metrics_is_in_the_tree_as_it_was_written() -> None:
    tree = read(ABSOLUTE).resolve().tree

    assert tree["weights_total"] == 100.0
    assert tree["bands"] == {"Healthy": 75.0, "Watch": 50.0, "Critical": 0.0}
    assert tree["coverage"] == {"minimum": 0.5}
    assert tree["drivers"] == {"top": 3}
    assert tree["peers"] == {"dimensions": ["acct_size"], "minimum_group": 10}
    assert tree["events"] == {"reviews_12m": {"event": "review", "take": "count", "days": 365}}
    technical = tree["components"]["technical"]
    assert technical["allow"]["observability"] == ["indicator.binary"]
    assert technical["components"]["operations"]["coverage"] == {"minimum": 0.5}


def test_the_tree_survives_json_and_has_the_shape_that_artifacts_must_have() -> None:
    card = read(ABSOLUTE).resolve()

    stored = json.loads(json.dumps(card.tree))

    assert misshapen(stored) is None
    assert scorecard_from_dict(stored) == card


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("steps: {180: 50, 90: 100}", "steps: {90: 100, 180: 50}"),
        ("steps: {180: 50, 90: 100}", "steps: {'90': 100.0, 180.0: 50}"),
        ("steps: {180: 50, 90: 100}", "steps: {180: 50, 90: 100}, otherwise: -0.0"),
        ("base: lag_12m", "min_months: 12, base: lag_12m, baseline: 50"),
        ("input: last_qbr", "input: last_qbr, label:"),
        ("drivers: {top: 3}", "events: {reviews_12m: {event: review, take: count, days: 365}}"),
    ],
)
def test_two_spellings_of_an_absolute_card_resolve_to_the_same_bytes(old: str, new: str) -> None:
    if new.startswith("events"):
        moved = absolute((f"{new}\n", ""), (old, f"{new}\n{old}"))
    else:
        moved = absolute((old, new))

    assert json.dumps(read(moved).resolve().tree) == json.dumps(read(ABSOLUTE).resolve().tree)


def test_a_definition_says_what_needs_data() -> None:
    definition = read(ABSOLUTE)

    assert definition.peer_metric_names == ()
    assert [risk.name for risk in definition.risks] == ["churn"]
    assert definition.overlay == PeerOverlay(("acct_size",), 10)
    assert len(definition.absolute_metrics) == len(definition.metric_names) == 9


def test_a_mixed_card_reads_both_kinds_of_metrics() -> None:
    text = GOOD.replace(
        "bots: {kind: peer}", "bots: {kind: linear, input: bots_used, best: 9, worst: 0}"
    )

    definition = read(text)

    assert definition.peer_metric_names == ("macro",)
    assert [column.name for column in definition.columns()] == ["acct_age", "bots_used", "macro"]
    assert definition.estimator("bots") is None
    assert [metric.kind for metric in definition.resolve().metrics] == ["linear", "peer"]


def test_columns_are_listed_once_each_with_what_an_account_may_have_there() -> None:
    columns = {column.name: column for column in read(ABSOLUTE).columns()}

    assert list(columns)[:3] == ["acct_size", "seats_used", "seats_bought"]
    assert list(columns)[3:6] == ["orders_now", "orders_now_12m_ago", "counted"]
    assert columns["seats_used"].minimum == 0
    assert columns["usage_tier"].categories == ("high", "low", "none")
    assert {columns["counted"].type, columns["last_qbr"].type} == {"date"}
    assert {columns["insider"].type, columns["monitoring_on"].type} == {"boolean"}


def test_where_two_metrics_read_a_column_a_limit_of_one_of_them_holds() -> None:
    definition = read(absolute(("input: page_ms", "input: seats_used")))

    columns = {column.name: column for column in definition.columns()}

    assert columns["seats_used"].minimum == 0
    assert columns["logins"].minimum is None
    assert set(columns.values()) == set(definition.resolve().inputs)


def test_an_editor_accepts_what_the_reader_accepts() -> None:
    editor().validate(as_an_editor_reads(ABSOLUTE))


@pytest.mark.parametrize("kind", KINDS)
def test_the_grammar_of_a_kind_is_made_of_its_dataclass(kind: str) -> None:
    made = GRAMMAR[kind].model_json_schema()

    keys = keys_of(KINDS[kind])
    assert set(keys) < set(made["properties"])
    for name, key in keys.items():
        assert made["properties"][name]["description"] == key.says
        assert made["properties"][name]["examples"], name
        assert (name in made["required"]) == (key.default is dataclasses.MISSING)


@pytest.mark.parametrize("kind", KINDS)
def test_every_example_is_one(kind: str) -> None:
    fields = GRAMMAR[kind].model_fields
    rest = {
        "ratio": {"numerator": "part", "denominator": "whole"},
        "learned_risk": {"model": "m", "inputs": ["a"]},
    }.get(kind, {})
    needed = {name: f.examples[0] for name, f in fields.items() if f.is_required() and f.examples}
    for name, field in fields.items():
        body = {**needed, **rest, name: (field.examples or [None])[0]}

        written = json.loads(json.dumps(body))  # as YAML's keys are read: as text

        GRAMMAR[kind].model_validate(written)
