"""What a manifest says of where an artifact comes from: accounts, split, seed, libraries."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from serving.scoring.peer_axes import Axis
from training.inspection import steps_in_units
from training.split import SALT, SHARES, Split

if TYPE_CHECKING:
    from training.fit import MetricFit
    from training.reading.refusals import Refusals
    from training.training_accounts import TrainingAccounts

#: Libraries whose version can change the bytes of what is fitted.
LIBRARIES = ("numpy", "scipy", "xgboost")


def of_accounts(
    accounts: TrainingAccounts,
    *,
    seed: int,
    scoring_date: dt.date | None,
) -> dict[str, Any]:
    """Say what an artifact was fitted to: plain JSON values.

    Parameters
    ----------
    scoring_date : date or None
        None where no column is a date.
    """
    return {
        "data_sha256": accounts.place.data_sha256(),
        "accounts": len(accounts),
        "refused_rows": accounts.refusals.total,
        "refused_for": _reasons(accounts.refusals),
        "newest": str(accounts.newest.date()) if accounts.newest is not None else None,
        "split": _split(accounts.place.split_counts),
        "seed": seed,
        "scoring_date": str(scoring_date) if scoring_date is not None else None,
        "metrics": {},  # In its place here; known when they are fitted.
        **_program(LIBRARIES),
    }


def of_nobody() -> dict[str, Any]:
    """Say that an artifact was made from its definition alone."""
    return {
        "accounts": 0,
        # Nobody was seen, so everybody may evaluate; they are dealt as ever.
        "split": _split(np.zeros(len(Split), dtype=np.int64)),
        "seed": 0,
        "metrics": {},
        **_program(("numpy",)),
    }


def of_fit(fit: MetricFit, axes: tuple[Axis, ...]) -> dict[str, Any]:
    """Say of a fit what its estimator says, and what was learned of the metric."""
    learned = [float(bound) if np.isfinite(bound) else None for bound in fit.bounds]
    steps = steps_in_units(axes, fit.description.get("steps", ()))
    return {**fit.description, "learned_bounds": learned, "steps_at": steps}


def _split(counts: NDArray[np.integer[Any]]) -> dict[str, Any]:
    return {
        "salt": SALT,
        "shares": list(SHARES),
        "accounts": {split.name.lower(): int(counts[split]) for split in Split},
    }


def _program(libraries: Sequence[str]) -> dict[str, Any]:
    return {
        "program": importlib.metadata.version("customer-success-scorecard"),
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in libraries},
    }


def _reasons(refusals: Refusals) -> Mapping[str, int]:
    """Count refused rows by reason, whatever files they were in."""
    reasons: Counter[str] = Counter()
    for (_, reason), rows in refusals.counts.items():
        reasons[reason] += rows
    return dict(sorted(reasons.items()))


def _version(module: str) -> str:
    # The module's own word: the distribution may be called xgboost or xgboost-cpu.
    return str(__import__(module).__version__)
