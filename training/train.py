"""One training run: gather, decide, write. Evaluates what it wrote and read back."""

from __future__ import annotations

import dataclasses
import datetime as dt
import importlib.metadata
import platform
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.scoring import Scorer, load_scorer
from serving.scoring.artifact import write_artifact
from serving.scoring.peer_axes import Axis
from training.assemble import assemble
from training.baseline import Baseline, fit_baseline, no_baseline, refit_baseline
from training.build import check_place, nonzero_counts, write_whole
from training.definition import Definition, EstimatorOptions, read_definition
from training.errors import DataError
from training.evaluate import evaluate
from training.fit import MetricFit, Remember, fit_tables, forget
from training.for_people import files_for_people
from training.inspection import steps_in_units
from training.prepare import TrainingData, prepare
from training.reading.refusals import Refusals
from training.reading.table_files import AccountFiles
from training.split import SALT, SHARES, Split
from training.tables import Accounts, data_sha256, read_accounts

#: Libraries whose version can change an artifact's bytes.
LIBRARIES = ("numpy", "scipy", "xgboost")

#: Told all that a metric's fit depends on (plain JSON values), gives what remembers fits of that.
Memory = Callable[[Mapping[str, Any]], Remember]


@dataclass(frozen=True)
class TrainingRun:
    """What a run made: the scorer of the artifact on the disk, and how good it is."""

    scorer: Scorer
    evaluation: Mapping[str, Any]
    accounts: Accounts


def train(
    data: Path | AccountFiles,
    scorecard: Path,
    out: Path,
    *,
    estimator: EstimatorOptions | None = None,
    seed: int = 0,
    jobs: int = 1,
    max_refused_share: float = 0.01,
    scoring_date: dt.date | None = None,
    memory: Memory | None = None,
    done: Callable[[str, int], None] = lambda _name, _total: None,
) -> TrainingRun:
    """Fit a scorecard to the accounts in `data` and write its artifact to `out`.

    Parameters
    ----------
    estimator : EstimatorOptions, optional
        For the metrics whose definition asks for none; else held-out accounts choose.
    seed : int
        Of the boosters; the same accounts, scorecard and seed give the same bytes, whatever the
        order of rows and whatever `jobs`.
    scoring_date : date, optional
        Dates become days before it; the newest ``last_updated`` if not given.
    memory : callable, optional
        Keeps fits, so that a run that was stopped begins where it was; gives what it kept.
    done : callable
        Told each metric's name when it is fitted, and how many there are.

    Raises
    ------
    InvalidInput
        If definition or data cannot be used. `out` is then as it was.
    ArtifactError
        If `out` cannot be written.
    """
    definition = read_definition(scorecard)
    check_place(out)
    dimensions = [column.name for column in definition.peer_dimension_inputs]
    accounts = read_accounts(
        data,
        definition.columns(),
        peer_dimensions=dimensions,
        max_refused_share=max_refused_share,
    )
    if scoring_date is None and accounts.newest is not None:
        scoring_date = accounts.newest.date()
    prepared = prepare(definition, accounts.frame, seed=seed, scoring_date=scoring_date)
    if not (prepared.split == Split.EVALUATE).any():
        raise DataError(f"{len(accounts.frame)} accounts are too few: none is left to evaluate")
    estimators = _estimators(definition, estimator)
    about = _about(definition, accounts, prepared, seed, scoring_date)
    tables, fits = fit_tables(
        prepared.plan,
        prepared.metrics,
        estimators,
        jobs=jobs,
        remember=memory(_depends_on(about, definition, estimators)) if memory else forget,
        done=done,
    )
    about["metrics"] = {name: _describe(fit, prepared.plan.axes) for name, fit in fits.items()}
    resolved = definition.resolve(
        nonzero_counts=nonzero_counts({name: fit.description for name, fit in fits.items()}),
        categories=prepared.categories,
    )
    boosters = _boosters(fits)
    with tempfile.TemporaryDirectory() as scratch:
        # Written and read back before it is evaluated: a fault in the format shows in the figures.
        trial = Path(scratch) / "artifact"
        write_artifact(trial, *assemble(resolved, tables, training=about, for_people={}, seed=seed))
        scorer = load_scorer(trial)
    baseline = fit_baseline(
        prepared.plan,
        prepared.metrics,
        {name: fit.description["estimator"] for name, fit in fits.items()},
        jobs=jobs,
    )
    evaluation = _evaluate(
        scorer, accounts, prepared.split == Split.EVALUATE, baseline, scoring_date
    )
    for_people = {**boosters, **files_for_people(scorer, about, evaluation)}
    write_whole(out, *assemble(resolved, tables, training=about, for_people=for_people, seed=seed))
    return TrainingRun(load_scorer(out), evaluation, accounts)


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
        return _evaluate(scorer, accounts, None, nobody, scoring_date)
    baseline = refit_baseline(scorer, accounts.frame, split, scoring_date=scoring_date, jobs=jobs)
    return _evaluate(scorer, accounts, split == Split.EVALUATE, baseline, scoring_date)


