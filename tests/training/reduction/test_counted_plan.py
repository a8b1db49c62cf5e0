"""A fit to accounts that are counted in passes is the fit to the same accounts in memory."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from array_store import ArrayStore

from tests.training.fit_builders import make_definition
from training.definition import EstimatorOptions
from training.errors import DataError
from training.fit import fit_tables
from training.pooled import choose_knots
from training.prepare import prepare
from training.reduction.prepare import prepare_counted
from training.split import Split, split_accounts, split_numbers

TODAY = dt.date(2026, 1, 31)
ACCOUNTS = 4000
METRICS = ("stepped", "gaps", "never", "once", "constant", "counts", "debts", "topped")
DIMENSIONS = {
    "numbers": "[acct_age, acct_size]",
    "one number": "[acct_age]",
    "three numbers": "[acct_age, acct_size, other]",
    "a category": "[{name: region, type: category}]",
    "all kinds": "[acct_age, {name: region, type: category}, {name: since, type: date}]",
}
CHEAP, STEPPED = EstimatorOptions("nearest_peers"), EstimatorOptions("distribution_regression")


def make_frame(accounts=ACCOUNTS, seed=6):
    rng = np.random.default_rng(seed)
    age, size = rng.random(accounts) * 60, rng.lognormal(2.0, 3.0, accounts)
    region = rng.choice(["ÅL", "EU", "US"], accounts)
    law = np.where(age < 12, 1.0, 3.0) * rng.gamma(2.0, 1.0, accounts)
    hidden = rng.random((6, accounts)) < 0.05
    since = pd.Timestamp(2024, 1, 1) + pd.to_timedelta(rng.integers(0, 700, accounts), unit="D")
    return pd.DataFrame(
        {
            "acct_id": [f"é{number}" for number in rng.permutation(accounts)],
            "acct_age": np.where(hidden[0], np.nan, age),
            "acct_size": np.where(hidden[1], np.nan, size),
            "other": np.where(hidden[2], np.nan, np.floor(age / 10)),
            "region": pd.Series(region, dtype="str").mask(hidden[3]),
            "since": pd.Series(since).astype("datetime64[us]").mask(hidden[4]),
            "stepped": law,
            "gaps": np.where(rng.random(accounts) < 0.6, np.nan, law + size),
            "never": np.full(accounts, np.nan),
            "once": np.where(np.arange(accounts) == 7, 5.0, np.nan),
            "constant": np.full(accounts, -3.0),
            "counts": rng.poisson(1 + age / 20).astype(float),
            "debts": rng.normal(size=accounts) * (1 + (region == "EU")),
            "topped": np.minimum(law, 4.0),
        }
    )


FRAME = make_frame()


def store_of(frame, seed=1):
    columns = {name: column for name, column in frame.items() if name != "acct_id"}
    return ArrayStore(columns, split_numbers(frame["acct_id"]), seed=seed)


def prepared(dimensions, metrics, frame=FRAME, **options):
    """What a fit needs, of accounts in memory and of accounts in a store."""
    definition = make_definition(dimensions, metrics)
    common = {"seed": 0, "scoring_date": TODAY}
    store = store_of(frame, **options)
    return prepare(definition, frame, **common), prepare_counted(definition, store, **common)


def assert_same_fit(some, others):
    for name in ("pooled", "bounds", "description"):
        assert repr(getattr(some, name)) == repr(getattr(others, name))
    assert some.knots.tobytes() == others.knots.tobytes()
    assert some.bandwidth == others.bandwidth
    assert (some.cells is None) == (others.cells is None)
    for ours, theirs in zip(some.cells or (), others.cells or (), strict=True):
        assert ours.tobytes() == theirs.tobytes()


def assert_same_tables(some, others):
    assert some.effective_peers.tobytes() == others.effective_peers.tobytes()
    for ours, theirs in zip(some.axes, others.axes, strict=True):
        assert ours.input == theirs.input
        assert ours.nodes.tobytes() == theirs.nodes.tobytes()
    for name, table in some.metrics.items():
        other = others.metrics[name]
        assert table.cdf.tobytes() == other.cdf.tobytes(), name
        assert table.peers.tobytes() == other.peers.tobytes(), name
        for part in ("values", "ranks"):
            ours, theirs = getattr(table.pooled, part), getattr(other.pooled, part)
            assert ours.tobytes() == theirs.tobytes(), name


def fitted(data, asked=None, jobs=1):
    estimators = dict.fromkeys(data.metrics, asked) if asked else {}
    return fit_tables(data.plan, data.metrics, estimators, jobs=jobs)


@pytest.mark.parametrize("dimensions", sorted(DIMENSIONS))
def test_metrics_of_all_kinds_are_fitted_the_same(dimensions):
    # A table over all kinds has thousands of nodes, and takes a second a metric.
    metrics = METRICS if dimensions != "all kinds" else ("stepped", "never")
    within, counted = prepared(DIMENSIONS[dimensions], metrics)
    assert len(within.plan) == len(counted.plan)
    assert within.plan.categories == counted.plan.categories
    assert within.categories == counted.categories

    (tables, fits), (others, found) = fitted(within, CHEAP), fitted(counted, CHEAP)

    assert list(fits) == list(found) == list(metrics)
    for name in metrics:
        assert_same_fit(fits[name], found[name])
    assert_same_tables(tables, others)


@pytest.mark.slow
def test_a_metric_with_a_step_is_fitted_the_same_and_its_step_is_found():
    within, counted = prepared(DIMENSIONS["numbers"], ("stepped", "gaps"))

    (tables, fits), (others, found) = fitted(within, STEPPED), fitted(counted, STEPPED)

    assert fits["stepped"].model.steps
    assert fits["stepped"].model.steps == found["stepped"].model.steps
    assert_same_fit(fits["stepped"], found["stepped"])
    assert_same_fit(fits["gaps"], found["gaps"])
    assert_same_tables(tables, others)


def test_several_threads_may_ask_at_once():
    _, counted = prepared(DIMENSIONS["one number"], METRICS)

    alone, together = fitted(counted, STEPPED), fitted(counted, STEPPED, jobs=4)

    assert_same_tables(alone[0], together[0])


def test_without_steps_a_metric_is_counted_with_all_others_and_never_again():
    """What a fit asks for first has been counted: its passes are those that find steps."""
    _, counted = prepared(DIMENSIONS["numbers"], METRICS)
    store = counted.plan.store
    before = len(store.passes)

    fitted(counted, CHEAP)

    assert len(store.passes) == before
    assert before < 6


def test_cells_at_a_step_are_counted_in_one_pass_for_all_who_ask():
    _, counted = prepared(DIMENSIONS["numbers"], ("counts",))
    plan = counted.plan
    pooled = plan.observe("counts").pooled
    samples = plan.samples("counts", pooled, choose_knots(pooled))
    before = len(plan.store.passes)

    cells = [sample.gather(((0, 0.25),)) for sample in samples]

    assert len(plan.store.passes) == before + 1
    assert cells[0].accounts.sum() + cells[1].accounts.sum() == cells[2].accounts.sum()


def test_what_a_sample_counts_is_what_its_accounts_in_memory_count():
    within, counted = prepared(DIMENSIONS["all kinds"], ("gaps",))
    values = within.metrics["gaps"]
    pooled = within.plan.observe(values).pooled
    knots = choose_knots(pooled)
    steps = ((0, 0.25), (2, 0.5), (2, 0.75))

    in_memory = within.plan.samples(values, pooled, knots)
    elsewhere = counted.plan.samples("gaps", pooled, knots)

    for ours, theirs in zip(in_memory, elsewhere, strict=True):
        assert len(ours) == len(theirs)
        assert ours.knot_values.tobytes() == theirs.knot_values.tobytes()
        for some, others in zip(ours.gather(steps), theirs.gather(steps), strict=True):
            assert some.tobytes() == others.tobytes()


def test_the_same_accounts_in_another_order_and_other_batches_give_the_same_counts():
    _, one = prepared(DIMENSIONS["all kinds"], METRICS, seed=1)
    _, other = prepared(DIMENSIONS["all kinds"], METRICS, FRAME.iloc[::-1], seed=2)

    sums, others = one.plan.cell_sums, other.plan.cell_sums
    assert sums.keys() == others.keys()
    for name in sums:
        assert sums[name].tobytes() == others[name].tobytes(), name


def errors(dimensions, frame, metrics=("counts",)):
    told = []
    definition = make_definition(dimensions, metrics)
    for prepare_in, accounts in ((prepare, frame), (prepare_counted, store_of(frame))):
        with pytest.raises(DataError) as raised:
            prepare_in(definition, accounts, seed=0, scoring_date=TODAY)
        told.append(str(raised.value))
    return told


UNUSABLE = {
    "an empty number": ("[acct_age, other]", {"other": np.nan}),
    "an empty date": ("[acct_age, {name: since, type: date}]", {"since": pd.NaT}),
    "a number too large": ("[acct_age]", {"counts": -1e308}),
    "a dimension too large": ("[acct_age]", {"acct_age": 1e308}),
}


@pytest.mark.parametrize("why", sorted(UNUSABLE))
def test_what_cannot_be_used_is_refused_in_the_same_words(why):
    dimensions, changes = UNUSABLE[why]
    frame = FRAME.assign(**changes)
    if "since" in changes:
        frame["since"] = frame["since"].astype("datetime64[us]")

    within, counted = errors(dimensions, frame)

    assert within == counted


@pytest.mark.parametrize("categories", [0, 201, 202])
def test_too_many_categories_or_none_are_refused_in_the_same_words(categories):
    texts = [f"r{number % categories}" if categories else None for number in range(ACCOUNTS)]

    within, counted = errors(
        DIMENSIONS["a category"], FRAME.assign(region=pd.Series(texts, dtype="str"))
    )

    assert within == counted
    assert "region has" in counted


def test_two_hundred_categories_are_usable():
    texts = pd.Series([f"r{number % 200}" for number in range(ACCOUNTS)], dtype="str")

    within, counted = prepared(DIMENSIONS["a category"], ("counts",), FRAME.assign(region=texts))

    assert len(counted.categories["region"]) == 200
    assert within.categories == counted.categories


def test_where_nobody_is_left_to_fit_to_it_is_said_in_the_same_words():
    kept_out = FRAME[split_accounts(FRAME["acct_id"]) == Split.EVALUATE]

    within, counted = errors("[acct_age]", kept_out)

    assert within == counted == f"{len(kept_out)} accounts are too few: none is left to fit"


@pytest.mark.parametrize(
    "dimensions",
    [
        "[acct_age, acct_size, other, {name: since, type: date}]",
        "[acct_age, acct_size, {name: region, type: category}]",
    ],
)
def test_peer_dimensions_too_many_to_count_by_are_refused(dimensions):
    texts = pd.Series([f"r{number % 30}" for number in range(ACCOUNTS)], dtype="str")
    definition = make_definition(dimensions, ("counts",))

    with pytest.raises(DataError, match=r"these peer dimensions are too many.* leave out"):
        prepare_counted(
            definition, store_of(FRAME.assign(region=texts)), seed=0, scoring_date=TODAY
        )


def test_an_estimator_that_needs_values_is_refused_before_anything_is_fitted():
    _, counted = prepared(DIMENSIONS["numbers"], ("stepped", "counts"))
    asked = {"counts": EstimatorOptions("parametric", family="gamma")}
    done = []

    with pytest.raises(DataError, match="counts: parametric is fitted to the values"):
        fit_tables(
            counted.plan, counted.metrics, asked, jobs=1, done=lambda *told: done.append(told)
        )
    assert not done
