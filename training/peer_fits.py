"""The peers of a scorecard's peer metrics: fitted, and what there is to say of the fits."""

from __future__ import annotations

import dataclasses
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from serving.scoring.peers import Peers
from training.baseline import Baseline, fit_baseline
from training.definition import Definition, EstimatorOptions
from training.fit import MetricFit, Remember, fit_tables, forget
from training.prepare import TrainingData
from training.provenance import of_fit

#: Told all that a metric's fit depends on (plain JSON values), gives what remembers fits of that.
Memory = Callable[[Mapping[str, Any]], Remember]


@dataclass(frozen=True)
class PeerFits:
    """What was fitted, and from what.

    Attributes
    ----------
    tables : Peers
    fits : mapping of str to MetricFit
    prepared : TrainingData
    """

    tables: Peers
    fits: Mapping[str, MetricFit]
    prepared: TrainingData

    def describe(self) -> dict[str, Any]:
        """Say of each metric what its estimator says, and what was learned of it."""
        axes = self.prepared.plan.axes
        return {name: of_fit(fit, axes) for name, fit in self.fits.items()}

    def boosters(self) -> dict[str, bytes]:
        """Give the files of the boosters, for data scientists: name → bytes."""
        models = {name: fit.model for name, fit in self.fits.items() if fit.model}
        packed = {name: model.booster_json() for name, model in models.items()}
        return {f"boosters/{name}.json": data for name, data in packed.items() if data is not None}

    def baseline(self, jobs: int) -> Baseline:
        """Fit nearest peers to the same accounts."""
        estimators = {name: fit.description["estimator"] for name, fit in self.fits.items()}
        return fit_baseline(self.prepared.plan, self.prepared.metrics, estimators, jobs=jobs)


def fit_peers(
    definition: Definition,
    prepared: TrainingData,
    *,
    otherwise: EstimatorOptions | None,
    about: Mapping[str, Any],
    jobs: int,
    memory: Memory | None,
    done: Callable[[str, int], None],
) -> PeerFits:
    """Fit the peers of all peer metrics.

    Parameters
    ----------
    otherwise : EstimatorOptions, optional
        For the metrics whose definition asks for none; else held-out accounts choose.
    about : mapping
        What is known of the accounts: `memory` is told it.

    Raises
    ------
    DataError
        If a metric's values contradict the estimator that is asked for.
    """
    asked = {name: definition.estimator(name) or otherwise for name in definition.peer_metric_names}
    estimators = {name: options for name, options in asked.items() if options is not None}
    tables, fits = fit_tables(
        prepared.plan,
        prepared.metrics,
        estimators,
        jobs=jobs,
        remember=memory(_depends_on(about, definition, estimators)) if memory else forget,
        done=done,
    )
    return PeerFits(tables, fits, prepared)


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
