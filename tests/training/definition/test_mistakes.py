from pathlib import Path

import pytest
from mistake_cases import GOOD, changed, mistakes_of

from serving.scoring.errors import InvalidInput, InvalidScorecard
from training.definition import (
    read_definition,
)

CONTRADICTIONS = [
    ("step: 1", "step: 3", "3: scale.step: 3 does not divide 10 into equal steps"),
    ("step: 1", "step: 0", "3: scale.step: 0 is not a step: give one from 1e-06 to 10, or none"),
    ("[acct_age]", "[acct_age, acct_age]", "4: peer_dimensions.1: acct_age is listed twice"),
    (
        "[acct_age]",
        "[bots]",
        "6: metrics.bots: bots is a peer dimension too; it can be only one",
    ),
    (
        "bots: {kind: peer}",
        "bots: {kind: peer, lower: 5, upper: 5}",
        "6: metrics.bots.lower: lower (5) must be below upper (5)",
    ),
    (
        "bots: {kind: peer}",
        "bots: {kind: peer, upper: .inf}",
        (
            "6: metrics.bots.upper: inf is not a finite number; leave the bound out where there is"
            " none"
        ),
    ),
    ("bots: 1, ", "", "6: metrics.bots: bots is in no component"),
    (
        "bots: 1",
        "bots: 1, zeal: 1",
        "9: components.auto.metrics.zeal: zeal is not declared under `metrics`",
    ),
    (
        "bots: 1, macro: 2",
        "bots: 0, macro: 0",
        "9: components.auto: every weight is 0, so it could never have a score",
    ),
    ("weight: 1", "weight: 0", "8: components: every weight is 0, so it could never have a score"),
    (
        "bots: 1",
        "bots: .nan",
        "9: components.auto.metrics.bots: a weight is a number from 0 to 1e+09, not nan",
    ),
    (
        "weight: 1",
        "weight: .inf",
        "9: components.auto.weight: a weight is a number from 0 to 1e+09, not inf",
    ),
    (
        "macro: 2}}",
        "macro: 2}}\n  more: {weight: 1, metrics: {bots: 1}}",
        "10: components.more.metrics.bots: bots is in component auto already; it has one parent",
    ),
    (
        "macro: 2}}",
        "macro: 2}}\n  more: {weight: 1, metrics: {}}",
        "10: components.more: has neither metrics nor components",
    ),
]


@pytest.mark.parametrize(("old", "new", "line"), CONTRADICTIONS)
def test_a_contradiction_is_one_line_at_the_key_that_causes_it(
    old: str, new: str, line: str
) -> None:
    assert mistakes_of(changed(old, new)) == (f"card.yaml:{line}",)


WRITING = [
    (
        "small",
        "small\n\tx: 1",
        (
            "3: scorecard: not valid YAML: found character '\\t' that cannot"
            " start any token; indent with spaces, not tabs"
        ),
        "a tab",
    ),
    ("small", "'small", "10: scorecard: not valid YAML: found unexpected end of stream", "a quote"),
    ("small", "*nowhere", "2: scorecard: not valid YAML: found undefined alias 'nowhere'", "alias"),
    (
        "id: small",
        "id: small\n---",
        "3: scorecard: not valid YAML: but found another document",
        "two documents",
    ),
    ("small", "sm\x07all", "2: scorecard: holds a character that YAML does not allow", "a bell"),
    (
        "small",
        "!!python/name:os.system x",
        "2: id: the tag tag:yaml.org,2002:python/name:os.system is not allowed here",
        "no tag runs anything",
    ),
    (
        "id: small",
        "id: small\nid: other",
        "3: id: given twice; it stands on line 2 already",
        "twice",
    ),
    (
        "bots: 1,",
        "bots: 1, bots: 2,",
        "9: components.auto.metrics.bots: given twice; it stands on line 9 already",
        "the same value or not",
    ),
    (
        "bots: 1,",
        "bots: 1, on: 2,",
        (
            "9: components.auto.metrics.on: YAML reads the key 'on' as true"
            " or false, not as a name; rename it"
        ),
        "a key that YAML reads as true",
    ),
    (
        "bots: 1,",
        "bots: 1, 1: 2,",
        (
            "9: components.auto.metrics.1: YAML reads the key '1' as a"
            " number, not as a name; rename it"
        ),
        "said once, though 1 is no name and undeclared too",
    ),
    (
        "bots: 1,",
        "bots: 1, [a]: 2,",
        "9: components.auto.metrics.?: YAML reads the key '?' as seq, not as a name; rename it",
        "a list as a key",
    ),
    (
        "bots: 1",
        "bots: 010",
        "9: components.auto.metrics.bots: '010' is not a plain number; write one such as 8 or 0.5",
        "8, in YAML 1.1",
    ),
    (
        "bots: 1",
        "bots: 1:30",
        "9: components.auto.metrics.bots: '1:30' is not a plain number; write one such as 8 or 0.5",
        "90, in YAML 1.1",
    ),
    (
        "bots: 1",
        "bots: 1_0",
        "9: components.auto.metrics.bots: '1_0' is not a plain number; write one such as 8 or 0.5",
        "10, in YAML 1.1",
    ),
    (
        "bots: 1",
        "bots: yes",
        (
            "9: components.auto.metrics.bots: must be a number, not true (YAML"
            " reads yes, no, on and off as true and false)"
        ),
        "true, in YAML 1.1",
    ),
    (
        "{bots: 1",
        "{<<: 3, bots: 1",
        "9: components.auto.metrics.<<: merges only mappings, such as `<<: *name`",
        "a merge of a number",
    ),
]


