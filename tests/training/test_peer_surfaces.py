"""What peers look like over two peer dimensions, and an account among them."""

import numpy as np
import pytest
from fit_builders import AGE, NAN, REGION, SIZE, make_scorecard
from hostile_names import HOSTILE
from matplotlib.text import Text
from text_overlaps import overlaps

from serving.scoring import InvalidInput
from serving.scoring.artifact import Artifact
from serving.scoring.column import Input
from serving.scoring.scorer import Scorer
from training.axes import fit_axes
from training.fit import fit_tables
from training.peer_standing import LEVELS, median_peer, peer_standings
from training.peer_surfaces import peer_surfaces, two_axes
from training.plan import FitPlan
from training.plots import (
    effective_peers_figure,
    medians_figure,
    radar_figure,
    standing_figure,
)
from training.sparse_regions import sparse_regions
from training.split import Split

STRANGE = Input("region", "category", HOSTILE)


def fitted(columns, **metrics):
    """A scorer of metrics on 1,200 accounts over these peer dimensions; `metrics` give values."""
    rng = np.random.default_rng(4)
    dimensions = np.column_stack(
        [
            rng.integers(0, len(column.categories), 1200).astype(float)
            if column.type == "category"
            else rng.random(1200) * 100
            for column in columns
        ]
    )
    split = np.where(np.arange(1200) % 4 == 3, Split.SELECT, Split.FIT).astype(np.int8)
    plan = FitPlan(fit_axes(columns, dimensions), dimensions, split, seed=0)
    values = {name: law(dimensions[:, 0], rng) for name, law in metrics.items()}
    tables, _ = fit_tables(plan, values, {}, jobs=1)
    card = make_scorecard(list(values), columns)
    return Scorer(Artifact(card, card.inputs, tables, {}, {}, version=""))


def rising(first, rng):
    return first + rng.random(len(first)) * 20


def never(first, _rng):
    return np.full(len(first), NAN)


def constant(first, _rng):
    return np.full(len(first), 3.0)


@pytest.fixture(scope="module")
def two_numbers():
    return fitted((AGE, SIZE), rising=rising, constant=constant, never=never)


@pytest.fixture(scope="module")
def with_categories():
    return fitted((AGE, STRANGE), rising=rising)


@pytest.fixture(scope="module")
def forests():
    """More dimensions than a table takes: the models themselves are served."""
    columns = [Input(f"d{number}") for number in range(4)]
    return fitted(tuple(columns), rising=rising)


def test_a_surface_has_the_median_of_the_peers_at_each_place(two_numbers):
    surface = peer_surfaces(two_numbers).medians["rising"]

    left, right = surface.values[:, 2].mean(), surface.values[:, -3].mean()
    assert surface.values.shape == (41, 41)
    assert left == pytest.approx(0.06 * 100 + 10, abs=4)
    assert right == pytest.approx(0.94 * 100 + 10, abs=4)
    assert (surface.across.dimension, surface.up.dimension) == ("acct_age", "acct_size")
    assert surface.across.values[2] == pytest.approx(50, abs=4), "the middle tick, in its own unit"


def test_a_metric_that_nobody_had_has_no_surface(two_numbers):
    assert set(peer_surfaces(two_numbers).medians) == {"rising", "constant"}


def test_places_of_a_category_are_its_values(with_categories):
    surface = peer_surfaces(with_categories).medians["rising"]

    assert surface.values.shape == (len(HOSTILE), 41)
    assert surface.up.values == HOSTILE
    assert not surface.up.is_number


def test_a_single_number_has_a_curve_and_no_surface_and_a_single_category_has_one_row():
    assert peer_surfaces(fitted((AGE,), rising=rising)) is None
    regions = peer_surfaces(fitted((REGION,), rising=lambda at, rng: at + rng.random(len(at))))
    assert regions.medians["rising"].values.shape == (1, 3)
    assert np.all(np.diff(regions.medians["rising"].values[0]) > 0.5)


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ((AGE, SIZE), "Median of the peers, in each metric's unit"),
        (
            (AGE, SIZE, REGION),
            "Median of the peers, in each metric's unit; other peer dimensions at their middle",
        ),
    ],
)
def test_other_peer_dimensions_are_spoken_of_only_where_there_are_some(columns, told):
    figure = medians_figure(peer_surfaces(fitted(columns, rising=rising)))

    assert figure.get_suptitle() == told


def test_a_value_beyond_the_axis_is_an_arrow_that_the_legend_explains(two_numbers):
    legends = []
    for value in (60.0, 5000.0):
        known = {"acct_age": 50.0, "acct_size": 50.0, "rising": value}
        account = np.array([[known.get(entry.name, NAN) for entry in two_numbers.inputs]])
        figure = standing_figure(peer_standings(two_numbers, account), "a")
        legends.append([text.get_text() for text in figure.legends[0].get_texts()])

    beyond = "this account, further out than the axis"
    assert beyond not in legends[0]
    assert beyond in legends[1]


@pytest.mark.slow
@pytest.mark.parametrize(
    "which",
    [
        "two_numbers",
        pytest.param("with_categories", marks=pytest.mark.slow),
        pytest.param("forests", marks=pytest.mark.slow),
    ],
)
def test_every_picture_of_peers_is_drawn_without_overlaps(which, request):
    scorer = request.getfixturevalue(which)
    surfaces = peer_surfaces(scorer)
    account = np.full((1, len(scorer.inputs)), 5.0)

    figures = [
        medians_figure(surfaces),
        effective_peers_figure(surfaces),
        standing_figure(peer_standings(scorer, account), "an account"),
    ]

    assert [overlaps(figure) for figure in figures] == [[], [], []]


