"""What `scorecard lint` says of a definition: its mistakes, or what it holds and needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from serving.scoring.column import Input
from serving.scoring.errors import InvalidInput, InvalidScorecard
from training.definition.model import Definition
from training.definition.reading import read_definition


def lint_file(path: Path) -> dict[str, Any]:
    """Read a definition and say what is wrong, or what it holds; plain JSON values.

    Returns
    -------
    dict
        ``file`` and ``mistakes``, a list of ``line`` (None where there is none) and ``text``.
        Without mistakes also what `summary` gives.
    """
    try:
        definition = read_definition(path)
    except InvalidScorecard as error:
        return {"file": str(path), "mistakes": [_mistake(path, each) for each in error.mistakes]}
    except InvalidInput as error:
        return {"file": str(path), "mistakes": [{"line": None, "text": str(error)}]}
    return {"file": str(path), "mistakes": [], **summary(definition)}


def summary(definition: Definition) -> dict[str, Any]:
    """Give what a definition holds.

    Returns
    -------
    dict
        ``id``; ``metrics``, name to kind; ``components``, how many there are at any depth;
        ``inputs`` and ``outputs``, in the order of the wire; ``bands``, name to lower bound;
        ``needs``, what must be fitted to accounts, in sentences.
    """
    card = definition.resolve(
        # Weights and labels that only the data can say change neither inputs nor outputs.
        nonzero_counts=dict.fromkeys(definition.weighed_by_data, 1),
        categories={column.name: () for column in definition.peer_dimension_inputs},
    )
    return {
        "id": card.id,
        "metrics": {metric.name: metric.kind for metric in card.metrics},
        "components": len(card.all_components),
        "inputs": [_input(definition, column) for column in card.inputs],
        "outputs": [*card.score_names, "last_modified"],
        "bands": dict(definition.bands or {}),
        "needs": _needs(definition),
    }


def _mistake(path: Path, told: str) -> dict[str, Any]:
    line = told.removeprefix(f"{path}:").partition(":")[0]
    return {"line": int(line), "text": told}


def _input(definition: Definition, column: Input) -> dict[str, Any]:
    event = (definition.events or {}).get(column.name)
    return {
        "name": column.name,
        "type": column.type,
        # Of a peer dimension the data say them.
        "labels": list(column.categories) or None,
        "minimum": column.minimum,
        "event": None if event is None else event.event,
    }


def _needs(definition: Definition) -> list[str]:
    needs = []
    if names := definition.peer_metric_names:
        needs.append(
            f"needs a fit to accounts, for what is compared with peers: {', '.join(names)}"
        )
    needs += [
        f"model {risk.model}: `scorecard train` fits it to renewals.csv; without it {risk.name}"
        " has no score"
        for risk in definition.risks
    ]
    if definition.overlay is not None:
        along = ", ".join(definition.overlay.dimensions)
        needs.append(f"comparison by {along} beside the score: `scorecard train` adds it")
    return needs or ["needs no fit: `scorecard build` makes the artifact"]
