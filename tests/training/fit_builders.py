"""Accounts to fit, and tables whose truth is known, for the tests of fitting and evaluating."""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serving.scoring.artifact import Artifact
from serving.scoring.column import Input
from serving.scoring.distribution import PooledDistribution
from serving.scoring.peer_axes import Axis, locate
from serving.scoring.peer_table import CDF_ONE, PeerTable
from serving.scoring.peer_tables import PeerTables
from serving.scoring.scorecard import Scorecard, scorecard_from_dict
from serving.scoring.scorer import Scorer
from training.axes import fit_axes
from training.definition import Definition, EstimatorOptions, parse_definition
from training.fit import fit_tables
from training.plan import FitPlan
from training.split import Split, split_accounts
from training.synthetic import METRICS, sample_accounts

NAN = float("nan")
INF = float("inf")
AGE, SIZE = Input("acct_age"), Input("acct_size")
REGION = Input("region", "category", ("EU", "JP", "US"))


def make_plan(
    columns: Sequence[Input],
    dimensions: NDArray[np.float64],
    split: NDArray[np.int8] | None = None,
) -> FitPlan:
    """A grid over all given accounts; without a split every fourth one selects."""
    if split is None:
        split = np.where(np.arange(len(dimensions)) % 4 == 3, Split.SELECT, Split.FIT)
    return FitPlan(fit_axes(columns, dimensions), dimensions, split.astype(np.int8), seed=0)


def make_synthetic(accounts: int, seed: int) -> pd.DataFrame:
    """Complete accounts of `training.synthetic` with every metric, a row each."""
    frames = sample_accounts(accounts, seed, missing_share=0).values()
    indexed = [frame.set_index("acct_id") for frame in frames]
    joined = pd.concat([f.drop(columns="last_updated", errors="ignore") for f in indexed], axis=1)
    return joined.reset_index()


def true_ranks(metric: str, values: NDArray[np.float64], frame: pd.DataFrame) -> NDArray:
    """P(Y <= value) of every account, by the law it was drawn from."""
    return METRICS[metric].cdf(values, frame["acct_age"], frame["acct_size"])


def fit_synthetic(accounts, seed):
    """Every metric of the synthetic accounts, fitted, and the accounts that were kept out."""
    frame = make_synthetic(accounts, seed).sort_values("acct_id")
    split = split_accounts(frame["acct_id"])
    known = frame[split < Split.EVALUATE]
    dimensions = known[["acct_age", "acct_size"]].to_numpy(float)
    plan = make_plan([AGE, SIZE], dimensions, split[split < Split.EVALUATE])
    metrics = {name: known[name].to_numpy(float) for name in METRICS}
    tables, fits = fit_tables(plan, metrics, {}, jobs=2)
    return SimpleNamespace(
        tables=tables, fits=fits, known=known, kept_out=frame[split == Split.EVALUATE]
    )


def fit_alone(plan: FitPlan, values: NDArray[np.float64], asked: EstimatorOptions | None = None):
    """The table of a single metric, and what is said of its fit."""
    tables, fits = fit_tables(plan, {"m": values}, {"m": asked} if asked else {}, jobs=1)
    return tables.metrics["m"], fits["m"]


def measure_error(fitted, metric):
    """Mean |F - truth| in points of 10, of the table and of the distribution without peers."""
    table, accounts = fitted.tables.metrics[metric], fitted.kept_out
    cells = locate(fitted.tables.axes, accounts[["acct_age", "acct_size"]].to_numpy(float))
    errors = []
    for threshold in np.quantile(fitted.known[metric], np.linspace(0.01, 0.99, 33)):
        at = np.full(len(accounts), threshold)
        truth = true_ranks(metric, at, accounts)
        errors.append(
            [
                10 * np.abs(table.at_or_below(cells, at) - truth).mean(),
                10 * np.abs(table.pooled.at_or_below(at) - truth).mean(),
            ]
        )
    return np.mean(errors, axis=0)