def test_an_account_stands_where_the_scorer_ranks_it(two_numbers):
    account = np.array([[50.0, 50.0, 3.0, 7.0, 60.0]])

    found = peer_standings(two_numbers, account)

    ranks, intervals = two_numbers.score(account).ranks[0], two_numbers.intervals(account)
    for place, metric in enumerate(two_numbers.scorecard.metrics):
        one = found[metric.name]
        assert np.array_equal(
            [one.rank, one.low, one.high],
            [ranks[place], intervals.low[0, place], intervals.high[0, place]],
            equal_nan=True,
        )
    assert len(found["rising"].quantiles) == len(LEVELS)
    assert np.isnan(found["never"].quantiles).all()
    assert found["rising"].quantiles[0] < found["rising"].median < found["rising"].quantiles[-1]


def test_the_curve_of_the_peers_goes_through_the_account(two_numbers):
    account = np.array([[50.0, 50.0, 3.0, 7.0, 60.0]])

    one = peer_standings(two_numbers, account)["rising"]

    assert np.interp(one.value, one.quantiles, LEVELS) == pytest.approx(one.rank, abs=0.02)


def test_who_stands_at_the_median_of_the_peers_ranks_in_the_middle(two_numbers):
    account = np.array([[20.0, 80.0, 3.0, NAN, 500.0]])

    peer = median_peer(two_numbers, account, peer_standings(two_numbers, account))

    assert two_numbers.score(peer).ranks[0, 0] == pytest.approx(0.5, abs=0.01)
    assert np.array_equal(peer[0, :2], account[0, :2])


def test_one_account_is_needed(two_numbers):
    with pytest.raises(InvalidInput, match="one account is needed, not 2"):
        peer_standings(two_numbers, np.zeros((2, 5)))


@pytest.mark.parametrize("value", [NAN, 1e9])
def test_a_missing_value_and_one_far_out_are_drawn(two_numbers, value):
    account = np.array([[50.0, 50.0, 3.0, 7.0, value]])

    figure = standing_figure(peer_standings(two_numbers, account), "a <b>$1$</b>")

    assert not overlaps(figure)


@pytest.mark.parametrize("count", [1, 3, 12, pytest.param(40, marks=pytest.mark.slow)])
def test_any_number_of_components_is_drawn_without_overlaps(count):
    rng = np.random.default_rng(count)
    names = [f"a_component_with_a_long_name_{number}" for number in range(count)]
    rows = {"account": rng.random(count) * 10, "peers": rng.random(count) * 10}
    rows["account"][0] = NAN

    assert not overlaps(radar_figure(names, rows, maximum=10, title="components"))


@pytest.mark.parametrize("count", [2, 5, 13])
def test_a_component_without_a_score_is_said_to_have_none(count):
    names = [f"component_{number}" for number in range(count)]
    rows = {"account": [NAN, *[5.0] * (count - 1)], "peers": [4.0] * count}

    figure = radar_figure(names, rows, maximum=10, title="components")

    told = {text.get_text() for text in figure.findobj(Text) if "no score" in text.get_text()}
    assert len(told) == 1
    assert not overlaps(figure)
    inside = figure.axes[0].get_window_extent()
    for text in figure.axes[0].texts:
        assert inside.contains(*text.get_window_extent().get_points().mean(axis=0))
    zero = radar_figure(names, rows | {"account": [0.0, *[5.0] * (count - 1)]}, maximum=10,
                        title="components")  # fmt: skip
    assert not [text for text in zero.findobj(Text) if "no score" in text.get_text()]


def test_names_that_begin_alike_are_told_apart_when_they_are_cut():
    names = [f"credits_used_by_all_the_agents_in_{months}_months" for months in (3, 12, 36)]

    figure = radar_figure(names, {"account": [1.0, 2.0, 3.0]}, maximum=10, title="components")

    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert len(set(labels)) == 3
    assert all(len(label) <= 24 and label.endswith("months") for label in labels)


def test_places_with_the_fewest_peers_come_first_and_are_named_in_their_unit(two_numbers):
    axes = two_numbers.artifact.tables.axes
    rng = np.random.default_rng(1)
    dimensions = rng.random((400, 2)) * 100
    dimensions[:3] = NAN
    # Few peers where both are high.
    peers = np.where((dimensions > 75).all(axis=1), 40.0, 400.0)

    told = sparse_regions(axes, dimensions, peers)

    first = told["places"][0]
    assert told["dimensions"] == ["acct_age", "acct_size"]
    assert first["effective_peers"] < 100
    assert first["few"] == first["accounts"]
    assert first["few"] == pytest.approx((dimensions > 75).all(axis=1).sum(), abs=4)
    for text in first["where"]:
        low, high = (float(part) for part in text.split(" to "))
        assert low == pytest.approx(75, abs=3)
        assert high == pytest.approx(100, abs=1)
    assert len(told["places"]) == 6


def test_accounts_whose_place_is_not_known_are_a_place_of_their_own(with_categories):
    axes = with_categories.artifact.tables.axes
    dimensions = np.array([[NAN, NAN], [50.0, 1.0]])

    told = sparse_regions(axes, dimensions, np.array([10.0, 500.0]))

    assert next(place["where"] for place in told["places"]) == ["not known", "not known"]
    assert told["places"][1]["where"][1] == HOSTILE[1]


def test_two_numbers_are_shown_before_categories(forests, with_categories):
    assert [axis.input.name for axis in two_axes(forests.artifact.tables.axes)] == ["d0", "d1"]
    assert len(two_axes(with_categories.artifact.tables.axes)) == 2
