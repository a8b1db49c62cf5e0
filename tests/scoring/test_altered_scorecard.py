import json
from pathlib import Path
from typing import Any

import pytest
from builders import make_parts, make_tree, write_tree

from serving.scoring import (
    ArtifactCorrupt,
    load_scorer,
)
from serving.scoring.manifest import MANIFEST

PARTS = make_parts()


def on_card(path: str, value: Any) -> dict[str, Any]:
    """The card with another value at `path`; ABSENT takes it out."""
    card = make_tree()
    *way, last = path.split("/")
    branch = card
    for key in way:
        branch = branch[key]
    if value is ABSENT:
        del branch[last]
    else:
        branch[last] = value
    return card


ABSENT = object()


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        *((key, ABSENT, f"no {key}") for key in make_tree() if key not in ("schema", "id")),
        ("scale", "out_of_10", "a scale without a step"),
        ("scale/type", "out_of_12", "no such scale"),
        ("scale/type", [], "no scale at all"),
        ("scale/step", "1", "a step that is text"),
        ("scale/step", True, "a step that is a yes"),
        ("scale/step", 0, "a step of nothing"),
        ("missing", "ignore", "no such policy"),
        ("missing", None, "no policy"),
        ("peer_dimensions", "age", "no list"),
        ("peer_dimensions", ["age"], "a list for people, not resolved"),
        ("peer_dimensions", [{"name": "age", "type": "integer"}], "no such type"),
        ("peer_dimensions", [{"name": 3, "type": "number"}], "no name"),
        ("metrics", ["bots", "rate", "price"], "no mapping"),
        ("metrics/bots", None, "no metric"),
        ("metrics/bots/lower", "0", "a bound that is text"),
        ("metrics/bots/lower", True, "a bound that is a yes"),
        ("metrics/bots/upper", [9], "a bound that is a list"),
        ("metrics/bots/ties", "random", "no such rule"),
        ("metrics/bots/ties", [], "no rule"),
        ("metrics/bots/higher_is_better", "no", "text is true"),
        ("metrics/bots/higher_is_better", 0, "a number"),
        ("metrics/bots/kind", "ratio", "a kind this program does not know"),
        ("metrics/bots/mystery", 1, "something it does not know"),
        ("components", [], "no mapping"),
        ("components/use", None, "no component"),
        ("components/use/weight", "2", "a weight that is text"),
        ("components/use/weight", None, "no weight"),
        ("components/use/weight", ABSENT, "no weight"),
        ("components/use/weight", True, "a weight that is a yes"),
        ("components/use/weight", "heavy", "no number"),
        ("components/use/metrics/bots", "1", "a metric's weight that is text"),
        ("components/use/metrics/bots", [1], "a metric's weight that is a list"),
        ("components/use/metrics", ["bots", "rate"], "weights that are not resolved"),
        ("components/use/components", [], "no mapping"),
    ],
)
def test_a_scorecard_of_another_shape_is_refused(
    path: str, value: Any, why: str, tmp_path: Path
) -> None:
    folder = PARTS.with_manifest(scorecard=on_card(path, value)).write(tmp_path / "model")

    with pytest.raises(ArtifactCorrupt) as caught:
        load_scorer(folder)

    assert "golden" not in str(caught.value), why


@pytest.mark.parametrize(
    ("categories", "why"),
    [
        ("EU", "text is no list of its letters"),
        (["EU", "EU"], "one stands twice"),
        (["EU", 2], "not a name"),
        ([["EU"], ["US"]], "no names"),
        ({"EU": 0, "US": 1}, "no list"),
    ],
)
def test_categories_that_are_no_list_of_names_are_refused(
    categories: Any, why: str, tmp_path: Path
) -> None:
    parts = PARTS.with_manifest()
    parts.manifest["scorecard"]["peer_dimensions"][2]["categories"] = categories
    parts.manifest["inputs"][4]["categories"] = categories

    with pytest.raises(ArtifactCorrupt) as caught:
        load_scorer(parts.write(tmp_path / "model"))

    assert "peer_dimensions.2.categories is missing or of another type" in str(caught.value), why


@pytest.mark.parametrize("depth", [50, 150, 300, 450])
def test_components_nested_beyond_measure_are_refused(depth: int, tmp_path: Path) -> None:
    nested = '{"weight": 1, "metrics": {"bots": 1, "rate": 1, "price": 1}}'
    for level in range(depth):
        nested = f'{{"weight": 1, "components": {{"c{level}": {nested}}}}}'
    manifest = json.dumps(PARTS.manifest | {"scorecard": make_tree(components="HERE")})
    data = manifest.replace('"HERE"', f'{{"top": {nested}}}').encode()
    folder = write_tree(tmp_path / "model", PARTS.all_files | {MANIFEST: data})

    with pytest.raises(ArtifactCorrupt):
        load_scorer(folder)
