"""Make an artifact of a definition without accounts: from it alone, or with what is fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from serving.scoring import InvalidInput, Scorer, load_scorer
from serving.scoring.artifact import read_files
from serving.scoring.column import Input
from serving.scoring.manifest import from_json, to_json
from serving.scoring.risk_trees import BoostedRisk
from serving.scoring.scorecard import Scorecard
from serving.scoring.stored_overlay import OVERLAY
from training.artifact_place import check_place, write_whole
from training.assemble import assemble
from training.cards import EVALUATION, PLOTS, write_cards
from training.definition import Definition, EstimatorOptions, read_definition
from training.fitted import Fitted
from training.provenance import of_nobody
from training.status_counts import COUNTED

#: The parts of a stored definition that change no score.
_SHOWN_ONLY = ("bands", "drivers", "id", "peers", "weights_total")


class NeedsFit(InvalidInput):
    """The scorecard asks for what only `train` can make."""


class Draft(NamedTuple):
    """A scorecard with what it scores with, not written yet.

    Attributes
    ----------
    training : mapping
        What the manifest will say of the fit.
    kept : mapping of str to bytes
        Files for people that stay true.
    """

    scorecard: Scorecard
    fitted: Fitted
    training: Mapping[str, Any]
    kept: Mapping[str, bytes]

    def scorer(self) -> Scorer:
        """Give what scores as the artifact will."""
        return self.fitted.scorer(self.scorecard)


def build(scorecard: Path, source: Path | None, out: Path) -> Scorer:
    """Write the artifact of `scorecard`, with what is fitted in the artifact `source`.

    Raises
    ------
    NeedsFit
        If the scorecard needs a fit that `source` does not hold; names what is missing.
    ArtifactError
        If `source` cannot be used or `out` cannot be written.
    """
    check_place(out)
    made = draft(read_definition(scorecard), source)
    files, manifest = assemble(
        made.scorecard,
        made.fitted,
        training=made.training,
        for_people=_for_people(made),
        seed=made.training["seed"],
    )
    write_whole(out, files, manifest)
    return load_scorer(out)


def draft(definition: Definition, source: Path | None) -> Draft:
    """Put a definition together with what is fitted in the artifact `source`.

    Kept are the tables of peer metrics, the classifiers of the same name and inputs, and the
    overlay as long as nothing that makes a score is another.

    Raises
    ------
    NeedsFit
        As `build`.
    ArtifactError
        If `source` cannot be used.
    """
    if source is None:
        if definition.peer_metric_names:
            raise NeedsFit(
                "these metrics are scored among peers and need a fit: "
                f"{', '.join(definition.peer_metric_names)}; give --from an artifact that has "
                "them, or use `scorecard train`"
            )
        return Draft(_resolve(definition, {}, ()), Fitted(), of_nobody(), {})
    old = load_scorer(source)
    training = old.artifact.manifest["training"]
    if definition.peer_metric_names:
        _check_fitted(definition, old, training)
    resolved = _resolve(definition, training["metrics"], old.scorecard.peer_dimensions)
    alike = _scores_alike(resolved, old.scorecard)
    files = read_files(source)
    names = [metric.name for metric in resolved.peer_metrics]
    fitted = Fitted(
        tables=old.peers.only(names) if names else None,
        risks=_risks(resolved, old),
        overlay=files.get(OVERLAY) if alike and resolved.overlay is not None else None,
    )
    if not fitted.files():
        return Draft(resolved, fitted, of_nobody(), {})
    return Draft(resolved, fitted, training, _kept(files, alike=alike))


def lacking(scorer: Scorer) -> list[str]:
    """Say what a definition asks for and its artifact does not hold: sentences for people."""
    models, card = scorer.artifact.models, scorer.scorecard
    told = [
        f"{risk.name} has no score (model_missing): there is no model {risk.model}; "
        "`scorecard train` fits one to renewals.csv"
        for risk in card.risks
        if risk.model not in models
    ]
    if card.overlay is not None and OVERLAY not in scorer.artifact.manifest["files"]:
        told.append(
            "scores are not compared with accounts of similar size (`peers`): that needs accounts "
            "scored by this very definition; `scorecard train` has them"
        )
    return told


def nonzero_counts(descriptions: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """Give, by metric, how many training values are not 0, from what was said of its fit."""
    return {name: fit["accounts"] - fit["zeros"] for name, fit in descriptions.items()}


def _resolve(
    definition: Definition,
    descriptions: Mapping[str, Mapping[str, Any]],
    dimensions: Sequence[Input],
) -> Scorecard:
    fitted = {column.name: column.categories for column in dimensions}
    unknown = [
        column.name
        for column in definition.peer_dimension_inputs
        if column.type == "category" and not fitted.get(column.name)
    ]
    if unknown:
        raise NeedsFit(f"which categories {', '.join(unknown)} has only `scorecard train` can see")
    return definition.resolve(nonzero_counts=nonzero_counts(descriptions), categories=fitted)


def _check_fitted(definition: Definition, old: Scorer, training: Mapping[str, Any]) -> None:
    """Check that an artifact has the tables that a definition asks for; raises NeedsFit."""
    names = definition.peer_metric_names
    if not old.scorecard.peer_metrics:
        raise NeedsFit(f"the artifact has no tables for: {', '.join(names)}")
    fitted = [(column.name, column.type) for column in old.scorecard.peer_dimensions]
    wanted = [(column.name, column.type) for column in definition.peer_dimension_inputs]
    if wanted != fitted:
        raise NeedsFit(
            f"the tables compare accounts by {', '.join(name for name, _ in fitted)}; other peer "
            "dimensions need a fit"
        )
    if missing := sorted(set(names) - set(old.peers.metrics)):
        raise NeedsFit(f"the artifact has no tables for: {', '.join(missing)}")
    otherwise = [
        name
        for name in names
        if not _as_asked(training["metrics"][name], definition.estimator(name))
    ]
    if otherwise:
        raise NeedsFit(f"fitted with another estimator than asked for: {', '.join(otherwise)}")


def _as_asked(fitted: Mapping[str, Any], asked: EstimatorOptions | None) -> bool:
    """Say whether a fit is what a definition asks for; any estimator may fall back on marginal."""
    if asked is None or fitted["estimator"] == "marginal":
        return True
    wanted = {
        "estimator": asked.name,
        "family": asked.family,
        "loc": asked.loc,
        "scale": asked.scale,
    }
    return all(fitted.get(key) == value for key, value in wanted.items() if value is not None)


def _risks(scorecard: Scorecard, old: Scorer) -> dict[str, BoostedRisk]:
    """Keep the classifiers that the definition asks for, by name and by inputs."""
    kept = {}
    for risk in scorecard.risks:
        model = old.artifact.models.get(risk.model)
        if isinstance(model, BoostedRisk) and tuple(model.inputs) == risk.columns:
            kept[risk.model] = model
    return kept


def _scores_alike(new: Scorecard, old: Scorecard) -> bool:
    """Say whether two definitions give the same scores: so an overlay of one is the other's."""
    trees = [
        {key: part for key, part in card.tree.items() if key not in _SHOWN_ONLY}
        for card in (new, old)
    ]
    return trees[0] == trees[1] and new.overlay == old.overlay


