import jsonschema
import pytest
import yaml
from mistake_cases import changed, editor, mistakes_of

# What is replaced in GOOD, by what, the one line of mistake, and why the case is here. All are
# mistakes of shape, so the schema that editors use must refuse them too.
SHAPE = [
    ("id: small\n", "", "1: id: missing; for example `id: 'my-card'`", "a missing key"),
    ("card/v1", "card/v2", "1: schema: must be 'scorecard/v1', not 'scorecard/v2'", "later"),
    (
        "small",
        "a b",
        "2: id: must be letters, digits, dots, hyphens and underscores, not 'a b'",
        "space",
    ),
    (
        "small",
        "7",
        "2: id: must be text, not 7; put it in quotes if it is meant as text",
        "a number",
    ),
    (
        "out_of_10",
        "ten",
        "3: scale.type: must be 'out_of_10' or 'zero_to_100', not 'ten'",
        "unknown",
    ),
    ("step: 1", "step: [1]", "3: scale.step: must be a number, not [1]", "a list for a number"),
    ("step: 1", "steps: 1", "3: scale.steps: unknown key; did you mean step?", "a typo in scale"),
    (
        "[acct_age]",
        "acct_age",
        "4: peer_dimensions: must be a list, not 'acct_age'",
        "one dimension is still a list",
    ),
    ("[acct_age]", "[]", "4: peer_dimensions: is empty; at least one is needed", "no peers"),
    (
        "[acct_age]",
        "[3]",
        "4: peer_dimensions.0: must be a name, or a mapping of keys, not 3",
        "an entry that is neither of the two forms",
    ),
    (
        "[acct_age]",
        "[{name: region, type: text}]",
        "4: peer_dimensions.0.type: must be 'number', 'category' or 'date', not 'text'",
        "an unknown type of column",
    ),
    (
        "bots: {kind: peer}",
        "bots: {kind: peer, higher_is_beter: true}",
        "6: metrics.bots.higher_is_beter: unknown key; did you mean higher_is_better?",
        "a typo in a metric",
    ),
    (
        "bots: {kind: peer}",
        "bots: {kind: rank, over: macro}",
        (
            "6: metrics.bots.kind: must be 'peer', 'ratio', 'growth', 'indicator', 'recency',"
            " 'linear', 'tier', 'penalty' or 'learned_risk', not 'rank'"
        ),
        "an unknown kind says nothing about the keys of that kind",
    ),
    (
        "bots: {kind: peer}",
        "bots: {}",
        "6: metrics.bots.kind: missing; for example `kind: 'peer'`",
        "no kind",
    ),
    (
        "bots: {kind: peer}",
        "bots:",
        "6: metrics.bots: must be a mapping of keys, not nothing",
        "a key without its value",
    ),
    (
        "bots: {kind: peer}",
        "bots: {kind: peer, estimator: {name: gamma}}",
        (
            "6: metrics.bots.estimator.name: must be 'distribution_regression', 'nearest_peers',"
            " 'marginal' or 'parametric', not 'gamma'"
        ),
        "an unknown estimator",
    ),
    (
        "bots: {kind: peer}",
        "bots: {kind: peer, estimator: {name: marginal, lok: 0}}",
        "6: metrics.bots.estimator.lok: unknown key; the keys here are name",
        "nothing near to suggest",
    ),
    (
        "bots: {kind: peer}",
        "bots: {kind: peer, estimator: {family: gamma}}",
        "6: metrics.bots.estimator.name: missing; for example `name: 'nearest_peers'`",
        "an estimator without its name",
    ),
    (
        "bots: {kind: peer}",
        "bots: {kind: peer, estimator: gamma}",
        "6: metrics.bots.estimator: must be a mapping of keys, not 'gamma'",
        "a name for a mapping",
    ),
    (
        "bots: {kind: peer}",
        "bots: {kind: peer, estimator: {name: parametric}}",
        "6: metrics.bots.estimator.family: missing; for example `family: 'gamma'`",
        "a family has no default",
    ),
    (
        "bots: {kind: peer}",
        "bots: {kind: peer, estimator: {name: parametric, family: gama}}",
        (
            "6: metrics.bots.estimator.family: must be 'normal', 'gamma', 'exponential' or 'beta',"
            " not 'gama'"
        ),
        "an unknown family",
    ),
    (
        "bots: {kind: peer}",
        "bots: {kind: peer, estimator: {name: parametric, family: gamma, locc: 0}}",
        "6: metrics.bots.estimator.locc: unknown key; did you mean loc?",
        "what is suggested is that estimator's",
    ),
    (
        "bots: {kind: peer}",
        "bots: {kind: peer, estimator: {name: nearest_peers, family: beta}}",
        "6: metrics.bots.estimator.family: unknown key; the keys here are name",
        "another estimator's key",
    ),
    (
        "bots: {kind: peer}",
        "bots: {kind: peer, estimator: {name: parametric, family: gamma, scale: 0}}",
        "6: metrics.bots.estimator.scale: must be a number above 0, not 0",
        "nothing has no width",
    ),
    (
        "bots: {kind: peer}",
        "bots: {kind: peer, estimator: {name: parametric, family: beta, loc: '0'}}",
        "6: metrics.bots.estimator.loc: must be a number, not '0'; write it without quotes",
        "text is not a number",
    ),
    (
        "bots: {kind: peer}",
        "bots: {kind: peer, higher_is_better: 1}",
        "6: metrics.bots.higher_is_better: must be true or false, not 1",
        "1 is not true",
    ),
    (
        "weight: 1",
        "weight: true",
        (
            "9: components.auto.weight: must be a number, not true"
            " (YAML reads yes, no, on and off as true and false)"
        ),
        "true is not 1",
    ),
    (
        "weight: 1",
        'weight: "1"',
        "9: components.auto.weight: must be a number, not '1'; write it without quotes",
        "text is not a number",
    ),
    ("weight: 1, ", "", "9: components.auto.weight: missing; for example `weight: 1`", "no weight"),
    (
        "weight: 1",
        "weight: -1",
        "9: components.auto.weight: a weight is a number from 0 to 1e+09, not -1",
        "negative",
    ),
    (
        "bots: 1",
        "bots: heavy",
        "9: components.auto.metrics.bots: must be a number, not 'heavy'",
        "text in the mapping form",
    ),
    (
        "{bots: 1, macro: 2}",
        "[bots, macro]",
        (
            "9: components.auto.metrics: a list has no weights; add `weights: nonzero_share`, or"
            " write name: weight"
        ),
        "a list without weights",
    ),
    (
        "macro: 2}",
        "macro: 2}, weights: nonzero_share",
        (
            "9: components.auto.weights: is for a list of metrics; leave it out where metrics have"
            " weights"
        ),
        "weights given twice",
    ),
    (
        "macro: 2}",
        "macro: 2}, color: red",
        (
            "9: components.auto.color: unknown key; the keys here are"
            " weight, metrics, weights, components, label, coverage, allow"
        ),
        "an unknown key",
    ),
]


@pytest.mark.parametrize(("old", "new", "line", "why"), SHAPE)
def test_a_wrong_shape_is_one_line_that_says_where_what_and_what_is_right(
    old: str, new: str, line: str, why: str
) -> None:
    assert mistakes_of(changed(old, new)) == (f"card.yaml:{line}",), why


@pytest.mark.parametrize(("old", "new"), [case[:2] for case in SHAPE])
def test_an_editor_refuses_the_same_wrong_shapes(old: str, new: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        editor().validate(yaml.safe_load(changed(old, new)))
