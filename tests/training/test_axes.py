import numpy as np
import pytest
from fit_builders import AGE, NAN, REGION, SIZE

from serving.scoring.column import Input
from serving.scoring.peer_axes import locate
from training.axes import MAX_NODES, NODES, fit_axes, in_ranks, is_grid, to_ranks, with_steps
from training.errors import DataError

RNG = np.random.default_rng(7)
SINCE = Input("since", "date")


def columns_of(*columns):
    return np.column_stack([np.asarray(column, dtype=np.float64) for column in columns])


@pytest.mark.parametrize("numeric", [1, 2, 3])
def test_the_more_numeric_dimensions_the_fewer_nodes_each(numeric):
    inputs = [Input(f"d{position}") for position in range(numeric)]

    axes = fit_axes(inputs, RNG.random((1000, numeric)))

    assert [axis.size for axis in axes] == [NODES[numeric] + 1] * numeric
    assert all((axis.nodes[0], axis.nodes[-1]) == (0.0, 1.0) for axis in axes)
    assert all((np.diff(axis.nodes) > 0).all() for axis in axes)


def test_a_category_has_a_node_per_category_and_leaves_the_numbers_their_nodes():
    codes = RNG.integers(0, 3, 500)

    category, age = fit_axes([REGION, AGE], columns_of(codes, RNG.random(500)))

    assert category.pooled is None
    assert (category.size, age.size) == (3 + 1, NODES[1] + 1)


def test_a_date_is_laid_like_any_number():
    days = RNG.integers(0, 3000, 500)

    as_date, as_number = (fit_axes([column], columns_of(days))[0] for column in (SINCE, AGE))

    assert as_date.nodes.tolist() == as_number.nodes.tolist()
    assert as_date.pooled.values.tolist() == as_number.pooled.values.tolist()


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([0, 0, 0, 1], "yes and no, the last one rare"),
        ([0, 1, 1, 1], "yes and no, the first one rare"),
        ([1, 2, 3, 3, 3, 3], "most have the highest"),
        ([5, 5, 5], "all the same"),
        (range(NODES[1]), "as many values as nodes"),
    ],
)
def test_few_distinct_values_have_a_node_each_and_stand_exactly_on_it(values, why):
    dimension = columns_of(values)
    axes = fit_axes([AGE], dimension)
    distinct = np.unique(dimension)

    cells = locate(axes, distinct[:, None])
    heaviest = np.take_along_axis(cells.corners, cells.weights.argmax(axis=0)[None, :], axis=0)[0]

    assert axes[0].size == len(distinct) + 1, why
    assert heaviest.tolist() == list(range(len(distinct))), why
    assert cells.weights.max(axis=0).tolist() == [1.0] * len(distinct), why
    # What is fitted at an account's rank is tabulated at its node: they must be the same rank.
    if len(distinct) > 1:
        assert to_ranks(axes, distinct[:, None])[:, 0].tolist() == axes[0].nodes.tolist(), why


def test_one_value_more_than_nodes_takes_the_even_grid():
    (axis,) = fit_axes([AGE], columns_of(range(NODES[1] + 1)))

    assert axis.nodes.tolist() == np.linspace(0, 1, NODES[1]).tolist()


def test_beyond_the_training_range_counts_as_at_its_edge():
    """A fifth of the accounts share either end, so the ends' mid-ranks are far from 0 and 1."""
    axes = fit_axes([AGE], columns_of(np.clip(RNG.normal(size=1000), -0.8, 0.8)))

    inside, beyond = (locate(axes, columns_of(ends)) for ends in ([-0.8, 0.8], [-9, 9]))

    assert beyond.corners.tolist() == inside.corners.tolist()
    assert beyond.weights.tolist() == inside.weights.tolist()
    assert (inside.outside.tolist(), beyond.outside.tolist()) == ([False] * 2, [True] * 2)


def test_what_is_not_known_does_not_shape_the_grid():
    some = RNG.random(300)

    (full,) = fit_axes([AGE], columns_of(some))
    (holed,) = fit_axes([AGE], columns_of(np.append(some, [NAN] * 50)))

    assert holed.pooled.ranks.tolist() == full.pooled.ranks.tolist()