def make_definition(dimensions: str, metrics: Sequence[str] = ("bots",), more: str = "{}"):
    """A scorecard with one component; `dimensions` is YAML, `more` of the first metric too."""
    bodies = "".join(
        f"  {name}: {more if name == metrics[0] and more != '{}' else '{kind: peer}'}\n"
        for name in metrics
    )
    weights = ", ".join(f"{name}: 1" for name in metrics)
    text = (
        "schema: scorecard/v1\nid: test\nscale: {type: out_of_10, step: 1}\n"
        f"peer_dimensions: {dimensions}\nmetrics:\n{bodies}"
        f"components: {{use: {{weight: 1, metrics: {{{weights}}}}}}}\n"
    )
    definition: Definition = parse_definition(text, source="test.yaml")
    return definition


def make_scorecard(metrics: Sequence[str], columns: Sequence[Input] = (AGE,), **body) -> Scorecard:
    """A resolved scorecard with one component; `body` goes into every metric."""
    return scorecard_from_dict(
        {
            "schema": "scorecard/v1",
            "id": "by-hand",
            "scale": {"type": "out_of_10", "step": 1},
            "missing": "skip",
            "peer_dimensions": [column.to_dict() for column in columns],
            "metrics": {name: {"kind": "peer", **body} for name in metrics},
            "components": {"use": {"weight": 1, "metrics": dict.fromkeys(metrics, 1)}},
        }
    )


def make_even_axis(nodes: int = 11) -> Axis:
    """Age from 0 to 100, all ages equally frequent."""
    age = PooledDistribution(np.array([0.0, 100.0]), np.array([0.0, 1.0]))
    return Axis(AGE, age, np.linspace(0.0, 1.0, nodes))


def make_power_table(power: float = 1.0, *, axis: Axis | None = None) -> PeerTable:
    """F(y | age) = y ** (1 + power · age / 100) for y in 0..1; every y has that pooled rank."""
    axis = axis or make_even_axis()
    knots = np.linspace(0.0, 1.0, 101)
    exponents = 1.0 + power * np.append(axis.nodes, 0.5)
    cdf = np.rint(CDF_ONE * knots[None, :] ** exponents[:, None]).astype(np.uint16)
    pooled = PooledDistribution(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    return PeerTable(pooled, knots, cdf, 0.0, INF, peers=np.full(len(cdf), 1000.0))


def draw_power(ages: NDArray[np.float64], rng: np.random.Generator, power: float = 1.0):
    """Draw from the law of `make_power_table`."""
    return rng.random(len(ages)) ** (1.0 / (1.0 + power * ages / 100.0))


def make_scorer(tables: Mapping[str, PeerTable], axis: Axis | None = None) -> Scorer:
    """A scorer of made-up tables over age."""
    axis = axis or make_even_axis()
    card = make_scorecard(list(tables))
    peers = PeerTables((axis,), np.full(axis.size, 1000.0), dict(tables))
    return Scorer(Artifact(card, card.inputs, peers, {}, {}, version=""))


#: 1,500 accounts all over two dimensions, and metrics plain and odd.
RNG = np.random.default_rng(5)
PLACES = RNG.random((1500, 2)) * 100
PLAN = make_plan([AGE, SIZE], PLACES)
POWER = draw_power(PLACES[:, 0], RNG, power=3.0)
HOLED = np.where(RNG.random(1500) < 0.3, NAN, POWER)
COLUMNS = {
    "power": POWER,
    "holed": HOLED,
    "never": np.full(1500, NAN),
    "constant": np.full(1500, 5.0),
    "once": np.where(np.arange(1500) == 7, 5.0, NAN),
    "noise": RNG.lognormal(size=1500),
    "counts": RNG.poisson(1 + PLACES[:, 1] / 20).astype(float),
    "negative": POWER - 2.0,
}
