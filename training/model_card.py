"""The model card: what an artifact is for, how good it is, when not to use it. All from numbers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from serving.scoring.scorecard import Scorecard
from serving.scoring.scorer import FEW_PEERS
from training.fit_report import fit_section
from training.markdown_text import picture, plain, table
from training.quality_report import quality_section, summary
from training.risk_report import risk_section
from training.signal_report import counted_section, signal_section


def model_card(
    scorecard: Scorecard,
    training: Mapping[str, Any],
    evaluation: Mapping[str, Any] | None,
    *,
    plots: Collection[str] = (),
) -> str:
    """Write the card as Markdown.

    Parameters
    ----------
    training : mapping
        What the manifest says of the fit. What an older one does not say is left out.
    evaluation : mapping or None
        As `training.evaluate.evaluate` gives it. What an older one does not say is left out. None
        where no account was seen.
    plots : collection of str
        The pictures there are beside the card: file names.
    """
    seen = evaluation or {}
    peers = bool(scorecard.peer_metrics)
    return "\n".join(
        [
            f"# Model card: {plain(scorecard.id)}",
            "",
            *_purpose(scorecard, seen),
            *_data(training, seen),
            *(quality_section(seen, plots) if peers else []),
            *(_sparse(seen, plots) if peers else []),
            *(fit_section(scorecard, training, plots) if peers else []),
            *signal_section(scorecard),
            *counted_section(seen),
            *risk_section(training, seen),
            *_limits(scorecard, training, seen),
        ]
    )


def _purpose(scorecard: Scorecard, evaluation: Mapping[str, Any]) -> list[str]:
    peers, absolute = bool(scorecard.peer_metrics), bool(scorecard.absolute_metrics)
    top = f"0 to {scorecard.scale.maximum:g}"
    if not peers:
        first = [
            f"Scores how well a customer account does, from {top}, by what each of its metrics is "
            "worth. Other accounts change no score."
        ]
    elif not absolute:
        first = [
            "Scores how well a customer account uses the product, compared with accounts like it: "
            f"a score is the share of accounts with similar {_dimensions(scorecard)} that stand "
            f"lower, put on {top}.",
            "",
            summary(evaluation),
        ]
    else:
        first = [
            f"Scores how well a customer account does, from {top}: by the share of accounts with "
            f"similar {_dimensions(scorecard)} that stand lower in some metrics, and by what other "
            "metrics are worth whoever the others are.",
            "",
            summary(evaluation),
        ]
    return [
        *first,
        "",
        "## What it is for",
        "",
        *(
            ["- Finding accounts that use less, or more, of something than their peers do."]
            if peers
            else ["- Finding accounts that need attention, and what would raise their score."]
        ),
        "- Following one account from week to week, as long as the version stays the same.",
        "",
        "## What it is not for",
        "",
        "- Judging people, prices or credit.",
        "- Comparing with another vendor's scores, or with another version's without looking at "
        "what moved.",
        *(
            ["- Absolute quality: an account can score well among peers who all do badly."]
            if peers and not absolute
            else []
        ),
        "- Causes: a score says where an account stands, not why.",
        "",
    ]


def _evaluated(evaluation: Mapping[str, Any]) -> str:
    if not evaluation:
        return ""
    kept_out = evaluation.get("accounts_kept_out")
    some = "" if kept_out is None else " of these, chosen by nothing but their ids"
    return f" Evaluated on {evaluation['accounts']:,}{some} ({plain(evaluation['on'])})."


def _dimensions(scorecard: Scorecard) -> str:
    return " and ".join(plain(column.name) for column in scorecard.peer_dimensions)


def _data(training: Mapping[str, Any], evaluation: Mapping[str, Any]) -> list[str]:
    if not training["accounts"]:
        return ["## Data", "", "No account was seen: all of it is in the definition.", ""]
    split = training["split"]["accounts"]
    lines = [
        "## Data",
        "",
        f"{training['accounts']:,} accounts (sha256 of the cleaned table "
        f"`{training['data_sha256'][:16]}…`); {training['refused_rows']:,} rows were refused.",
    ]
    if newest := training.get("newest"):
        lines.append(f"The newest row is of {plain(newest)}.")
    if date := training.get("scoring_date"):
        lines.append(f"Dates count as days before {plain(date)}.")
    reasons = training.get("refused_for") or {}
    return [
        *lines,
        f"Fitted on {split['fit'] + split['select']:,}, of which {split['select']:,} chose between "
        f"fits; {split['evaluate']:,} were kept out.{_evaluated(evaluation)}",
        "",
        *([] if not reasons else ["Rows were refused for:", ""]),
        *(f"- {plain(reason)}: {rows:,}" for reason, rows in reasons.items()),
        *([""] if reasons else []),
    ]


def _sparse(evaluation: Mapping[str, Any], plots: Collection[str]) -> list[str]:
    sparse = evaluation.get("sparse")
    if not sparse or not sparse["places"]:
        return []
    few, accounts = evaluation["flags"]["few_peers"], max(evaluation["accounts"], 1)
    names = [plain(name) for name in sparse["dimensions"]]
    return [
        "## Where peers are few",
        "",
        f"{few:,} of {evaluation['accounts']:,} accounts ({few / accounts:.1%}) have fewer than "
        f"{FEW_PEERS:g} effective peers. Look twice at scores there. Of the places that "
        f"quarters of the accounts make by {' and '.join(names)}, these have the fewest:",
        "",
        *table(
            [*names, "accounts", "effective peers (median)", f"accounts below {FEW_PEERS:g}"],
            (_place(place, accounts) for place in sparse["places"]),
            left=range(len(names)),
        ),
        "",
        *picture(
            plots,
            "plots/effective_peers.png",
            f"Image of how many accounts inform the scores, by {' and '.join(sparse['dimensions'])}"
            "; the places with the fewest are in the table above",
        ),
    ]


def _place(place: Mapping[str, Any], accounts: int) -> Sequence[str]:
    return [
        *(plain(where) for where in place["where"]),
        f"{place['accounts']:,} ({place['accounts'] / accounts:.1%})",
        f"{place['effective_peers']:,.0f}",
        f"{place['few']:,}",
    ]


def _limits(
    scorecard: Scorecard, training: Mapping[str, Any], evaluation: Mapping[str, Any]
) -> list[str]:
    weightless = [
        name
        for component in scorecard.all_components
        for name, weight in component.metrics.items()
        if weight == 0
    ]
    lines = [
        "## Known limits",
        "",
        *(_peer_limits(scorecard, training, evaluation) if scorecard.peer_metrics else ()),
        *(_ABSOLUTE_LIMITS if scorecard.absolute_metrics else ()),
    ]
    if weightless:
        names = ", ".join(plain(name) for name in weightless)
        lines.append(f"- Scored, but without weight in any component: {names}.")
    return [*lines, ""]


_ABSOLUTE_LIMITS = (
    "- What a value is worth, and each weight, is what the people who wrote the definition think; "
    "nothing here says that accounts with higher scores do better.",
    "- A metric without a score is left out or counted as 0, as the definition says; its status "
    "says why it has none.",
)


def _peer_limits(
    scorecard: Scorecard, training: Mapping[str, Any], evaluation: Mapping[str, Any]
) -> list[str]:
    flags, accounts = evaluation["flags"], max(evaluation["accounts"], 1)
    return [
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
        f"- Accounts that differ in more than {_dimensions(scorecard)} count as alike.",
        "- Intervals of scores say what the number of peers leaves open, not what the fit may have "
        "wrong.",
        f"- Peers are those of {plain(training.get('newest') or 'the training data')}: as accounts "
        "change, ranks drift until it is trained again.",
    ]