def _kept(files: Mapping[str, bytes], *, alike: bool) -> dict[str, bytes]:
    """Keep what stays true: what is fitted was not fitted again, so its evaluation holds.

    Where scores are made otherwise, how many accounts had which is not known any more.
    """
    kept = {
        name: data
        for name, data in files.items()
        if name == EVALUATION or name.startswith((PLOTS, "boosters/"))
    }
    if EVALUATION in kept and not alike:
        evaluation = from_json(kept[EVALUATION], EVALUATION)
        if any(key in evaluation for key in COUNTED):
            held = {key: told for key, told in evaluation.items() if key not in COUNTED}
            kept[EVALUATION] = to_json(held)
    return kept


def _for_people(made: Draft) -> dict[str, bytes]:
    """Give the files for people: what was kept, and a model card of the new definition."""
    card = made.scorecard
    if EVALUATION not in made.kept:
        # Without peers there is nothing to evaluate; with them, a card without figures misleads.
        return {**made.kept, **({} if card.peer_metrics else write_cards(card, made.training))}
    evaluation = from_json(made.kept[EVALUATION], EVALUATION)
    names = [metric.name for metric in card.peer_metrics]
    evaluation["metrics"] = {name: evaluation["metrics"][name] for name in names}
    plots = {name: data for name, data in made.kept.items() if name.startswith(PLOTS)}
    return {**made.kept, **write_cards(card, made.training, evaluation, plots)}
