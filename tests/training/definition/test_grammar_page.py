"""data/README.md says of every key of a definition what the grammar says of it."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from pydantic.fields import FieldInfo

from serving.scoring.absolute import AROUND
from serving.scoring.bands import band_places
from serving.scoring.signals.signal import Status
from training.build import build
from training.definition.components import ComponentDefinition
from training.definition.kinds import KINDS
from training.definition.model import Definition
from training.definition.parts import EventDefinition, OverlayDefinition, ScaleDefinition

DATA = Path(__file__).parents[3] / "data"
SAMPLE = DATA / "sample"
PAGE = (DATA / "README.md").read_text()
CARDS = re.findall(r"```yaml\n(schema:.*?)```", PAGE, re.DOTALL)

OWN = [
    (kind, name, field)
    for kind, model in KINDS.items()
    for name, field in model.model_fields.items()
    if name not in ("kind", *AROUND)
]
PARTS = [
    (part, field.alias or name, field)
    for part, model in {
        "the file": Definition,
        "a component": ComponentDefinition,
        "`scale`": ScaleDefinition,
        "`peers`": OverlayDefinition,
        "an event": EventDefinition,
        "any absolute metric": KINDS["ratio"],
    }.items()
    for name, field in model.model_fields.items()
    if model is not KINDS["ratio"] or name in AROUND
]


def written(value):
    """Give a value as people write it."""
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=1000)
    return text.removesuffix("...\n").strip()


def default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    # An empty mapping or list, too, is nothing that anybody would write.
    given = field.get_default(call_default_factory=True)
    return "-" if given in (None, {}, [], ()) else f"`{written(given).removesuffix('.0')}`"


def row(where: str, key: str, field: FieldInfo) -> str:
    example = f"`{written(field.examples[0])}`" if field.examples else "-"
    says = " ".join(field.description.split())
    return f"| {where} | `{key}` | {example} | {default(field)} | {says} |"


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_documented(kind):
    assert f"| `{kind}` | {KINDS[kind].__doc__} |" in PAGE


@pytest.mark.parametrize(("kind", "key", "field"), OWN, ids=lambda each: str(each)[:20])
def test_a_key_of_a_kind_is_documented(kind, key, field):
    assert row(f"`{kind}`", key, field) in PAGE


@pytest.mark.parametrize(("part", "key", "field"), PARTS, ids=lambda each: str(each)[:20])
def test_a_key_of_a_definition_is_documented(part, key, field):
    assert row(part, key, field) in PAGE


@pytest.mark.parametrize("status", Status, ids=lambda status: status.name)
def test_a_status_is_documented(status):
    assert f"`{status.name.lower()}`" in PAGE


def test_the_ten_lines_shown_score_the_sample(tmp_path):
    (shown,) = CARDS
    (tmp_path / "my_card.yaml").write_text(shown)

    scorer = build(tmp_path / "my_card.yaml", None, tmp_path / "mine")
    accounts = pd.read_csv(SAMPLE / "product_metrics.csv").merge(
        pd.read_csv(SAMPLE / "usage_metrics.csv"), on="acct_id"
    )
    scores = scorer.score(scorer.encode(accounts)).values[:, -1]

    assert len(shown.splitlines()) == 10
    assert np.isfinite(scores).mean() > 0.95
    assert {0, 1} == set(band_places(scores[np.isfinite(scores)], scorer.scorecard.bands))