@pytest.mark.parametrize(("old", "new", "line", "why"), WRITING)
def test_the_traps_of_yaml_are_said_plainly(old: str, new: str, line: str, why: str) -> None:
    assert mistakes_of(changed(old, new)) == (f"card.yaml:{line}",), why


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("", "1: scorecard: the file is empty; begin with `schema: scorecard/v1`", "empty"),
        (
            "# soon\n",
            "1: scorecard: the file is empty; begin with `schema: scorecard/v1`",
            "no more than a comment",
        ),
        ("- a\n", "1: scorecard: must be a mapping of keys, not ['a']", "a list"),
        ("hello", "1: scorecard: must be a mapping of keys, not 'hello'", "text"),
        (
            "a: " + "x" * 1_000_001,
            "1: scorecard: larger than 1000000 bytes, which no definition needs",
            "too large",
        ),
        ("[" * 5000, "1: scorecard: nested more than 50 deep", "would end Python's stack"),
        ("a: &a [*a]", "1: scorecard: nested more than 50 deep", "an alias within itself"),
        ("a: &a {<<: *a}", "1: scorecard: nested more than 50 deep", "a merge of itself"),
        (
            "a: [" + "1, " * 10_001 + "1]",
            "1: scorecard: more than 10000 values, aliases counted each time",
            "many values",
        ),
    ],
)
def test_what_is_no_definition_at_all_is_refused(text: str, line: str, why: str) -> None:
    assert mistakes_of(text) == (f"card.yaml:{line}",), why


@pytest.mark.parametrize("form", ["l{0}: &l{0} [{1}]", "l{0}: &l{0} {{k{0}: 1, <<: [{1}]}}"])
def test_aliases_that_multiply_are_refused_quickly(form: str) -> None:
    first = form.format(0, "").replace("<<: []", "x: 1")
    levels = [form.format(at, ", ".join([f"*l{at - 1}"] * 9)) for at in range(1, 12)]

    mistakes = mistakes_of("\n".join([first, *levels]))

    assert len(mistakes) == 1
    assert mistakes[0].endswith("more than 10000 values, aliases counted each time")


def test_all_mistakes_of_all_kinds_come_at_once_in_the_order_of_the_file() -> None:
    text = """\
schema: scorecard/v1
id: small
id: small
scale: {type: out_of_10, step: 3}
peer_dimensions: [acct_age]
metrics:
  bots: {kind: peer, higher_is_beter: true}
  macro: {kind: peer, lower: 2, upper: 1}
components:
  auto: {weight: yes, metrics: {bots: 1, macro: 0x10, zeal: 2}}
"""

    assert [mistake.split(": ")[:2] for mistake in mistakes_of(text)] == [
        ["card.yaml:3", "id"],
        ["card.yaml:4", "scale.step"],
        ["card.yaml:7", "metrics.bots.higher_is_beter"],
        ["card.yaml:8", "metrics.macro.lower"],
        ["card.yaml:10", "components.auto.weight"],
        ["card.yaml:10", "components.auto.metrics.macro"],
        ["card.yaml:10", "components.auto.metrics.zeal"],
    ]


def test_a_missing_section_is_one_mistake_and_not_one_for_each_name() -> None:
    without_components = GOOD[: GOOD.index("components")]
    without_metrics = GOOD[: GOOD.index("metrics")] + GOOD[GOOD.index("components") :]

    assert len(mistakes_of(without_components)) == 1
    assert len(mistakes_of(without_metrics)) == 1


def test_a_mistake_read_through_two_aliases_is_told_once() -> None:
    text = changed("bots: {kind: peer}", "bots: &m {kind: peer, tie: mid}").replace(
        "macro: {kind: peer}", "macro: *m"
    )

    assert mistakes_of(text) == ("card.yaml:6: metrics.bots.tie: unknown key; did you mean ties?",)


def test_every_mistake_is_one_line_whatever_the_key() -> None:
    assert all("\n" not in mistake for mistake in mistakes_of(changed("bots: 1", '"a\\nb": 1')))


def test_a_mistake_in_a_nested_component_has_its_whole_path() -> None:
    text = changed(
        "macro: 2}}", "macro: 2},\n    components: {deep: {weight: 1,\n      metricz: {}}}}"
    )

    assert mistakes_of(text) == (
        "card.yaml:10: components.auto.components.deep: has neither metrics nor components",
        "card.yaml:11: components.auto.components.deep.metricz: unknown key; did you mean metrics?",
    )


def test_a_file_that_is_not_there_is_invalid_input(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"nowhere\.yaml: No such file"):
        read_definition(tmp_path / "nowhere.yaml")


def test_a_folder_is_invalid_input(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="Is a directory"):
        read_definition(tmp_path)


@pytest.mark.parametrize(
    ("raw", "ending"),
    [
        (b"a: 1\nb: \xff\n", ":2: scorecard: the text is not UTF-8"),
        (b"x" * 1_000_001, ":1: scorecard: larger than 1000000 bytes, which no definition needs"),
    ],
)
def test_a_file_that_is_no_text_is_refused_with_its_name(
    tmp_path: Path, raw: bytes, ending: str
) -> None:
    path = tmp_path / "card.yaml"
    path.write_bytes(raw)

    with pytest.raises(InvalidScorecard) as caught:
        read_definition(path)

    assert caught.value.mistakes == (f"{path}{ending}",)
