import json
from pathlib import Path
from typing import get_args

import jsonschema
import pytest
import yaml
from mistake_cases import GOOD, changed, editor, mistakes_of, read

from serving.scoring.column import Input
from serving.scoring.errors import InvalidScorecard
from training.definition import (
    EstimatorOptions,
    default_scorecard,
    definition_schema,
    read_definition,
)
from training.definition.estimators import ParametricDefinition
from training.peer_models.families import FAMILIES


def tree_of(text: str) -> dict[str, object]:
    counts = {"bots": 30, "macro": 10}
    return dict(read(text).resolve(nonzero_counts=counts, categories={"region": ["EU", "US"]}).tree)


# Two ways to write one definition.
SAME = [
    ("id: small", "id: 'small'", "quotes"),
    ("scale: {type: out_of_10, step: 1}", "scale: {step: 1.0, type: out_of_10}", "order in scale"),
    ("step: 1", "step: 1e0", "YAML 1.1 has no 1e0, editors do"),
    ("[acct_age]", "[{name: acct_age}]", "both forms of a dimension"),
    ("[acct_age]", "[{type: number, name: acct_age}]", "a default that is said"),
    ("id: small", "missing: skip\nid: small", "a default that is said, and order"),
    ("bots: {kind: peer}", "bots: {ties: bounds, kind: peer, lower: }", "defaults of a metric"),
    ("bots: {kind: peer}", "bots: {kind: peer, estimator: {name: marginal}}", "training's matter"),
    ("{bots: 1, macro: 2}", "{<<: {bots: 1, macro: 5}, macro: 2}", "merge keys; the own key wins"),
]


@pytest.mark.parametrize(("old", "new", "why"), SAME)
def test_two_spellings_of_one_definition_resolve_to_the_same_bytes(
    old: str, new: str, why: str
) -> None:
    assert json.dumps(tree_of(changed(old, new))) == json.dumps(tree_of(GOOD)), why


def test_a_bound_of_minus_zero_is_zero() -> None:
    zero = tree_of(changed("bots: {kind: peer}", "bots: {kind: peer, lower: 0}"))
    minus = tree_of(changed("bots: {kind: peer}", "bots: {kind: peer, lower: -0.0}"))

    assert json.dumps(zero) == json.dumps(minus)


def test_the_resolved_tree_says_every_key() -> None:
    assert tree_of(changed("[acct_age]", "[acct_age, {name: region, type: category}]")) == {
        "schema": "scorecard/v1",
        "id": "small",
        "scale": {"type": "out_of_10", "step": 1.0},
        "missing": "skip",
        "peer_dimensions": [
            {"name": "acct_age", "type": "number"},
            {"name": "region", "type": "category", "categories": ["EU", "US"]},
        ],
        "metrics": {
            name: {
                "kind": "peer",
                "lower": None,
                "upper": None,
                "ties": "bounds",
                "higher_is_better": True,
            }
            for name in ("bots", "macro")
        },
        "components": {"auto": {"weight": 1.0, "metrics": {"bots": 1.0, "macro": 2.0}}},
    }


LEARNED = changed("metrics: {bots: 1, macro: 2}", "metrics: [bots, macro], weights: nonzero_share")


def test_weights_can_be_the_shares_of_the_nonzero_values() -> None:
    scorecard = read(LEARNED).resolve(nonzero_counts={"bots": 30, "macro": 10}, categories={})

    assert scorecard.components[0].metrics == {"bots": 0.75, "macro": 0.25}


def test_shares_of_nothing_but_zeros_are_refused() -> None:
    with pytest.raises(InvalidScorecard, match=r"components\.auto\.metrics: every training value"):
        read(LEARNED).resolve(nonzero_counts={"bots": 0, "macro": 0}, categories={})


def test_components_nest() -> None:
    text = changed(
        "{weight: 1, metrics: {bots: 1, macro: 2}}",
        "{weight: 1, metrics: {bots: 1}, components: {deep: {weight: 2, metrics: {macro: 1}}}}",
    )

    scorecard = read(text).resolve(nonzero_counts={}, categories={})

    assert [node.name for node in scorecard.all_components] == ["deep", "auto"]
    editor().validate(yaml.safe_load(text))


