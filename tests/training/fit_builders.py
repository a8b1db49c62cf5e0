"""Accounts to fit, and tables whose truth is known, for the tests of fitting and evaluating."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serving.scoring.artifact import Artifact
from serving.scoring.distribution import PooledDistribution
from serving.scoring.peer_axes import Axis
from serving.scoring.peer_table import CDF_ONE, PeerTable
from serving.scoring.peer_tables import PeerTables
from serving.scoring.scorecard import Input, Scorecard, scorecard_from_dict
from serving.scoring.scorer import Scorer
from training.axes import fit_axes
from training.definition import Definition, parse_definition
from training.fit import FitPlan
from training.split import Split
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
    return PeerTable(pooled, knots, cdf, 0.0, INF)


def draw_power(ages: NDArray[np.float64], rng: np.random.Generator, power: float = 1.0):
    """Draw from the law of `make_power_table`."""
    return rng.random(len(ages)) ** (1.0 / (1.0 + power * ages / 100.0))


def make_scorer(tables: Mapping[str, PeerTable], axis: Axis | None = None) -> Scorer:
    """A scorer of made-up tables over age."""
    axis = axis or make_even_axis()
    card = make_scorecard(list(tables))
    peers = PeerTables((axis,), np.full(axis.size, 1000.0), dict(tables))
    return Scorer(Artifact(card, card.inputs, peers, {}, {}, version=""))
