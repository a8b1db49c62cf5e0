"""Re-issue an artifact with other weights or another scale; the tables stay as they are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from serving.scoring import InvalidInput, Scorer, load_scorer
from serving.scoring.artifact import read_files, write_artifact
from serving.scoring.manifest import from_json
from serving.scoring.peer_tables import PeerTables
from serving.scoring.scorecard import Scorecard
from training.assemble import assemble
from training.definition import Definition, read_definition
from training.model_card import model_card

EVALUATION = "evaluation.json"
CARD = "model_card.md"


def build(scorecard: Path, source: Path | None, out: Path) -> Scorer:
    """Write the artifact of `scorecard` with the tables of the artifact `source`.

    Raises
    ------
    InvalidInput
        If the scorecard needs a fit that `source` does not hold; names what is missing.
    ArtifactError
        If `source` cannot be used or `out` cannot be written.
    """
    definition = read_definition(scorecard)
    if source is None:
        names = ", ".join(definition.metric_names)
        raise InvalidInput(
            f"these metrics are scored among peers and need a fit: {names}; give --from an "
            "artifact that has them, or use `scorecard train`"
        )
    old = load_scorer(source)
    training = old.artifact.manifest["training"]
    resolved = _resolve(definition, old.scorecard, training)
    tables = old.artifact.tables
    kept = PeerTables(
        tables.axes,
        tables.effective_peers,
        {metric.name: tables.metrics[metric.name] for metric in resolved.metrics},
    )
    for_people = _for_people(read_files(source), resolved, training)
    files, manifest = assemble(
        resolved, kept, training=training, for_people=for_people, seed=training["seed"]
    )
    write_artifact(out, files, manifest)
    return load_scorer(out)


def _resolve(definition: Definition, old: Scorecard, training: Mapping[str, Any]) -> Scorecard:
    fitted = {column.name: column for column in old.peer_dimensions}
    wanted = [(column.name, column.type) for column in definition.peer_dimension_inputs]
    if wanted != [(column.name, column.type) for column in old.peer_dimensions]:
        raise InvalidInput(
            f"the tables compare accounts by {', '.join(fitted)}; other peer dimensions need a fit"
        )
    missing = set(definition.metric_names) - set(training["metrics"])
    if missing:
        raise InvalidInput(f"the artifact has no tables for: {', '.join(sorted(missing))}")
    return definition.resolve(
        nonzero_counts={name: fit["positive"] for name, fit in training["metrics"].items()},
        categories={name: column.categories for name, column in fitted.items()},
    )


def _for_people(
    files: Mapping[str, bytes], scorecard: Scorecard, training: Mapping[str, Any]
) -> dict[str, bytes]:
    """Keep what stays true: the tables were not fitted again, so their evaluation holds."""
    kept = {
        name: data
        for name, data in files.items()
        if name == EVALUATION or name.startswith(("plots/", "boosters/"))
    }
    if EVALUATION in kept:
        evaluation = from_json(kept[EVALUATION], EVALUATION)
        names = [metric.name for metric in scorecard.metrics]
        evaluation["metrics"] = {name: evaluation["metrics"][name] for name in names}
        kept[CARD] = model_card(scorecard, training, evaluation).encode()
    return kept
