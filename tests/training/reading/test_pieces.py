"""A file that is cut is read as if it were whole."""

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from serving.scoring.column import Input
from training.reading import parquet_reader
from training.reading.pieces import pieces_of, read_piece
from training.reading.refusals import Refusals
from training.reading.table_files import AccountFile, batches_of

INPUTS = (Input("age"),)


@pytest.mark.parametrize("group_rows", [1, 3, 7, 100])
def test_row_groups_are_read_apart_with_the_rows_lines_and_refusals_of_the_whole(
    tmp_path, monkeypatch, group_rows
):
    monkeypatch.setattr(parquet_reader, "_BATCH_ROWS", 5)
    texts = ["x" if row % 4 == 1 else str(row) for row in range(23)]
    table = pa.table({"acct_id": [f"A{row}" for row in range(23)], "age": texts})
    path = tmp_path / "peer_dims.parquet"
    pq.write_table(table, path, row_group_size=group_rows)
    file = AccountFile(path, "peer_dims", path.name)
    refused_whole, refused_apart = Refusals(), Refusals()

    whole = pd.concat(batches_of(file, INPUTS, refused_whole), ignore_index=True)
    pieces = list(pieces_of(file))
    apart = pd.concat(
        [frame for piece in pieces for frame in read_piece(piece, INPUTS, refused_apart)],
        ignore_index=True,
    )

    assert len(pieces) == len(range(0, 23, -(-5 // group_rows) * group_rows))
    pd.testing.assert_frame_equal(apart, whole)
    assert refused_apart.entries == refused_whole.entries
    assert [entry.line for entry in refused_apart.entries] == [3, 7, 11, 15, 19, 23]


def test_a_parquet_file_without_rows_is_a_piece_all_the_same(tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"acct_id": pa.array([], pa.string())}), path)

    (piece,) = pieces_of(AccountFile(path, "t", path.name))

    assert sum(len(frame) for frame in read_piece(piece, INPUTS, Refusals())) == 0
