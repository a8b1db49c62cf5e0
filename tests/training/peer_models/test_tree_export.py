import json
from typing import Any

import numpy as np
import pytest
import xgboost
from numpy.typing import NDArray
from samples import divide, make_sample

from serving.scoring.peer_forest import PeerForest
from serving.scoring.tree_arrays import MAX_DEPTH, no_trees
from training.peer_models.distribution_regression import DistributionRegression
from training.peer_models.distribution_regression import fit_distribution_regression as fit
from training.peer_models.tree_export import export_trees
from training.pooled import count_values, pool_metric

#: What XGBoost computes in short floats and numpy in long ones differs by less.
PARITY = 1e-6
CATEGORIES = 4


def make_features(rng: np.random.Generator, rows: int, *, one_hot: bool) -> NDArray[np.float32]:
    """Three numbers and, if asked for, a category with a column each."""
    numbers = rng.random((rows, 3))
    categories = np.eye(CATEGORIES)[rng.integers(0, CATEGORIES, rows)]
    columns = [numbers, categories] if one_hot else [numbers]
    return np.concatenate(columns, axis=1, dtype=np.float32)


def make_booster(
    outputs: int = 5, *, one_hot: bool = False, rounds: int = 30, **parameters: Any
) -> xgboost.Booster:
    rng = np.random.default_rng(outputs)
    features = make_features(rng, 1500, one_hot=one_hot)
    thresholds = np.linspace(0.2, 1.3, outputs)
    metric = features[:, [0]] * features[:, [1]] + features[:, [-1]] + rng.random((1500, 1)) / 2
    data = xgboost.DMatrix(features, label=(metric <= thresholds).astype(float))
    data.set_base_margin(rng.normal(size=(1500, outputs)))
    chosen = {
        "objective": "binary:logistic",
        "multi_strategy": "multi_output_tree",
        "tree_method": "hist",
        "max_bin": 64,
        "max_depth": 3,
        "subsample": 0.8,
        "nthread": 1,
    }
    return xgboost.train(chosen | parameters, data, rounds)


def differ(booster: xgboost.Booster, *, one_hot: bool = False) -> float:
    """Give the largest difference in F from XGBoost's own; half of the values are thresholds."""
    rng = np.random.default_rng(1)
    trees = export_trees(booster)
    features = make_features(rng, 2000, one_hot=one_hot)
    thresholds = trees.threshold[np.isfinite(trees.threshold)]
    met = rng.random((2000, 3)) < 0.5
    features[:, :3][met] = rng.choice(thresholds, met.sum())
    offset = rng.normal(size=(2000, trees.leaves.shape[2]))
    data = xgboost.DMatrix(features)
    data.set_base_margin(offset)

    theirs = booster.predict(data).reshape(offset.shape)
    ours = 1.0 / (1.0 + np.exp(-offset - trees.margins(features)))
    return float(np.abs(ours - theirs).max())


@pytest.mark.parametrize("outputs", [1, 5, 35])
@pytest.mark.parametrize("depth", [1, 3, 6])
@pytest.mark.parametrize("one_hot", [False, True])
def test_exported_trees_predict_what_xgboost_does(outputs: int, depth: int, one_hot: bool) -> None:
    booster = make_booster(outputs, one_hot=one_hot, max_depth=depth)

    assert differ(booster, one_hot=one_hot) < PARITY


@pytest.mark.parametrize("outputs", [1, 5])
def test_a_tree_for_each_output_is_exported_too(outputs: int) -> None:
    booster = make_booster(outputs, multi_strategy="one_output_per_tree")

    assert len(export_trees(booster).feature) == 30 * outputs
    assert differ(booster) < PARITY


@pytest.mark.parametrize("strategy", ["multi_output_tree", "one_output_per_tree"])
@pytest.mark.parametrize("intercept", [{}, {"base_score": 0.1}, {"base_score": 0.9}])
def test_the_intercept_is_not_added_to_a_base_margin(
    strategy: str, intercept: dict[str, float]
) -> None:
    assert differ(make_booster(multi_strategy=strategy, **intercept)) < PARITY


def test_several_trees_a_round_and_pruned_trees_are_exported() -> None:
    assert differ(make_booster(num_parallel_tree=3, rounds=5)) < PARITY
    pruned = make_booster(1, multi_strategy="one_output_per_tree", gamma=5.0, max_depth=6)
    assert differ(pruned) < PARITY