def test_a_definition_says_which_columns_it_needs() -> None:
    definition = read(
        changed("[acct_age]", "[{name: signed_on, type: date}, {name: region, type: category}]")
    )

    assert definition.metric_names == ("bots", "macro")
    assert definition.peer_dimension_inputs == (
        Input("signed_on", "date"),
        Input("region", "category"),
    )
    assert definition.columns() == (
        *definition.peer_dimension_inputs,
        Input("bots"),
        Input("macro"),
    )


@pytest.mark.parametrize(
    ("written", "options"),
    [
        ("{name: distribution_regression}", EstimatorOptions("distribution_regression")),
        ("{name: nearest_peers}", EstimatorOptions("nearest_peers")),
        ("{name: marginal}", EstimatorOptions("marginal")),
        ("{name: parametric, family: normal}", EstimatorOptions("parametric", "normal")),
        (
            "{name: parametric, family: gamma, loc: -0.0, scale: 2}",
            EstimatorOptions("parametric", "gamma", loc=0.0, scale=2.0),
        ),
    ],
)
def test_a_metric_may_ask_for_an_estimator(written: str, options: EstimatorOptions) -> None:
    text = changed("bots: {kind: peer}", f"bots: {{kind: peer, estimator: {written}}}")

    definition = read(text)

    assert repr(definition.estimator("bots")) == repr(options)
    assert definition.estimator("macro") is None
    editor().validate(yaml.safe_load(text))


def test_a_fixed_location_is_a_finite_number() -> None:
    text = changed(
        "bots: {kind: peer}",
        "bots: {kind: peer, estimator: {name: parametric, family: gamma, loc: .inf}}",
    )

    assert mistakes_of(text) == (
        "card.yaml:6: metrics.bots.estimator.loc: must be a finite number, not inf",
    )


def test_a_metric_called_estimator_is_a_metric() -> None:
    text = changed("bots: {kind: peer}", "estimator: {kind: peer, tie: mid}").replace(
        "{bots: 1", "{estimator: 1"
    )

    assert mistakes_of(text) == (
        "card.yaml:6: metrics.estimator.tie: unknown key; did you mean ties?",
    )


def test_every_family_that_can_be_asked_for_can_be_fitted() -> None:
    families = ParametricDefinition.model_fields["family"].annotation

    assert get_args(families) == FAMILIES


def test_the_default_scorecard_reads_and_satisfies_its_schema() -> None:
    path = default_scorecard()

    definition = read_definition(path)

    assert definition.id == "service-cloud-mini"
    assert len(definition.columns()) == 15
    editor().validate(yaml.safe_load(path.read_text("utf-8")))


def test_the_schema_allows_both_forms_of_a_components_metrics() -> None:
    for text in (GOOD, LEARNED):
        editor().validate(yaml.safe_load(text))


def test_the_stored_schema_is_up_to_date() -> None:
    stored = Path(__file__).parents[3] / "data" / "scorecards" / "scorecard.schema.json"

    assert stored.read_text("utf-8") == json.dumps(definition_schema(), indent=2) + "\n", (
        "run: scorecard lint --write-schema data/scorecards/scorecard.schema.json"
    )


def test_the_schema_is_a_schema_and_explains_every_key() -> None:
    schema = definition_schema()

    jsonschema.Draft202012Validator.check_schema(schema)
    assert "$id" not in schema
    for part in (schema, *schema["$defs"].values()):
        for key, said in part["properties"].items():
            assert said.get("description"), f"{part['title']}.{key}"


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"\xef\xbb\xbf" + GOOD.encode(), "a byte order mark"),
        (GOOD.replace("\n", "\r\n").encode(), "line ends of Windows"),
    ],
)
def test_what_editors_add_to_a_file_is_read(tmp_path: Path, raw: bytes, why: str) -> None:
    path = tmp_path / "card.yaml"
    path.write_bytes(raw)

    assert read_definition(path) == read(GOOD), why
