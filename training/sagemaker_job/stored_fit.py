"""A metric's fit as bytes and back, to the bit: arrays and a tree of plain JSON, no code.

Which classes there may be is a closed list; anything else in a file is refused.
"""

from __future__ import annotations

import dataclasses
import io
import json
import math
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray

from serving.scoring.distribution import PooledDistribution
from serving.scoring.smooth_terms import SmoothTerms
from training.fit import MetricFit
from training.peer_models.counting import CellCounts
from training.peer_models.distribution_regression import DistributionRegression
from training.peer_models.families import Beta, Exponential, Gamma, Normal
from training.peer_models.marginal import Marginal
from training.peer_models.nearest_peers import NearestPeers
from training.peer_models.neighbourhood import Neighbourhood
from training.peer_models.parametric import HurdleLaw, Parametric
from training.peer_models.smooth_logit import SmoothLogit
from training.pooled import Bounds

#: All that a fit is made of, whatever the estimator.
_CLASSES: Mapping[str, Any] = {
    kind.__name__: kind
    for kind in (
        MetricFit, PooledDistribution, Bounds, CellCounts, DistributionRegression, SmoothLogit,
        SmoothTerms, Marginal, NearestPeers, Neighbourhood, Parametric, HurdleLaw,
        Normal, Gamma, Exponential, Beta,
    )
}  # fmt: skip
_TREE = "tree"
#: What numpy, JSON and the classes themselves say of bytes that are something else.
_UNREADABLE = (
    AttributeError, EOFError, KeyError, OSError, RecursionError, TypeError, ValueError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip

_Arrays = dict[str, NDArray[Any]]


def pack_fit(fit: MetricFit) -> bytes:
    """Write a fit; raises TypeError if it holds what no file can."""
    arrays: _Arrays = {}
    tree = json.dumps(_plain(fit, arrays), allow_nan=False).encode()
    file = io.BytesIO()
    np.savez_compressed(
        file, allow_pickle=False, **{_TREE: np.frombuffer(tree, np.uint8)}, **arrays
    )
    return file.getvalue()


def unpack_fit(data: bytes) -> MetricFit:
    """Read what `pack_fit` wrote; raises ValueError if it is anything else."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        fit = _object(json.loads(arrays.pop(_TREE).tobytes()), arrays)
    except _UNREADABLE as error:
        raise ValueError(f"this is no fit: {error}") from None
    if not isinstance(fit, MetricFit):
        raise ValueError(f"this is no fit but a {type(fit).__name__}")  # noqa: TRY004 (of a file)
    return fit


def _plain(value: Any, arrays: _Arrays) -> Any:
    """Write a value as JSON; what is not plain becomes a mapping with one key that says what."""
    if value is None or isinstance(value, bool | str | int):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"float": repr(float(value))}
    if isinstance(value, np.ndarray):
        return {"array": _added(np.asarray(value), arrays)}
    if isinstance(value, xgboost.Booster):
        return {"booster": _added(np.frombuffer(value.save_raw("ubj"), np.uint8), arrays)}
    if isinstance(value, Mapping):
        return {"map": {key: _plain(item, arrays) for key, item in value.items()}}
    if (fields := _fields(value)) is not None:
        kept = {name: _plain(getattr(value, name), arrays) for name in fields}
        return {type(value).__name__: kept}
    return {type(value).__name__: [_plain(item, arrays) for item in value]}


def _fields(value: Any) -> tuple[str, ...] | None:
    if _CLASSES.get(type(value).__name__) is type(value):
        named = getattr(value, "_fields", None)
        return named or tuple(field.name for field in dataclasses.fields(value))
    if type(value) in (tuple, list):
        return None
    raise TypeError(f"a fit holds a {type(value).__name__}, which is not kept")


def _added(array: NDArray[Any], arrays: _Arrays) -> str:
    name = f"a{len(arrays)}"
    arrays[name] = array
    return name


def _object(tree: Any, arrays: _Arrays) -> Any:
    if not isinstance(tree, dict):
        return tree
    ((kind, inside),) = tree.items()
    if kind == "float":
        return float(inside)
    if kind == "array":
        return arrays[inside]
    if kind == "booster":
        return _booster(arrays[inside])
    if kind == "map":
        return {key: _object(item, arrays) for key, item in inside.items()}
    if kind in ("tuple", "list"):
        items = [_object(item, arrays) for item in inside]
        return tuple(items) if kind == "tuple" else items
    return _CLASSES[kind](**{name: _object(item, arrays) for name, item in inside.items()})


def _booster(data: NDArray[Any]) -> xgboost.Booster:
    booster = xgboost.Booster()
    booster.load_model(bytearray(data.tobytes()))
    booster.set_param({"nthread": 1})
    return booster
