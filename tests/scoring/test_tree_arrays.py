import numpy as np
import pytest
from forest_builders import make_trees
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from serving.scoring.tree_arrays import Trees, no_trees

F4 = NDArray[np.float32]


def make_features(rng: np.random.Generator, rows: int, columns: int) -> F4:
    """Many values are exactly at the thresholds, which are in eighths."""
    values = np.where(
        rng.random((rows, columns)) < 0.5,
        rng.integers(0, 9, (rows, columns)) / 8.0,
        rng.random((rows, columns)),
    )
    return values.astype(np.float32)


def walk(trees: Trees, row: F4) -> list[float]:
    """Sum leaves as one would by hand."""
    total = [0.0] * trees.leaves.shape[2]
    for feature, threshold, leaves in zip(
        trees.feature, trees.threshold, trees.leaves, strict=True
    ):
        node = 0
        while node < len(feature):
            node = 2 * node + (1 if row[feature[node]] < threshold[node] else 2)
        leaf = leaves[node - len(feature)]
        total = [sum_ + float(weight) for sum_, weight in zip(total, leaf, strict=True)]
    return total


@pytest.mark.parametrize("depth", [0, 1, 2, 3, 6])
@pytest.mark.parametrize("outputs", [0, 1, 5])
def test_trees_are_walked_as_one_would_by_hand(depth: int, outputs: int) -> None:
    rng = np.random.default_rng(depth)
    trees = make_trees(rng, depth=depth, features=4, outputs=outputs)
    features = make_features(rng, 40, 4)

    margins = trees.margins(features)

    assert trees.depth == depth
    assert margins.tolist() == [walk(trees, row) for row in features]


@pytest.mark.parametrize(
    ("value", "leaf", "why"),
    [
        (0.25, 1.0, "smaller goes left"),
        (0.5, 2.0, "the threshold itself goes right"),
        (0.75, 2.0, "larger goes right"),
    ],
)
def test_a_threshold_belongs_to_its_right(value: float, leaf: float, why: str) -> None:
    trees = Trees(
        np.zeros((1, 1), np.int16), np.full((1, 1), 0.5, np.float32), np.float32([[[1], [2]]])
    )

    assert trees.margins(np.float32([[value]])).tolist() == [[leaf]], why


def test_a_branch_that_ends_early_goes_left_whatever_the_value() -> None:
    trees = Trees(
        np.zeros((1, 1), np.int16), np.full((1, 1), np.inf, np.float32), np.float32([[[1], [2]]])
    )
    values = np.float32([[-1e30], [0], [np.finfo(np.float32).max]])

    assert trees.margins(values).tolist() == [[1.0]] * 3


def test_no_trees_add_nothing() -> None:
    margins = no_trees(3).margins(np.ones((5, 2), np.float32))

    assert margins.tolist() == [[0.0, 0.0, 0.0]] * 5


def test_nobody_has_no_margins() -> None:
    trees = make_trees(np.random.default_rng(0), features=2, outputs=3)

    assert trees.margins(np.empty((0, 2), np.float32)).shape == (0, 3)


@given(seed=st.integers(0, 2**32), outputs=st.integers(1, 40), depth=st.integers(0, 4))
def test_a_rows_bits_do_not_depend_on_the_batch(seed: int, outputs: int, depth: int) -> None:
    rng = np.random.default_rng(seed)
    trees = make_trees(rng, depth=depth, features=3, outputs=outputs)
    # More than one block of rows.
    features = make_features(rng, 1100, 3)
    together = trees.margins(features)

    for row in (0, 1, 511, 512, 1099):
        assert trees.margins(features[[row]]).tobytes() == together[row].tobytes()
    start, end = sorted(rng.integers(0, 1101, 2))
    assert trees.margins(features[start:end]).tobytes() == together[start:end].tobytes()


def test_how_the_features_lie_in_memory_is_no_matter() -> None:
    rng = np.random.default_rng(0)
    trees = make_trees(rng, features=3, outputs=5)
    features = make_features(rng, 50, 3)

    turned = trees.margins(np.asfortranarray(features))

    assert turned.tobytes() == trees.margins(features).tobytes()
