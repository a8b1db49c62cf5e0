"""Which keys may stand where in a definition, with an example of each: what messages suggest."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from training.definition.components import ComponentDefinition
from training.definition.estimators import estimator_examples
from training.definition.kinds import KINDS
from training.definition.model import Definition
from training.definition.parts import (
    CoverageDefinition,
    DimensionDefinition,
    DriversDefinition,
    EventDefinition,
    OverlayDefinition,
    ScaleDefinition,
)
from training.definition.strict import examples

_PARTS: dict[str, type[BaseModel]] = {
    "scale": ScaleDefinition,
    "peer_dimensions": DimensionDefinition,
    "coverage": CoverageDefinition,
    "drivers": DriversDefinition,
    "peers": OverlayDefinition,
    "events": EventDefinition,
}


def examples_at(path: tuple[str | int, ...]) -> dict[str, Any]:
    """Give an example of each key that may stand in a mapping of a definition.

    `path` leads to the mapping as pydantic writes it: with the kind after a metric's name.
    """
    if not path:
        return examples(Definition)
    if path[0] == "components":
        while path[:1] == ("components",):
            path = path[2:]
        return examples(CoverageDefinition if path[:1] == ("coverage",) else ComponentDefinition)
    if path[0] == "metrics":
        return _of_metric(path[2:])
    return examples(_PARTS[str(path[0])]) if path[0] in _PARTS else {}


def _of_metric(path: tuple[str | int, ...]) -> dict[str, Any]:
    kind = str(path[0]) if path else "peer"
    if kind == "peer" and path[1:2] == ("estimator",):
        return estimator_examples(path[2:])
    return examples(KINDS[kind]) if kind in KINDS else {}