def test_the_first_rounds_alone_are_exported() -> None:
    booster = make_booster(rounds=20)[:7]

    assert len(export_trees(booster).feature) == 7
    assert differ(booster) < PARITY


def test_a_branch_that_ends_early_is_filled_up() -> None:
    trees = export_trees(make_booster(max_depth=5, min_child_weight=100))

    assert trees.depth > 1
    assert np.isinf(trees.threshold).any()
    assert (np.isinf(trees.threshold) <= (trees.feature == 0)).all()


def test_a_leaf_is_found_where_its_node_says() -> None:
    booster = make_booster(rounds=3)
    model = json.loads(bytes(booster.save_raw("json")))
    for tree in model["learner"]["gradient_booster"]["model"]["trees"]:
        # The same tree, its leaves stored the other way round.
        weights = np.array(tree["leaf_weights"]).reshape(-1, 5)
        tree["leaf_weights"] = weights[::-1].reshape(-1).tolist()
        tree["right_children"] = [
            right if left != -1 else len(weights) - 1 - right
            for left, right in zip(tree["left_children"], tree["right_children"], strict=True)
        ]
    turned = xgboost.Booster(model_file=bytearray(json.dumps(model).encode()))

    assert differ(turned) < PARITY
    assert np.array_equal(export_trees(turned).leaves, export_trees(booster).leaves)


def test_trees_that_are_single_leaves_have_no_depth() -> None:
    booster = make_booster(min_child_weight=1e9)

    assert export_trees(booster).depth == 0
    assert export_trees(booster).leaves.shape == (30, 1, 5)


def test_a_booster_without_rounds_has_no_trees() -> None:
    exported, none = export_trees(make_booster(rounds=0)), no_trees(5)

    assert exported.feature.shape == none.feature.shape
    assert exported.threshold.shape == none.threshold.shape
    assert exported.leaves.shape == none.leaves.shape


def test_trees_that_are_too_deep_are_refused() -> None:
    booster = make_booster(max_depth=MAX_DEPTH + 1, min_child_weight=0, reg_lambda=0)

    with pytest.raises(ValueError, match=f"at most {MAX_DEPTH} can be exported"):
        export_trees(booster)


@pytest.mark.parametrize("kind", ["gblinear", "dart"])
def test_what_is_no_plain_ensemble_of_trees_is_refused(kind: str) -> None:
    data = xgboost.DMatrix(np.arange(40.0)[:, None], label=np.arange(40) % 2)
    booster = xgboost.train({"booster": kind, "nthread": 1}, data, 2)

    with pytest.raises(ValueError, match=f"not {kind}"):
        export_trees(booster)


def test_splits_on_categories_are_refused() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 8, (500, 1)).astype(float)
    data = xgboost.DMatrix(
        codes, label=codes[:, 0] % 2, feature_types=["c"], enable_categorical=True
    )
    booster = xgboost.train({"objective": "binary:logistic", "tree_method": "hist"}, data, 3)

    with pytest.raises(ValueError, match="one-hot"):
        export_trees(booster)


def two_gammas(dimensions: NDArray[np.float64]) -> NDArray[np.float64]:
    """A metric whose peers differ by a product of numbers and by a category."""
    rng = np.random.default_rng(9)
    scale = 1.0 + 4.0 * (dimensions[:, 0] > 0.4) * (dimensions[:, 1] > 0.6) + dimensions[:, -1]
    return np.where(rng.random(len(scale)) < 0.2, 0.0, rng.gamma(2.0, scale))


def test_a_fitted_model_and_its_forest_are_the_same_distribution() -> None:
    sample = make_sample(6000, categories=(0, 0, 0, 0, 3), values=two_gammas)
    model = fit(*divide(sample), seed=0)
    assert isinstance(model, DistributionRegression)
    assert model.booster is not None
    forest = PeerForest(
        pool_metric(count_values(sample.values)),
        sample.knots,
        0.0,
        np.inf,
        terms=model.smooth.terms,
        coefficients=model.smooth.coefficients,
        offset=model.smooth.offset,
        trees=export_trees(model.booster),
        observed=1.0,
    )
    places = sample.dimensions[:1000]

    assert np.abs(forest.cdf(places) - model.cdf(places)).max() < PARITY
