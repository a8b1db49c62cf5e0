"""A fit comes back from its bytes as it was, to the last bit, whatever the estimator."""

import io
import json

import numpy as np
import pytest

from serving.scoring.column import Input
from training.axes import fit_axes
from training.definition import EstimatorOptions
from training.fit import fit_metric, fit_tables
from training.plan import FitPlan
from training.sagemaker_job.stored_fit import pack_fit, unpack_fit
from training.split import Split

RNG = np.random.default_rng(8)
ACCOUNTS = 1200


def make_plan(dimensions, columns):
    split = np.where(np.arange(ACCOUNTS) % 4 == 3, Split.SELECT, Split.FIT).astype(np.int8)
    return FitPlan(fit_axes(columns, dimensions), dimensions, split, seed=0)


PLACES = RNG.random((ACCOUNTS, 2)) * 100
PLAN = make_plan(PLACES, [Input("age"), Input("size")])
#: Jumps in a checkerboard: steps, and a booster for what they leave.
CHECKED = (PLACES[:, 0] // 20 + PLACES[:, 1] // 20) % 2 * 3.0 + RNG.random(ACCOUNTS)
STEEP = RNG.gamma(2.0, size=ACCOUNTS) * (1 + PLACES[:, 0] / 20)

#: What takes a second or two.
SLOW = [None, EstimatorOptions("distribution_regression")]
MARGINAL = EstimatorOptions("marginal")
ESTIMATORS = [
    *(pytest.param(asked, marks=pytest.mark.slow) for asked in SLOW),
    EstimatorOptions("nearest_peers"),
    MARGINAL,
    *(EstimatorOptions("parametric", family=name) for name in ("normal", "gamma", "exponential")),
    EstimatorOptions("parametric", family="beta", loc=0.0, scale=1e3),
]


def through(fit):
    """Give a fit that was written and read."""
    return unpack_fit(pack_fit(fit))


@pytest.mark.parametrize("asked", ESTIMATORS, ids=str)
@pytest.mark.parametrize(
    "values",
    [pytest.param(CHECKED, id="checked", marks=pytest.mark.soak), pytest.param(STEEP, id="steep")],
)
def test_a_fit_makes_the_same_table_after_it_was_stored(asked, values):
    fit = fit_metric(PLAN, values, asked)

    def remember(_name, _fit):
        return through(fit)

    estimators = {"m": asked} if asked else {}
    told = fit_tables(PLAN, {"m": values}, estimators, jobs=1, remember=lambda _n, _f: fit)
    again = fit_tables(PLAN, {"m": values}, estimators, jobs=1, remember=remember)

    assert again[0].to_npz() == told[0].to_npz()
    assert again[1]["m"].description == told[1]["m"].description
    assert type(again[1]["m"].model) is type(fit.model)
    assert again[1]["m"].model.booster_json() == fit.model.booster_json()


@pytest.mark.soak
def test_the_checkerboard_needs_a_booster():
    assert fit_metric(PLAN, CHECKED, SLOW[1]).model.booster_json() is not None


def test_a_metric_that_nobody_has_is_stored_too():
    fit = fit_metric(PLAN, np.full(ACCOUNTS, np.nan), None)

    again = through(fit)

    assert again.model is None
    assert again.bounds == fit.bounds
    assert again.description == fit.description


@pytest.mark.slow
def test_models_over_many_dimensions_are_stored_to_the_bit():
    places = RNG.random((ACCOUNTS, 5)) * 100
    plan = make_plan(places, [Input(f"d{number}") for number in range(5)])
    metrics = {"m": places[:, 0] + RNG.random(ACCOUNTS) * 50}

    told, _ = fit_tables(plan, metrics, {}, jobs=1)
    again, _ = fit_tables(plan, metrics, {}, jobs=1, remember=lambda _name, fit: through(fit()))

    assert again.to_npz() == told.to_npz()


def with_tree(tree):
    file = io.BytesIO()
    np.savez(file, tree=np.frombuffer(json.dumps(tree).encode(), np.uint8))
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "nothing"),
        (b"PK\x03\x04", "the beginning of an archive"),
        (pack_fit(fit_metric(PLAN, CHECKED, MARGINAL))[:-30], "a part"),
        (with_tree({"system": {"command": "ls"}}), "a class that no fit has"),
        (with_tree({"Bounds": {"lower": 0, "upper": 1}}), "a class of a part"),
        (with_tree([1]), "no class"),
        (with_tree({"map": [1]}), "a list that should be a mapping"),
        (with_tree({"tuple": [], "list": []}), "two things at once"),
        (with_tree({"array": "a9"}), "an array that is not there"),
    ],
)
def test_what_is_no_fit_is_refused(data, why):
    with pytest.raises(ValueError, match=r"^this is no fit"):
        unpack_fit(data)


def test_what_no_file_can_hold_is_refused_when_it_is_written():
    fit = fit_metric(PLAN, CHECKED, MARGINAL)
    description = {**fit.description, "odd": {1, 2}}

    with pytest.raises(TypeError, match="a fit holds a set, which is not kept"):
        pack_fit(type(fit)(**{**vars(fit), "description": description}))
