"""One training run: gather, decide, write. Evaluates what it wrote and read back."""

from __future__ import annotations

import datetime as dt
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serving.scoring import InvalidInput, Scorer, load_scorer
from serving.scoring.artifact import write_artifact
from serving.scoring.scorecard import Scorecard
from training.artifact_place import check_place, write_whole
from training.assemble import assemble
from training.baseline import Baseline, no_baseline, refit_baseline
from training.build import lacking, nonzero_counts
from training.bulk.processes import worker_processes
from training.definition import Definition, EstimatorOptions, read_definition
from training.errors import TooManyPlaces
from training.evaluate import evaluate
from training.fit_overlay import fit_overlay
from training.fitted import Fitted
from training.for_people import files_for_people
from training.gathering import gathered
from training.joining.size import MEMORY_BYTES
from training.peer_fits import Memory, PeerFits, fit_peers
from training.prepare import list_categories
from training.provenance import of_accounts
from training.reading.table_files import AccountFiles
from training.risk import Outcomes, RiskFits, fit_risks, models_asked, read_outcomes
from training.split import Split
from training.tables import Accounts
from training.training_accounts import TrainingAccounts

__all__ = ["Memory", "TrainingRun", "evaluate_artifact", "train", "train_on"]


@dataclass(frozen=True)
class TrainingRun:
    """What a run made: the scorer of the artifact on the disk, and how good it is."""

    scorer: Scorer
    evaluation: Mapping[str, Any]
    accounts: TrainingAccounts
    #: What the definition asks for and the data did not have: sentences for people.
    notes: tuple[str, ...] = ()


def train(
    data: Path | AccountFiles,
    scorecard: Path,
    out: Path,
    *,
    estimator: EstimatorOptions | None = None,
    seed: int = 0,
    jobs: int = 1,
    memory_bytes: int = MEMORY_BYTES,
    max_refused_share: float = 0.01,
    scoring_date: dt.date | None = None,
    memory: Memory | None = None,
    done: Callable[[str, int], None] = lambda _name, _total: None,
) -> TrainingRun:
    """Fit a scorecard to the accounts in `data` and write its artifact to `out`.

    Fitted is what the definition needs: peers for its peer metrics, a classifier behind a
    `learned_risk` where the data hold outcomes, and the overlay. The rest scores as it says.

    Parameters
    ----------
    estimator : EstimatorOptions, optional
        For the metrics whose definition asks for none; else held-out accounts choose.
    seed : int
        Of the boosters; the same accounts, scorecard and seed give the same bytes, whatever the
        order of rows, whatever `jobs` and `memory_bytes`.
    memory_bytes : int
        Tables that need more are joined on the disk, and counted there; what cannot be counted is
        read into memory all the same.
    scoring_date : date, optional
        Dates become days before it; the newest ``last_updated`` if not given.
    memory : callable, optional
        Keeps fits, so that a run that was stopped begins where it was; gives what it kept.
    done : callable
        Told each metric's name when it is fitted, and how many there are.

    Raises
    ------
    InvalidInput
        If definition or data cannot be used, or there is nothing to learn. `out` is then as it
        was.
    ArtifactError
        If `out` cannot be written.
    """
    definition = read_definition(scorecard)
    check_place(out)

    def run(memory_bytes: int) -> TrainingRun:
        with worker_processes(jobs) as workers, gathered(
            definition, data, estimator=estimator, scoring_date=scoring_date,
            max_refused_share=max_refused_share, workers=workers, memory_bytes=memory_bytes,
        ) as accounts:  # fmt: skip
            newest = None if accounts.newest is None else accounts.newest.date()
            date = scoring_date or newest
            outcomes = _outcomes(definition, data, date, max_refused_share)
            return train_on(
                accounts, definition, out, outcomes=outcomes, estimator=estimator, seed=seed,
                jobs=jobs, scoring_date=date, memory=memory, done=done,
            )  # fmt: skip

    try:
        return run(memory_bytes)
    except TooManyPlaces:
        # How many categories there are is known only when the accounts have been read.
        return run(sys.maxsize)


