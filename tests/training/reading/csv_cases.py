"""Read a CSV given as text, and what was refused of it."""

import io

import pandas as pd

from serving.scoring.column import Input
from training.reading.csv_reader import read_batches
from training.reading.refusals import Refusals

RATE = Input("rate")
REGION = Input("region", "category")
SINCE = Input("since", "date")
TINY_BLOCKS = [1, 3, 7, 16, 8 * 2**20]


def read(content, inputs=(RATE,), **options):
    data = content if isinstance(content, bytes) else content.encode()
    refusals = Refusals()
    frames = list(read_batches(io.BytesIO(data), inputs, refusals, name="x.csv", **options))
    return pd.concat(frames, ignore_index=True) if frames else None, refusals


def refused(content, inputs=(RATE,), **options):
    return [(entry.line, entry.reason) for entry in read(content, inputs, **options)[1].entries]