def _evaluate(
    scorer: Scorer,
    accounts: Accounts,
    rows: NDArray[np.bool_] | None,
    baseline: Baseline,
    scoring_date: dt.date | None,
) -> dict[str, Any]:
    """Evaluate on some rows of a table, or on all where `rows` is None; says on which."""
    frame = accounts.frame if rows is None else accounts.frame[rows]
    encoded = scorer.encode(frame, scoring_date=scoring_date)
    which = "all accounts" if rows is None else "evaluation split"
    return {"on": which, **evaluate(scorer, frame, encoded, baseline)}


def _estimators(
    definition: Definition, otherwise: EstimatorOptions | None
) -> dict[str, EstimatorOptions]:
    asked = {name: definition.estimator(name) or otherwise for name in definition.metric_names}
    return {name: options for name, options in asked.items() if options is not None}


def _depends_on(
    about: Mapping[str, Any], definition: Definition, estimators: Mapping[str, EstimatorOptions]
) -> dict[str, Any]:
    """Give all that a metric's fit depends on, but for the program's own code."""
    return {
        **about,
        "definition": definition.model_dump(mode="json"),
        "estimators": {name: dataclasses.asdict(asked) for name, asked in estimators.items()},
        "processor": platform.machine(),
    }


def _about(
    definition: Definition,
    accounts: Accounts,
    prepared: TrainingData,
    seed: int,
    scoring_date: dt.date | None,
) -> dict[str, Any]:
    dates = any(column.type == "date" for column in definition.peer_dimension_inputs)
    counts = np.bincount(prepared.split, minlength=len(Split))
    return {
        "data_sha256": data_sha256(accounts.frame),
        "accounts": len(accounts.frame),
        "refused_rows": accounts.refusals.total,
        "refused_for": _reasons(accounts.refusals),
        "newest": str(accounts.newest.date()) if accounts.newest is not None else None,
        "split": {
            "salt": SALT,
            "shares": list(SHARES),
            "accounts": {split.name.lower(): int(counts[split]) for split in Split},
        },
        "seed": seed,
        "scoring_date": str(scoring_date) if dates else None,
        "metrics": {},  # In its place here; known when they are fitted.
        "program": importlib.metadata.version("customer-success-scorecard"),
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in LIBRARIES},
    }


def _reasons(refusals: Refusals) -> dict[str, int]:
    """Count refused rows by reason, whatever files they were in."""
    reasons: Counter[str] = Counter()
    for (_, reason), rows in refusals.counts.items():
        reasons[reason] += rows
    return dict(sorted(reasons.items()))


def _describe(fit: MetricFit, axes: tuple[Axis, ...]) -> dict[str, Any]:
    """Say of a fit what its estimator says, and what was learned of the metric."""
    learned = [float(bound) if np.isfinite(bound) else None for bound in fit.bounds]
    steps = steps_in_units(axes, fit.description.get("steps", ()))
    return {**fit.description, "learned_bounds": learned, "steps_at": steps}


def _version(module: str) -> str:
    # The module's own word: the distribution may be called xgboost or xgboost-cpu.
    return str(__import__(module).__version__)


def _boosters(fits: Mapping[str, MetricFit]) -> dict[str, bytes]:
    boosters = {name: fit.model.booster_json() for name, fit in fits.items() if fit.model}
    return {f"boosters/{name}.json": data for name, data in boosters.items() if data is not None}
