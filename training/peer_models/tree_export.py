"""From an XGBoost ensemble to the plain arrays that serving evaluates."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray

from serving.scoring.tree_arrays import MAX_DEPTH, Trees

Tree = Mapping[str, Any]


def export_trees(booster: xgboost.Booster, *, unknown_right: int = 0) -> Trees:
    """Copy a fitted ensemble into arrays.

    The margin that XGBoost predicts is the base margin it is given plus `Trees.margins`; it adds
    no intercept of its own to a base margin.

    Parameters
    ----------
    booster : xgboost.Booster
        Of trees over numbers. With ``multi_strategy="multi_output_tree"`` as many trees as rounds;
        with ``"one_output_per_tree"`` as many more as there are outputs, which scores as much
        slower.
    unknown_right : int
        Added to the feature of a split that sends what is not known to the right. `Trees` take no
        NaN: whoever fitted to such gives them columns that hold -inf for it, and so many further
        on the same columns with +inf.

    Raises
    ------
    ValueError
        If it is linear, drops trees (dart), splits on categories, or is deeper than `MAX_DEPTH`.
    """
    learner = json.loads(bytes(booster.save_raw("json")))["learner"]
    kind = learner["gradient_booster"]["name"]
    if kind != "gbtree":
        raise ValueError(f"only plain trees can be exported, not {kind}")
    model = learner["gradient_booster"]["model"]
    outputs = booster_outputs(learner)
    trees: list[Tree] = model["trees"]
    if any(any(tree["split_type"]) for tree in trees):
        raise ValueError("trees that split on categories cannot be exported: encode them one-hot")
    depth = max((_depth(tree, 0) for tree in trees), default=0)
    if depth > MAX_DEPTH:
        raise ValueError(f"trees are {depth} deep; at most {MAX_DEPTH} can be exported")
    exported = Trees(
        feature=np.zeros((len(trees), 2**depth - 1), np.int16),
        # What is not filled belongs to branches that end early.
        threshold=np.full((len(trees), 2**depth - 1), np.inf, np.float32),
        leaves=np.zeros((len(trees), 2**depth, outputs), np.float32),
    )
    for number, (tree, output) in enumerate(zip(trees, model["tree_info"], strict=True)):
        _fill(exported, number, tree, _leaf_vectors(tree, output, outputs), unknown_right)
    return exported


def booster_outputs(learner: Mapping[str, Any]) -> int:
    """Count the outputs: targets, or classes of one target."""
    parameters = learner["learner_model_param"]
    return max(int(parameters["num_target"]), int(parameters["num_class"]), 1)


def _depth(tree: Tree, node: int) -> int:
    if tree["left_children"][node] == -1:
        return 0
    below = tree["left_children"][node], tree["right_children"][node]
    return 1 + max(_depth(tree, child) for child in below)


def _leaf_vectors(tree: Tree, output: int, outputs: int) -> NDArray[np.float32]:
    """Give what each node would add if it is a leaf; shape (n_nodes, n_outputs)."""
    vectors = np.zeros((len(tree["left_children"]), outputs), np.float32)
    is_leaf = np.array(tree["left_children"]) == -1
    if int(tree["tree_param"]["size_leaf_vector"]) > 1:
        weights = np.array(tree["leaf_weights"], np.float32).reshape(-1, outputs)
        # A leaf has no right child; there stands its row in the table of weights.
        vectors[is_leaf] = weights[np.array(tree["right_children"])[is_leaf]]
    else:
        vectors[is_leaf, output] = np.array(tree["split_conditions"], np.float32)[is_leaf]
    return vectors


def _fill(
    exported: Trees, number: int, tree: Tree, vectors: NDArray[np.float32], unknown_right: int
) -> None:
    """Copy one tree, from the root down; below an early leaf the same leaf goes on."""
    nodes = exported.feature.shape[1]
    open_nodes = [(0, 0)]
    while open_nodes:
        node, place = open_nodes.pop()
        left, right = tree["left_children"][node], tree["right_children"][node]
        if place >= nodes:
            exported.leaves[number, place - nodes] = vectors[node]
        elif left == -1:
            open_nodes += [(node, 2 * place + 1), (node, 2 * place + 2)]
        else:
            shift = 0 if tree["default_left"][node] else unknown_right
            exported.feature[number, place] = tree["split_indices"][node] + shift
            exported.threshold[number, place] = tree["split_conditions"][node]
            open_nodes += [(left, 2 * place + 1), (right, 2 * place + 2)]
