"""Synthetic accounts: CSVs of the real layout, in which every account's true peer rank is known.

`training.synthetic.metrics` holds the truth, `training.synthetic.shapes` what it is made of.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray
from scipy import special

from training.atomic_files import arriving_together
from training.errors import DataError
from training.synthetic.metrics import LARGEST_SEATS, METRICS, OLDEST_MONTHS, Shape
from training.synthetic.shapes import Floats

__all__ = ["METRICS", "Shape", "sample_accounts", "write_sample"]

#: file stem → its metrics. `peer_dims` is last: see `arriving_together`.
FILES: Mapping[str, tuple[str, ...]] = {
    "usage_metrics": (
        "bots",
        "email2case",
        "lightning_utilization",
        "ltnflows",
        "macro",
        "quicktext",
        "web2case",
        "workflowrules",
        "workflows",
    ),
    "product_metrics": (
        "activation_rate",
        "penetration_rate",
        "engagement_rate",
        "utilization_rate",
    ),
    "peer_dims": (),
}

#: Digits of a value in the file. Cut off, not rounded: no share below 1 may become 1.
SIGNIFICANT_DIGITS = 6
#: Correlation of age and ln(size) on the normal scale; it empties two corners of the plane.
AGE_SIZE_CORRELATION = 0.6
_ID_DIGITS = 11
_DAYS = np.array([f"2026-01-0{day}T00:00:00" for day in (2, 3, 4, 5)])


def sample_accounts(
    accounts: int, seed: int, *, missing_share: float = 0.01
) -> dict[str, pd.DataFrame]:
    """Draw accounts whose true peer ranks `METRICS` knows.

    Parameters
    ----------
    accounts : int
        How many, at least 1. Another number gives other accounts, not more of the same.
    seed : int
        The same seed gives the same accounts.
    missing_share : float
        Share of metric cells that are missing. Half as large a share of accounts lacks its age
        or its size, a fifth as large a share has no row among the usage metrics.

    Returns
    -------
    dict of DataFrame
        File stem → what `pandas.read_csv` gives for that file. Numbers are float64, counts and
        sizes too; a missing one is NaN.

    Raises
    ------
    DataError
        If no accounts are asked for, or `missing_share` is not a share.
    """
    if accounts < 1:
        raise DataError(f"accounts must be at least 1, got {accounts}")
    if not 0 <= missing_share <= 1:
        raise DataError(f"missing_share must be within 0 and 1, got {missing_share}")
    rng = np.random.default_rng(seed)
    ids = _account_ids(accounts, rng)
    age, size = _peer_dimensions(accounts, rng)
    frames = {}
    for stem, metrics in FILES.items():
        columns = {name: _cut_digits(METRICS[name].sample(age, size, rng)) for name in metrics}
        for column in columns.values():
            column[rng.random(accounts) < missing_share] = np.nan
        updated = {"last_updated": rng.choice(_DAYS, size=accounts)} if metrics else {}
        frames[stem] = pd.DataFrame({"acct_id": ids, **columns, **updated})
    lost = rng.random(accounts)
    frames["peer_dims"]["acct_age"] = np.where(lost < missing_share / 4, np.nan, age)
    frames["peer_dims"]["acct_size"] = np.where(lost > 1 - missing_share / 4, np.nan, size)
    has_usage = rng.random(accounts) >= missing_share / 5
    frames["usage_metrics"] = frames["usage_metrics"][has_usage].reset_index(drop=True)
    return frames


def write_sample(folder: Path, accounts: int, seed: int, *, missing_share: float = 0.01) -> None:
    """Write `sample_accounts` as three CSVs, replacing those of the same names in `folder`.

    The same arguments give the same bytes. While it has not finished, `folder` either holds what
    it held before or has no `peer_dims.csv`.
    """
    frames = sample_accounts(accounts, seed, missing_share=missing_share)
    with arriving_together(folder, [f"{stem}.csv" for stem in frames]) as scratch:
        for stem, frame in frames.items():
            _write_csv(frame, scratch / f"{stem}.csv")


def _account_ids(accounts: int, rng: np.random.Generator) -> NDArray[np.str_]:
    """Draw distinct ids of 11 hexadecimal characters, shape (accounts,)."""
    numbers = rng.choice(16**_ID_DIGITS, size=accounts, replace=False)
    digits = (numbers[:, None] >> (4 * np.arange(_ID_DIGITS)[::-1])) & 15
    letters = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)[digits]
    ids: NDArray[np.str_] = letters.view(f"S{_ID_DIGITS}")[:, 0].astype(np.str_)
    return ids


def _peer_dimensions(accounts: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Draw age (months, one decimal) and size (whole seats), as they stand in the file."""
    first, second = rng.standard_normal((2, accounts))
    other = AGE_SIZE_CORRELATION * first + np.sqrt(1 - AGE_SIZE_CORRELATION**2) * second
    # The power makes young accounts the most frequent: about 8 % are in their first 3 months.
    age = OLDEST_MONTHS * special.ndtr(first) ** 1.6
    size = np.clip(np.rint(np.exp(3.8 + 1.7 * other)), 1, LARGEST_SEATS)
    return np.round(age, 1), size


def _cut_digits(values: Floats) -> Floats:
    """Keep the first 6 significant digits of numbers >= 0; 0 stays 0."""
    exponent = np.floor(np.log10(values, where=values > 0, out=np.zeros_like(values)))
    scale = 10.0 ** np.clip(SIGNIFICANT_DIGITS - 1 - exponent, 0, 22)
    # Dividing two exact whole numbers gives the float nearest to the decimal that is written, so
    # reading it back gives the same float. Values of 6 digits before the point become whole.
    return np.asarray(np.floor(values * scale) / scale, dtype=np.float64)


def _write_csv(frame: pd.DataFrame, path: Path) -> None:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    # Arrow's own header is quoted, by an option that older releases lack.
    layout = pyarrow.csv.WriteOptions(include_header=False, quoting_style="none")
    with path.open("wb") as file:
        file.write((",".join(frame.columns) + "\n").encode())
        pyarrow.csv.write_csv(table, file, layout)
