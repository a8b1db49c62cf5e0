import jsonschema
import pytest
from absolute_cases import ABSOLUTE, absolute, as_an_editor_reads
from absolute_contradictions import CONTRADICTIONS
from absolute_shapes import SHAPES
from mistake_cases import GOOD, editor, mistakes_of


def told(lines: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(f"card.yaml:{line}" for line in lines))


@pytest.mark.parametrize(("old", "new", "line"), SHAPES)
def test_a_wrong_shape_of_an_absolute_card_is_said_where_it_is(
    old: str, new: str, line: str
) -> None:
    assert f"card.yaml:{line}" in mistakes_of(absolute((old, new)))


@pytest.mark.parametrize(("old", "new"), [case[:2] for case in SHAPES])
def test_an_editor_refuses_a_wrong_shape_of_an_absolute_card(old: str, new: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        editor().validate(as_an_editor_reads(absolute((old, new))))


@pytest.mark.parametrize("case", CONTRADICTIONS, ids=lambda case: f"{case[0]} -> {case[1]}")
def test_a_contradiction_of_an_absolute_card_is_said_where_it_is(case: tuple[str, ...]) -> None:
    old, new, *lines = case

    assert tuple(sorted(mistakes_of(absolute((old, new))))) == told(tuple(lines))


def test_a_ratio_inside_observability_is_refused_by_name_kind_and_what_is_allowed() -> None:
    text = absolute(
        ("metrics: {seats: 2, ", "metrics: {"), ("{monitored: 1}", "{monitored: 1, seats: 1}")
    )

    (mistake,) = mistakes_of(text)

    assert mistake.endswith("seats is of kind ratio; observability allows indicator.binary")


def test_a_rule_holds_for_what_lies_deeper_too() -> None:
    rules = next(line for line in ABSOLUTE.splitlines() if "allow:" in line)
    text = absolute((rules, "    allow: [indicator, recency, linear]"))

    (mistake,) = mistakes_of(text)

    assert mistake.endswith(
        "alerts is of kind penalty; technical allows indicator, recency and linear"
    )


def test_a_peer_metric_needs_peer_dimensions() -> None:
    text = GOOD.replace("peer_dimensions: [acct_age]\n", "")

    assert mistakes_of(text) == ("card.yaml:1: peer_dimensions: is empty; at least one is needed",)
    with pytest.raises(jsonschema.ValidationError):
        editor().validate(as_an_editor_reads(text))


def test_two_metrics_that_read_one_column_read_the_same_labels() -> None:
    again = "  again: {kind: tier, input: usage_tier, scores: {high: 1, mid: 2}}\n"
    text = absolute(
        ("  alerts: {kind", f"{again}  alerts: {{kind"),
        ("usage: 1, churn", "usage: 1, again: 1, churn"),
    )

    assert mistakes_of(text) == (
        "card.yaml:19: metrics.again.input: the labels of usage_tier are high and mid here, and"
        " high, low and none for metric usage",
    )


def test_two_metrics_that_name_one_model_give_it_the_same_inputs() -> None:
    again = "  again: {kind: learned_risk, model: m2, inputs: [logins]}\n"
    text = absolute(
        ("components:\n  adoption", f"{again}components:\n  adoption"),
        ("churn: 1", "churn: 1, again: 1"),
    )

    assert mistakes_of(text) == (
        "card.yaml:21: metrics.again.inputs: model m2 has other inputs for metric churn",
    )


def test_all_mistakes_of_an_absolute_card_come_at_once() -> None:
    text = absolute(
        ("weight: 60", "weight: 59"),
        ("Watch: 50", "Watch: 75"),
        ("worst: 5000", "worst: 1000"),
        ("take: count", "take: mean"),
        ("{top: 3}", "{topp: 3}"),
    )

    lines = [int(mistake.split(":")[1]) for mistake in mistakes_of(text)]

    assert lines == [4, 5, 7, 7, 10, 17]
