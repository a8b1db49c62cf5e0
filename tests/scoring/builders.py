"""Small artifacts made by hand: no fit, every number in sight."""

import copy
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.scoring.artifact import GOLDEN, TABLES, Artifact, build_manifest
from serving.scoring.column import Input
from serving.scoring.distribution import PooledDistribution
from serving.scoring.golden import make_golden
from serving.scoring.manifest import MANIFEST, describe_files, to_json
from serving.scoring.peer_axes import Axis
from serving.scoring.peer_table import CDF_ONE, PeerTable
from serving.scoring.peer_tables import PeerTables
from serving.scoring.scorecard import Scorecard, scorecard_from_dict
from serving.scoring.scorer import Scorer

NAN = float("nan")
INF = float("inf")

#: Points (value, pooled rank) of every number column; a value that stands twice is an atom.
CURVES: dict[str, list[tuple[float, float]]] = {
    "age": [(0, 0), (12, 0.25), (60, 0.75), (120, 1)],
    "size": [(1, 0), (10, 0.5), (1000, 1)],
    "seats": [(1, 0), (10, 0.5), (1000, 1)],
    "since": [(0, 0), (30, 0.25), (365, 0.75), (3650, 1)],
    "bots": [(0, 0), (0, 0.6), (1, 0.7), (5, 0.9), (50, 1)],
    "rate": [(0, 0), (0, 0.1), (0.5, 0.5), (1, 0.8), (1, 1)],
    "price": [(-5, 0), (3, 0.2), (3, 0.5), (20, 1)],
}
#: Ranks with a node; age has a step at 0.5.
NODES = {"age": [0, 0.5, 0.5, 1], "since": [0, 0.25, 1]}
BOUNDS = {"bots": (0, INF), "rate": (0, 1)}
KNOTS = (0, 0.05, 0.1, 0.2, 0.5, 0.6, 0.8, 0.95, 1)


def make_tree(**changes: Any) -> dict[str, Any]:
    """Two numeric peer dimensions and a category; a metric with zeros, a rate, a price."""
    tree = {
        "schema": "scorecard/v1",
        "id": "by-hand",
        "scale": {"type": "out_of_10", "step": 1},
        "missing": "skip",
        "peer_dimensions": [
            {"name": "age", "type": "number"},
            {"name": "size", "type": "number"},
            {"name": "region", "type": "category", "categories": ["EU", "US"]},
        ],
        "metrics": {
            "bots": {"kind": "peer"},
            "rate": {"kind": "peer"},
            "price": {"kind": "peer", "higher_is_better": False},
        },
        "components": {
            "use": {"weight": 2, "metrics": {"bots": 1, "rate": 2}},
            "cost": {"weight": 1, "metrics": {"price": 1}},
        },
    }
    return copy.deepcopy(tree | changes)


def make_dated_tree() -> dict[str, Any]:
    """The same metrics compared by a date."""
    return make_tree(peer_dimensions=[{"name": "since", "type": "date"}])


def make_curve(points: Sequence[tuple[float, float]]) -> PooledDistribution:
    values, ranks = np.array(points, dtype=np.float64).T
    return PooledDistribution(values.copy(), ranks.copy())


def make_axis(column: Input) -> Axis:
    if column.type == "category":
        return Axis(column, None, np.empty(0))
    nodes = np.array(NODES.get(column.name, [0, 0.4, 1]), dtype=np.float64)
    return Axis(column, make_curve(CURVES[column.name]), nodes)


def make_cdf(rng: np.random.Generator, nodes: int, knots: int = len(KNOTS)) -> NDArray[np.uint16]:
    cdf = np.sort(rng.integers(0, CDF_ONE + 1, (nodes, knots)), axis=1)
    cdf[:, 0], cdf[:, -1] = 0, CDF_ONE
    return cdf.astype(np.uint16)