def test_ranks_of_numbers_categories_and_gaps():
    dimensions = columns_of([10, 20, 30, NAN, 20], [2, 0, NAN, 1, 1])
    axes = fit_axes([AGE, REGION], dimensions)

    ranks = to_ranks(axes, dimensions)

    assert ranks[:, 0] == pytest.approx([0, 0.5, 1, NAN, 0.5], nan_ok=True)
    assert ranks[:, 1] == pytest.approx([2, 0, NAN, 1, 1], nan_ok=True)


def test_an_axis_in_ranks_finds_the_cells_that_the_axis_finds():
    dimensions = columns_of(RNG.lognormal(size=400), RNG.integers(0, 3, 400), RNG.random(400))
    axes = fit_axes([AGE, REGION, SIZE], dimensions)

    by_value = locate(axes, dimensions)
    by_rank = locate([in_ranks(axis) for axis in axes], to_ranks(axes, dimensions))

    # A rank on a node may fall to either side of it by a last bit; what is read there is the same.
    nodes = int(np.prod([axis.size for axis in axes]))
    slope = np.cumsum(RNG.random(nodes))
    assert by_rank.mix(slope) == pytest.approx(by_value.mix(slope), rel=1e-6)
    assert not by_rank.outside.any()


@pytest.mark.parametrize(
    ("inputs", "dimensions", "message"),
    [
        ([AGE], [[NAN], [NAN]], "acct_age is empty for every account"),
        ([AGE, REGION], [[1, NAN], [2, NAN]], "region is empty for every account"),
    ],
)
def test_dimensions_that_nobody_has_are_refused(inputs, dimensions, message):
    with pytest.raises(DataError, match=message):
        fit_axes(inputs, np.array(dimensions, dtype=np.float64))


@pytest.mark.parametrize(
    ("inputs", "dimensions", "grid", "why"),
    [
        ([AGE, SIZE], RNG.random((100, 2)), True, "two numbers"),
        ([Input(f"d{i}") for i in range(3)], RNG.random((100, 3)), True, "three, fewer nodes each"),
        ([Input(f"d{i}") for i in range(4)], RNG.random((100, 4)), False, "four numbers"),
        (
            [AGE, SIZE, Input("name", "category", tuple(map(str, range(30))))],
            np.column_stack([RNG.random((100, 2)), np.zeros(100)]),
            False,
            f"more than {MAX_NODES} nodes",
        ),
        (
            [AGE, SIZE, Input("name", "category", tuple(map(str, range(30))))],
            np.column_stack([np.arange(100) % 3, RNG.random(100), np.zeros(100)]),
            True,
            "one of the numbers has three values",
        ),
    ],
)
def test_where_tables_would_be_large_there_is_no_grid(inputs, dimensions, grid, why):
    axes = fit_axes(inputs, dimensions)

    assert is_grid(axes) is grid, why
    ends_only = [axis.size == 3 for axis in axes if axis.pooled is not None]
    assert all(ends_only) is not grid


def test_a_step_gets_a_node_on_each_side_of_it_once():
    axes = fit_axes([AGE, REGION], columns_of(RNG.random(500), RNG.integers(0, 3, 500)))

    stepped, region = with_steps(axes, [(0, 0.31), (0, 0.31), (0, 0.5)])

    assert len(stepped.nodes) == NODES[1] + 3
    assert (stepped.nodes == 0.31).sum() == (stepped.nodes == 0.5).sum() == 2
    assert (np.diff(stepped.nodes) >= 0).all()
    assert region == axes[1]


def test_where_every_value_has_a_node_a_step_needs_none():
    axes = fit_axes([AGE], columns_of(RNG.integers(0, 5, 500)))

    assert with_steps(axes, [(0, 0.4)]) == axes


def test_categories_alone_make_a_grid():
    axes = fit_axes([REGION], columns_of([0, 1, 2]))

    assert [axis.size for axis in axes] == [4]
