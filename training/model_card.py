"""The model card: what an artifact is for, how good it is, when not to use it. All from numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serving.scoring.scorecard import Scorecard
from serving.scoring.scorer import FEW_PEERS
from training.fit_report import fit_section
from training.quality_report import quality_section


def model_card(
    scorecard: Scorecard, training: Mapping[str, Any], evaluation: Mapping[str, Any]
) -> str:
    """Write the card as Markdown.

    Parameters
    ----------
    training : mapping
        What the manifest says of the fit.
    evaluation : mapping
        As `training.evaluate.evaluate` gives it. What an older one does not say is left out.
    """
    return "\n".join(
        [
            f"# Model card: {scorecard.id}",
            "",
            *_purpose(scorecard),
            *_data(training, evaluation),
            *quality_section(evaluation),
            *fit_section(scorecard, training),
            *_limits(evaluation),
        ]
    )


def _purpose(scorecard: Scorecard) -> list[str]:
    dimensions = " and ".join(column.name for column in scorecard.peer_dimensions)
    return [
        "Scores how well a customer account uses the product, compared with accounts like it: "
        f"a score is the share of accounts with similar {dimensions} that stand lower, "
        f"put on 0 to {scorecard.scale.maximum:g}.",
        "",
        "For: finding accounts that use less, or more, than their peers. "
        "Not for: judging people, prices or credit; comparing with another vendor's scores; "
        "absolute quality (an account can score well among peers who all do badly).",
        "",
    ]


def _data(training: Mapping[str, Any], evaluation: Mapping[str, Any]) -> list[str]:
    split = training["split"]["accounts"]
    return [
        "## Data",
        "",
        f"{training['accounts']:,} accounts (sha256 of the cleaned table "
        f"`{training['data_sha256'][:16]}…`); {training['refused_rows']:,} rows were refused.",
        f"Fitted on {split['fit'] + split['select']:,}, of which {split['select']:,} chose between "
        f"fits; {split['evaluate']:,} were kept out. "
        f"Evaluated on {evaluation['accounts']:,} ({evaluation['on']}).",
        "",
    ]


def _limits(evaluation: Mapping[str, Any]) -> list[str]:
    flags, accounts = evaluation["flags"], max(evaluation["accounts"], 1)
    return [
        "## Limits",
        "",
        f"- Fewer than {FEW_PEERS:g} effective peers: {flags['few_peers'] / accounts:.1%} of the "
        "evaluated accounts. Their scores rest on neighbours further away. Effective peers are "
        "the inverse of a place's leverage in the fit: the plain share of so many accounts would "
        "be as certain as the score's rank is there.",
        f"- A peer dimension outside the training range: {flags['out_of_range'] / accounts:.1%}. "
        "The nearest edge is used.",
        f"- A peer dimension not known: {flags['peer_dimension_missing'] / accounts:.1%}. "
        "The average over it is used.",
        f"- A metric beyond its bound: {flags['value_clamped'] / accounts:.1%}. "
        "It counts as at the bound.",
        "- Scores say where an account stands, not why, and not what caused it.",
        "",
    ]