def make_table(
    rng: np.random.Generator, name: str, nodes: int, bounds: tuple[float, float] | None = None
) -> PeerTable:
    return PeerTable(
        make_curve(CURVES[name]),
        np.array(KNOTS),
        make_cdf(rng, nodes),
        *(bounds or BOUNDS.get(name, (-INF, INF))),
        peers=rng.uniform(20.0, 200.0, nodes),
    )


def make_tables(scorecard: Scorecard, *, seed: int = 0) -> PeerTables:
    rng = np.random.default_rng(seed)
    axes = tuple(make_axis(column) for column in scorecard.peer_dimensions)
    nodes = int(np.prod([axis.size for axis in axes]))
    return PeerTables(
        axes=axes,
        effective_peers=rng.uniform(50.0, 300.0, nodes),
        metrics={metric.name: make_table(rng, metric.name, nodes) for metric in scorecard.metrics},
    )


def make_scorer(
    tree: dict[str, Any] | None = None,
    *,
    order: Sequence[str] | None = None,
    tables: PeerTables | None = None,
) -> Scorer:
    """A scorer without files; `order` is that of its inputs."""
    card = scorecard_from_dict(make_tree() if tree is None else tree)
    known = {column.name: column for column in card.inputs}
    inputs = tuple(known[name] for name in order or known)
    return Scorer(Artifact(card, inputs, tables or make_tables(card), {}, {}, version=""))


def make_accounts(scorer: Scorer, rows: int = 120, *, seed: int = 1) -> NDArray[np.float64]:
    """Accounts in and beyond the training range, at atoms, and with holes."""
    rng = np.random.default_rng(seed)
    columns = []
    for entry in scorer.inputs:
        if entry.type == "category":
            column = rng.integers(0, len(entry.categories), rows).astype(float)
        else:
            points = np.array([value for value, _ in CURVES[entry.name]], dtype=float)
            span = points[-1] - points[0]
            anywhere = rng.uniform(points[0] - span / 5, points[-1] + span / 5, rows)
            column = np.where(rng.random(rows) < 0.3, rng.choice(points, rows), anywhere)
        columns.append(np.where(rng.random(rows) < 0.1, NAN, column))
    return np.column_stack(columns)


@dataclass(frozen=True)
class Parts:
    """What an artifact is made of, to be altered before it is written.

    `manifest` is a tree, not bytes; `write` and `sealed` compute the checksums anew.
    """

    files: dict[str, bytes]
    manifest: dict[str, Any]

    def with_file(self, name: str, data: bytes) -> "Parts":
        """Put another file in, listed and checksummed like an honest one."""
        files = {**self.files, name: data}
        return Parts(files, {**self.manifest, "files": describe_files(files)})

    def with_manifest(self, **changes: Any) -> "Parts":
        return replace(self, manifest=copy.deepcopy({**self.manifest, **changes}))

    @property
    def golden(self) -> dict[str, Any]:
        golden: dict[str, Any] = json.loads(self.files[GOLDEN])
        return golden

    @property
    def manifest_bytes(self) -> bytes:
        return to_json(self.manifest)

    @property
    def all_files(self) -> dict[str, bytes]:
        return {**self.files, MANIFEST: self.manifest_bytes}

    def write(self, folder: Path) -> Path:
        """Write the files as they are, right or wrong."""
        return write_tree(folder, self.all_files)


def write_tree(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def make_parts(
    tree: dict[str, Any] | None = None, *, order: Sequence[str] | None = None, seed: int = 0
) -> Parts:
    """A whole artifact, with one file for people in it; `order` is that of its inputs."""
    card = scorecard_from_dict(make_tree() if tree is None else tree)
    scorer = make_scorer(dict(card.tree), order=order, tables=make_tables(card, seed=seed))
    files = {
        TABLES: scorer.artifact.tables.to_npz(),
        GOLDEN: to_json(make_golden(scorer, make_accounts(scorer))),
        "plots/calibration.svg": b"<svg/>",
    }
    manifest = json.loads(build_manifest(card, files, {"seed": seed}))
    manifest["inputs"] = [column.to_dict() for column in scorer.inputs]
    return Parts(files, manifest)
