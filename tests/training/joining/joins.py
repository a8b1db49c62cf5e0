"""The same folder read in memory and on the disk."""

import pandas as pd
import pyarrow.parquet as pq

from training.errors import DataError
from training.joining.joined import joined_accounts
from training.tables import read_accounts


def told(refusals):
    """All that refusals say, in order."""
    return refusals.entries, list(refusals.counts.items()), refusals.rows_read, refusals.summary()


def in_memory(folder, inputs, **options):
    """The accounts as a frame, and what was told of them; or the error."""
    try:
        read = read_accounts(folder, inputs, **options)
    except DataError as error:
        return type(error), str(error)
    return read.frame, (told(read.refusals), read.notes, read.newest)


def on_disk(folder, inputs, **options):
    """The same, joined on the disk."""
    try:
        with joined_accounts(folder, inputs, **options) as joined:
            frame = pd.read_parquet(joined.path)
            assert pq.read_schema(joined.path).names == ["acct_id", *(i.name for i in inputs)]
            assert joined.count == len(frame)
            return frame, (told(joined.refusals), joined.notes, joined.newest)
    except DataError as error:
        return type(error), str(error)


def check_same(folder, inputs, peer_dimensions, max_refused_share=1.0, **options):
    """Assert that both ways give the same; gives what they give."""
    common = {"peer_dimensions": peer_dimensions, "max_refused_share": max_refused_share}
    expected, expected_told = in_memory(folder, inputs, **common)
    frame, frame_told = on_disk(folder, inputs, **common, **options)
    assert frame_told == expected_told
    if isinstance(expected, pd.DataFrame):
        # An empty column of texts has no type of its own in a file.
        pd.testing.assert_frame_equal(frame, expected, check_dtype=False)
    else:
        assert frame == expected
    return expected, expected_told
