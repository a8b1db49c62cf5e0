"""The classifiers of an artifact as one file of plain arrays, checked when they are read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.scoring.errors import ArtifactCorrupt
from serving.scoring.risk import RiskModel
from serving.scoring.risk_trees import BoostedRisk
from serving.scoring.stored_arrays import StoredArrays, check, pack_arrays
from serving.scoring.stored_trees import is_bounded, read_trees, tree_arrays

#: What the file is called in an artifact.
RISKS = "risk_models.npz"
#: A model of more columns is a mistake; and their numbers must fit the trees' short ones.
MAX_INPUTS = 1024
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def is_model_name(name: str) -> bool:
    """Tell whether a model can be called so: 64 letters, digits, dots, hyphens, underscores."""
    return _NAME.fullmatch(name) is not None


def pack_risks(models: Mapping[str, BoostedRisk]) -> bytes:
    """Pack models by name; the same models give the same bytes, whatever their order.

    Raises
    ------
    ValueError
        If a model cannot be called so.
    """
    arrays: dict[str, NDArray[Any]] = {}
    for name, model in models.items():
        if not is_model_name(name):
            raise ValueError(f"a model cannot be called {name!r}")
        inputs = json.dumps(list(model.inputs)).encode()
        arrays[f"{name}/inputs"] = np.frombuffer(inputs, np.uint8)
        arrays[f"{name}/calibration"] = np.array([model.base, model.slope, model.intercept])
        arrays |= {f"{name}/{key}": array for key, array in tree_arrays(model.trees).items()}
    return pack_arrays(arrays)


def read_risks(data: bytes) -> dict[str, BoostedRisk]:
    """Unpack and check what `pack_risks` packed.

    Raises
    ------
    ArtifactCorrupt
        If an array is missing, unknown, of another type or shape, or holds what no fit gives.
    """
    arrays = StoredArrays(data, RISKS)
    names = sorted({key.rpartition("/")[0] for key in arrays.keys})
    models = {name: _read_model(arrays, name) for name in names}
    arrays.check_all_taken()
    return models


def named_models(
    models: Mapping[str, RiskModel], asked: Iterable[tuple[str, Sequence[str]]]
) -> Mapping[str, RiskModel]:
    """Give the models back, if each is one that metrics ask for, by name and by inputs.

    A model that is asked for and not there is no mistake: its metrics have no score.

    Parameters
    ----------
    asked : iterable of (str, sequence of str)
        Of every metric that is scored by a model: the model's name and its columns, in any order.

    Raises
    ------
    ArtifactCorrupt
        Naming the model that nobody asks for, or not with its inputs.
    """
    wanted = list(asked)
    unnamed = sorted(set(models) - {name for name, _ in wanted})
    if unnamed or not models:
        raise ArtifactCorrupt(f"{RISKS} holds models that no metric names: {unnamed[:3]}")
    for name, inputs in wanted:
        if name in models and sorted(models[name].inputs) != sorted(inputs):
            raise ArtifactCorrupt(
                f"{RISKS}: {name} was fitted to {list(models[name].inputs)[:20]}, and a metric "
                f"gives it {list(inputs)[:20]}"
            )
    return models


def _read_model(arrays: StoredArrays, name: str) -> BoostedRisk:
    check(is_model_name(name), f"{name[:80]!r}", RISKS)
    inputs = _read_inputs(arrays, f"{name}/inputs")
    numbers = arrays.take(f"{name}/calibration", np.float64, (3,))
    base, slope, intercept = numbers.tolist()
    check(is_bounded(numbers) and slope > 0, f"{name}/calibration", RISKS)
    return BoostedRisk(
        inputs=inputs,
        trees=read_trees(arrays, name, outputs=1, features=2 * len(inputs)),
        base=base,
        slope=slope,
        intercept=intercept,
    )


def _read_inputs(arrays: StoredArrays, key: str) -> tuple[str, ...]:
    text = arrays.take(key, np.uint8, (None,)).tobytes()
    try:
        inputs = json.loads(text)
    except (ValueError, RecursionError):
        inputs = None
    listed = isinstance(inputs, list) and all(isinstance(each, str) for each in inputs)
    check(listed, key, RISKS)
    check(0 < len(inputs) <= MAX_INPUTS and len(set(inputs)) == len(inputs), key, RISKS)
    return tuple(inputs)
