"""A store whose accounts are arrays in memory, cut and put together again by chance."""

import itertools
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from serving.scoring.column import Input
from training.peer_models.counting import Sums
from training.reduction.store import DEAL, Encoding, Reduction, split_of
from training.split import Split


def batches_of(table: pa.Table, rng: np.random.Generator, pieces: int) -> list[pa.RecordBatch]:
    """Cut a table at places drawn by chance; some pieces may hold nobody."""
    cuts = np.sort(rng.integers(0, len(table) + 1, pieces - 1))
    edges = [0, *cuts.tolist(), len(table)]
    return [
        pa.RecordBatch.from_arrays(
            [column.slice(start, end - start).combine_chunks() for column in table.columns],
            schema=table.schema,
        )
        for start, end in itertools.pairwise(edges)
    ]


class ArrayStore:
    """An `AccountStore` over arrays; each pass is cut otherwise, and merged in another order."""

    def __init__(
        self,
        columns: Mapping[str, object],
        deal: NDArray[np.float64] | None = None,
        *,
        seed: int = 0,
        pieces: int = 7,
    ) -> None:
        arrays = {name: pa.array(column, from_pandas=True) for name, column in columns.items()}
        accounts = len(next(iter(arrays.values())))
        dealt = np.zeros(accounts) if deal is None else deal
        self.table = pa.table({**arrays, DEAL: dealt})
        self.split_counts = np.bincount(split_of(dealt), minlength=len(Split))
        self.passes: list[Reduction] = []
        self._rng = np.random.default_rng(seed)
        self._pieces = pieces

    def reduce(self, reduction: Reduction, encoding: Encoding) -> Sums:
        self.passes.append(reduction)
        wanted = self.table.select([*reduction.columns, DEAL])
        batches = batches_of(wanted, self._rng, self._pieces)
        found = [reduction.of(encoding.rows(batch, reduction.columns)) for batch in batches]
        while len(found) > 1:
            some, others = (found.pop(int(self._rng.integers(len(found)))) for _ in range(2))
            found.append(reduction.merge(some, others))
        return found[0]

    def categories(self, column: str, most: int) -> list[str]:
        used = split_of(self.table.column(DEAL).to_numpy()) < Split.EVALUATE
        texts = pd.Series(self.table.column(column).to_pandas())[used].dropna()
        return sorted(texts.unique())[: most + 1]

    def at_least(self, deal: float) -> pd.DataFrame:
        wanted = self.table.filter(pc.greater_equal(self.table.column(DEAL), deal))
        return wanted.drop_columns([DEAL]).to_pandas()


def numbers(*names: str) -> Encoding:
    """How columns of numbers are encoded."""
    return Encoding({name: Input(name) for name in names}, None)