def train_on(
    accounts: TrainingAccounts,
    definition: Definition,
    out: Path,
    *,
    scoring_date: dt.date | None,
    outcomes: Outcomes | None = None,
    estimator: EstimatorOptions | None = None,
    seed: int = 0,
    jobs: int = 1,
    memory: Memory | None = None,
    done: Callable[[str, int], None] = lambda _name, _total: None,
) -> TrainingRun:
    """Fit a scorecard to accounts, wherever they are; see `train`.

    Parameters
    ----------
    outcomes : Outcomes, optional
        What became of contracts; the accounts are then in memory.
    """
    if outcomes is None and not definition.peer_metric_names and definition.overlay is None:
        raise InvalidInput(_NOTHING_TO_LEARN)
    kept_out = accounts.kept_out
    dates = any(column.type == "date" for column in definition.columns())
    about = of_accounts(accounts, seed=seed, scoring_date=scoring_date if dates else None)
    peers = None
    if definition.peer_metric_names:
        prepared = accounts.place.prepare(definition, seed=seed, scoring_date=scoring_date)
        peers = fit_peers(
            definition, prepared, otherwise=estimator, about=about, jobs=jobs,
            memory=memory, done=done,
        )  # fmt: skip
        about["metrics"] = peers.describe()
    risks = RiskFits()
    if outcomes is not None:
        models = models_asked(definition.risks)
        risks = fit_risks(models, accounts.table(), outcomes, seed=seed, jobs=jobs)
        about["risks"] = dict(risks.descriptions)
    resolved = _resolve(definition, accounts, peers)
    fitted = Fitted(peers.tables if peers else None, risks.models)
    scorer = _read_back(resolved, fitted, about, seed)
    if resolved.overlay is not None:
        encoded = scorer.encode(accounts.table(), scoring_date=scoring_date)
        fitted = fitted.with_overlay(fit_overlay(scorer, encoded))
    baseline = peers.baseline(jobs) if peers else _NO_PEERS
    kept = accounts.to_evaluate()
    evaluation = _evaluate(scorer, kept, "evaluation split", baseline, scoring_date)
    if len(kept) < kept_out:
        evaluation["accounts_kept_out"] = kept_out
    if outcomes is not None:
        evaluation["risks"] = dict(risks.evaluation)
    for_people = {
        **(peers.boosters() if peers else {}),
        **risks.boosters,
        **files_for_people(scorer, about, evaluation),
    }
    write_whole(out, *assemble(resolved, fitted, training=about, for_people=for_people, seed=seed))
    served = load_scorer(out)
    notes = (*(outcomes.notes if outcomes else ()), *_unfitted(risks), *lacking(served))
    return TrainingRun(served, evaluation, accounts, notes)


_NOTHING_TO_LEARN = (
    "there is nothing to learn from accounts: no metric is compared with peers, no `peers` are "
    "asked for, and the data hold no renewals.csv for a learned_risk; use `scorecard build`"
)
_NO_PEERS = no_baseline("no metric is compared with peers")


def _outcomes(
    definition: Definition,
    data: Path | AccountFiles,
    until: dt.date | None,
    max_refused_share: float,
) -> Outcomes | None:
    """Read what became of contracts, where a metric is scored by a model of it."""
    inputs = {name for columns in models_asked(definition.risks).values() for name in columns}
    if not inputs:
        return None
    return read_outcomes(data, inputs, until=until, max_refused_share=max_refused_share)


def _unfitted(risks: RiskFits) -> tuple[str, ...]:
    return tuple(f"{name} was not fitted: {why}" for name, why in risks.reasons.items())


def _resolve(
    definition: Definition, accounts: TrainingAccounts, peers: PeerFits | None
) -> Scorecard:
    if peers is None:
        return definition.resolve(categories=list_categories(definition, accounts.table()))
    described = {name: fit.description for name, fit in peers.fits.items()}
    return definition.resolve(
        nonzero_counts=nonzero_counts(described), categories=peers.prepared.categories
    )


def _read_back(resolved: Scorecard, fitted: Fitted, about: Mapping[str, Any], seed: int) -> Scorer:
    """Write an artifact aside and read it: a fault in the format shows in the figures."""
    with tempfile.TemporaryDirectory() as scratch:
        trial = Path(scratch) / "artifact"
        write_artifact(trial, *assemble(resolved, fitted, training=about, for_people={}, seed=seed))
        return load_scorer(trial)


def evaluate_artifact(
    scorer: Scorer,
    accounts: Accounts,
    split: NDArray[np.int8] | None,
    *,
    scoring_date: dt.date | None,
    jobs: int,
) -> dict[str, Any]:
    """Evaluate an artifact on the accounts that its fit has not seen, or on all of a table.

    Parameters
    ----------
    split : ndarray of int8, shape (n_accounts,), optional
        How accounts are dealt: those to evaluate are, and the baseline is fitted to the others.
        Without it all accounts are evaluated, and none is left for a baseline.
    jobs : int
        How many metrics' baselines to fit at once.
    """
    if split is None:
        nobody = no_baseline("all accounts are evaluated, none is left to fit it to")
        return _evaluate(scorer, accounts.frame, "all accounts", nobody, scoring_date)
    baseline = _NO_PEERS
    if scorer.scorecard.peer_metrics:
        baseline = refit_baseline(
            scorer, accounts.frame, split, scoring_date=scoring_date, jobs=jobs
        )
    kept_out = accounts.frame[split == Split.EVALUATE]
    return _evaluate(scorer, kept_out, "evaluation split", baseline, scoring_date)


def _evaluate(
    scorer: Scorer,
    frame: pd.DataFrame,
    which: str,
    baseline: Baseline,
    scoring_date: dt.date | None,
) -> dict[str, Any]:
    """Evaluate on the rows of a table, and say which accounts they are."""
    encoded = scorer.encode(frame, scoring_date=scoring_date)
    return {"on": which, **evaluate(scorer, frame, encoded, baseline)}
