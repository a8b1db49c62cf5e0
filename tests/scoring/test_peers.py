"""What surrounds an account, whatever knows its peers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pytest
from builders import make_accounts, make_scorer, make_tables, make_tree
from numpy.typing import NDArray

from serving.scoring.artifact import Artifact
from serving.scoring.golden import check_golden, make_golden
from serving.scoring.peer_axes import Axis, Cells, locate
from serving.scoring.peer_table import PeerTable
from serving.scoring.peer_tables import PeerTables
from serving.scoring.peers import Peers, Surroundings
from serving.scoring.scorecard import scorecard_from_dict
from serving.scoring.scorer import Scorer

SCORER = make_scorer()


@dataclass(frozen=True)
class NearestNodes:
    """Peers that are no grid: gives each account a table row of its own, that of its nearest node.

    Stands for models that compute F for the accounts of a batch.
    """

    tables: PeerTables

    @property
    def axes(self) -> tuple[Axis, ...]:
        return self.tables.axes

    @property
    def metrics(self) -> Mapping[str, PeerTable]:
        return self.tables.metrics

    def around(self, dimensions: NDArray[np.float64]) -> Surroundings:
        cells = locate(self.axes, dimensions)
        accounts = np.arange(len(dimensions))
        nearest = cells.corners[cells.weights.argmax(axis=0), accounts]
        own = {
            name: replace(table, cdf=table.cdf[nearest], peers=table.peers[nearest])
            for name, table in self.metrics.items()
        }
        one_each = Cells(accounts[None], np.ones((1, len(accounts))), cells.unknown, cells.outside)
        return Surroundings(one_each, own, self.tables.effective_peers[nearest])

    def only(self, metrics: Iterable[str]) -> "NearestNodes":
        return NearestNodes(self.tables.only(metrics))

    def to_npz(self) -> bytes:
        return self.tables.to_npz()


def make_other_scorer() -> Scorer:
    peers: Peers = NearestNodes(SCORER.artifact.tables)  # type: ignore[arg-type]
    return Scorer(Artifact(SCORER.scorecard, SCORER.inputs, peers, {}, {}, version=""))


def make_accounts_at_nodes(rows: int) -> NDArray[np.float64]:
    accounts = make_accounts(SCORER, rows)
    rng = np.random.default_rng(8)
    # Values whose ranks are nodes of the builders' axes.
    accounts[:, 0] = rng.choice([0, 36, 120, np.nan], rows)
    accounts[:, 5] = rng.choice([1, 8.2, 1000, np.nan], rows)
    return accounts


def test_tables_surround_an_account_with_the_corners_of_its_cell() -> None:
    tables = make_tables(scorecard_from_dict(make_tree()))
    places = np.array([[30.0, 20, 0], [np.nan, 20, 1], [500, 1, 9]])

    around = tables.around(places)

    cells = locate(tables.axes, places)
    assert around.cells.corners.tolist() == cells.corners.tolist()
    assert around.cells.outside.tolist() == [False, False, True]
    assert around.cells.unknown.tolist() == [False, True, True]
    assert around.metrics is tables.metrics
    assert around.effective_peers.tolist() == cells.mix(tables.effective_peers).tolist()


def test_peers_that_are_no_grid_score_accounts_at_nodes_as_the_grid_does() -> None:
    accounts = make_accounts_at_nodes(500)

    scores = make_other_scorer().score(accounts)

    expected = SCORER.score(accounts)
    assert scores.values == pytest.approx(expected.values, abs=1e-9, nan_ok=True)
    assert scores.ranks == pytest.approx(expected.ranks, abs=1e-9, nan_ok=True)
    assert scores.flags.tolist() == expected.flags.tolist()


def test_peers_that_are_no_grid_score_an_account_alone_as_among_others() -> None:
    scorer = make_other_scorer()
    accounts = make_accounts(scorer, 300)
    together = scorer.score(accounts)

    alone = [scorer.score(accounts[row : row + 1]) for row in range(300)]

    assert np.vstack([one.values for one in alone]).tobytes() == together.values.tobytes()
    assert np.concatenate([one.flags for one in alone]).tobytes() == together.flags.tobytes()


def test_golden_rows_of_peers_that_are_no_grid_replay() -> None:
    scorer = make_other_scorer()

    check_golden(make_golden(scorer, make_accounts(scorer)), scorer)


def test_some_of_the_metrics_stay_as_they_were() -> None:
    tables = make_tables(scorecard_from_dict(make_tree()))

    some = tables.only(["price", "bots"])

    assert list(some.metrics) == ["price", "bots"]
    assert some.metrics["bots"] is tables.metrics["bots"]
    assert some.axes is tables.axes
