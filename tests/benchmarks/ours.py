"""Our estimator in a comparison: fitted and asked through the public training code."""

from collections.abc import Mapping

import numpy as np

from serving.scoring.peer_axes import Cells
from serving.scoring.peer_table import PeerTable
from serving.scoring.peers import Peers
from tests.benchmarks.tasks import Answer, Answers, Floats, Task
from training.axes import fit_axes
from training.fit import fit_tables
from training.plan import FitPlan

JOBS = 2


def our_cdf(peers: Peers, dimensions: Floats) -> tuple[Cells, Mapping[str, PeerTable]]:
    """Give what F is read from for these accounts: the one place that knows how."""
    around = peers.around(dimensions)
    return around.cells, around.metrics


def ours(task: Task) -> Answers:
    """Answer a task with one fit of all its metrics."""
    axes = fit_axes(task.columns, task.dimensions)
    plan = FitPlan(axes, task.dimensions, task.split, seed=0)
    peers, fits = fit_tables(plan, task.metrics, {}, jobs=JOBS)
    cells, metrics = our_cdf(peers, task.asked)
    moved_cells, moved_metrics = our_cdf(peers, task.nudged())
    answers = {}
    for name, own in task.asked_metrics.items():
        table, moved = metrics[name], moved_metrics[name]
        at = [table.at_or_below(cells, np.full(len(own), value)) for value in task.thresholds(name)]
        nudged = (moved.below(moved_cells, own) + moved.at_or_below(moved_cells, own)) / 2.0
        answers[name] = Answer(
            np.column_stack(at),
            table.below(cells, own),
            table.at_or_below(cells, own),
            nudged,
            peers=cells.mix(table.peers),
            note=str(fits[name].description.get("estimator", "")),
        )
    return answers
