from fractions import Fraction

import numpy as np
import pytest
from builders import INF, NAN, make_accounts, make_curve, make_scorer

from serving.scoring.column import Input
from serving.scoring.peer_axes import Axis, locate

#: Value 0..100 is rank 0..1.
EVEN = make_curve([(0, 0), (100, 1)])
REGION = Axis(Input("region", "category", ("EU", "US", "JP")), None, np.empty(0))


def make_axis(nodes: list[float]) -> Axis:
    return Axis(Input("age"), EVEN, np.array(nodes, dtype=float))


def mix(axis: Axis, value: float) -> dict[int, float]:
    """Which nodes a value draws on, and how much."""
    cells = locate([axis], np.array([[value]]))
    weights = zip(cells.corners[:, 0].tolist(), cells.weights[:, 0].tolist(), strict=True)
    return {node: weight for node, weight in weights if weight}


@pytest.mark.parametrize(
    ("nodes", "value", "expected", "why"),
    [
        ([0, 0.5, 1], 0, {0: 1}, "at the first node"),
        ([0, 0.5, 1], 50, {1: 1}, "at a node"),
        ([0, 0.5, 1], 100, {2: 1}, "at the last node"),
        ([0, 0.5, 1], 12.5, {0: 0.75, 1: 0.25}, "a quarter of the way"),
        ([0, 0.5, 1], -7, {0: 1}, "clamped to the lower edge"),
        ([0, 0.5, 1], 700, {2: 1}, "clamped to the upper edge"),
        ([0, 0.5, 1], -INF, {0: 1}, "however far"),
        ([0, 0.5, 1], INF, {2: 1}, "however far"),
        ([0, 0.5, 1], NAN, {3: 1}, "the last node is for what is not known"),
        ([0.2, 0.8], 10, {0: 1}, "before the first node"),
        ([0.2, 0.8], 90, {1: 1}, "after the last node"),
        ([0.5], 3, {0: 1}, "one node: a constant dimension"),
        ([0.5], 99, {0: 1}, "one node, from above"),
        ([0.5], NAN, {1: 1}, "one node, not known"),
        ([0, 0.5, 0.5, 1], 25, {0: 0.5, 1: 0.5}, "left of a step: towards its left side"),
        ([0, 0.5, 0.5, 1], 50, {2: 1}, "at a step: its right side"),
        ([0, 0.5, 0.5, 1], 75, {2: 0.5, 3: 0.5}, "right of a step: from its right side"),
        ([0, 0, 1], 0, {1: 1}, "a step at the first rank: nobody is left of it"),
        ([0, 1, 1], 50, {0: 0.5, 1: 0.5}, "left of a step at the last rank"),
        ([0, 1, 1], 100, {2: 1}, "at a step at the last rank: its right side"),
        ([0, 0.5, 0.5], 70, {2: 1}, "after the last node, which is a step: its right side"),
        ([0.5, 0.5, 1], 20, {0: 1}, "before the first node, which is a step: its left side"),
    ],
)
def test_a_number_draws_on_the_nodes_around_it(
    nodes: list[float], value: float, expected: dict[int, float], why: str
) -> None:
    assert mix(make_axis(nodes), value) == pytest.approx(expected), why


def test_just_left_of_a_step_nothing_comes_from_its_right_side() -> None:
    axis = make_axis([0, 0.5, 0.5, 1])

    assert set(mix(axis, float(np.nextafter(50, 0)))) <= {0, 1}


@pytest.mark.parametrize(
    ("code", "node", "why"),
    [
        (0, 0, "the first category"),
        (2, 2, "the last category"),
        (3, 3, "an index training has not seen"),
        (-1, 3, "before the first"),
        (1e300, 3, "far beyond"),
        (INF, 3, "no index"),
        (-INF, 3, "no index"),
        (NAN, 3, "not known"),
        (0.5, 3, "between two categories is neither of them"),
        (-0.5, 3, "not the first"),
    ],
)
def test_a_category_is_one_node_and_an_unknown_one_the_last(
    code: float, node: int, why: str
) -> None:
    cells = locate([REGION], np.array([[code]]))

    assert mix(REGION, code) == {node: 1.0}, why
    assert cells.unknown.tolist() == [node == 3], why
    assert cells.outside.tolist() == [False], why


@pytest.mark.parametrize(
    ("value", "unknown", "outside"),
    [
        (NAN, True, False),
        (0, False, False),
        (100, False, False),
        (-0.001, False, True),
        (100.001, False, True),
        (INF, False, True),
        (-INF, False, True),
    ],
)
def test_what_is_not_known_and_what_is_out_of_range_is_said(
    value: float, unknown: bool, outside: bool
) -> None:
    cells = locate([make_axis([0, 0.5, 1])], np.array([[value]]))

    assert cells.unknown.tolist() == [unknown]
    assert cells.outside.tolist() == [outside]


def test_one_dimension_out_of_order_is_enough_to_be_said() -> None:
    cells = locate([make_axis([0, 1]), REGION], np.array([[-1.0, 0], [50, NAN], [50, 1]]))

    assert cells.outside.tolist() == [True, False, False]
    assert cells.unknown.tolist() == [False, True, False]


def test_nodes_are_numbered_row_by_row() -> None:
    age, size = make_axis([0, 1]), make_axis([0, 0.5, 1])  # 3 and 4 nodes with "not known"

    cells = locate([age, size, REGION], np.array([[100.0, 50.0, 2.0]]))

    corner = cells.corners[np.argmax(cells.weights[:, 0]), 0]
    assert corner == (1 * 4 + 1) * 4 + 2


def test_the_weights_of_the_corners_sum_to_exactly_1() -> None:
    scorer = make_scorer()

    cells = scorer.around(make_accounts(scorer, 2000)).cells

    assert (cells.weights.sum(axis=0) == 1.0).all()
    assert (cells.weights >= 0).all()
    assert cells.corners.min() >= 0
    assert cells.corners.max() < scorer.artifact.tables.nodes


def test_an_average_over_the_corners_is_exact_whatever_the_order_of_adding() -> None:
    scorer = make_scorer()
    accounts = make_accounts(scorer, 500)
    cells = scorer.around(accounts).cells
    steps = np.random.default_rng(3).integers(0, 65536, scorer.artifact.tables.nodes)
    turned = cells._replace(corners=cells.corners[::-1], weights=cells.weights[::-1])

    for corners, weights, mixed in zip(
        cells.corners.T, cells.weights.T, cells.mix(steps), strict=True
    ):
        exact = sum(
            Fraction(weight) * int(steps[corner])
            for corner, weight in zip(corners, weights, strict=True)
        )
        assert Fraction(mixed) == exact
    assert cells.mix(steps).tobytes() == turned.mix(steps).tobytes()


def test_without_peer_dimensions_there_is_one_node() -> None:
    cells = locate([], np.empty((2, 0)))

    assert cells.corners.tolist() == [[0, 0]]
    assert cells.weights.tolist() == [[1.0, 1.0]]
    assert not cells.unknown.any()
    assert not cells.outside.any()
