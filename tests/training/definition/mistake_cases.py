"""A good definition, and what is said of it when something in it is changed."""

from functools import cache

import jsonschema
import pytest

from serving.scoring.errors import InvalidScorecard
from training.definition import (
    Definition,
    definition_schema,
    parse_definition,
)

GOOD = """\
schema: scorecard/v1
id: small
scale: {type: out_of_10, step: 1}
peer_dimensions: [acct_age]
metrics:
  bots: {kind: peer}
  macro: {kind: peer}
components:
  auto: {weight: 1, metrics: {bots: 1, macro: 2}}
"""


@cache
def editor() -> jsonschema.Draft202012Validator:
    """What an editor checks a definition with; made once, for making it takes half a second."""
    return jsonschema.Draft202012Validator(definition_schema())


def read(text: str) -> Definition:
    return parse_definition(text, source="card.yaml")


def mistakes_of(text: str) -> tuple[str, ...]:
    with pytest.raises(InvalidScorecard) as caught:
        read(text)
    return caught.value.mistakes


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) == 1
    return GOOD.replace(old, new)
