import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.scoring.smooth_terms import PIECES, Factor, SmoothTerms, b_splines

RNG = np.random.default_rng(3)
SPLINE = PIECES + 3
ENDS = np.array([0.0, 0.25, 0.5, 0.75, 1.0])


def places(categories, n=50):
    """Ranks and codes all over, the ends among them."""
    inside = [RNG.integers(0, c, n).astype(float) if c else RNG.random(n) for c in categories]
    corners = [np.array([0.0, c - 1.0 if c else 1.0]) for c in categories]
    return np.concatenate([np.column_stack(inside), np.column_stack(corners)])


@pytest.mark.parametrize("pieces", [1, 2, PIECES])
def test_splines_are_not_negative_and_add_up_to_one(pieces):
    columns = b_splines(np.concatenate([ENDS, RNG.random(500)]), pieces)

    assert columns.shape == (505, pieces + 3)
    assert (columns >= 0).all()
    assert columns.sum(axis=1) == pytest.approx(1)


def test_one_piece_is_the_cubic_of_bernstein():
    u = RNG.random(100)

    bernstein = np.column_stack([(1 - u) ** 3, 3 * u * (1 - u) ** 2, 3 * u**2 * (1 - u), u**3])

    assert b_splines(u, 1) == pytest.approx(bernstein)


@pytest.mark.parametrize("power", [0, 1, 2, 3])
def test_every_cubic_is_a_sum_of_splines(power):
    u = RNG.random(200)

    _, left, *_ = np.linalg.lstsq(b_splines(u, PIECES), u**power)

    assert left == pytest.approx(0, abs=1e-20)


def test_splines_have_no_jump_and_no_kink_between_pieces():
    inner = np.arange(1, PIECES) / PIECES
    below, at, above = (b_splines(inner + by, PIECES) for by in (-1e-6, 0.0, 1e-6))

    assert below == pytest.approx(at, abs=1e-5)
    assert (above - at) == pytest.approx(at - below, abs=1e-10)


@pytest.mark.parametrize(
    ("categories", "steps", "count", "why"),
    [
        ((), (), 1, "nothing: a constant"),
        ((0,), (), SPLINE, "one spline"),
        ((0, 0), (), SPLINE**2, "every product of two splines"),
        ((0, 0), ((0, 0.3),), SPLINE**2 + 4, "a step times a cubic in the other"),
        ((0,), ((0, 0.3), (0, 0.5)), SPLINE + 2, "steps alone"),
        ((0, 0, 0), (), 1 + 3 * SPLINE + 3, "three splines, three products of two"),
        ((3,), (), 4, "a constant and the categories"),
        ((0, 3), (), SPLINE + 6, "a spline, the categories, a slope each"),
        ((0, 0, 200), (), 1 + 2 * SPLINE + 200, "with so many categories nothing else interacts"),
        ((2, 3), (), 12, "categories and their pairs"),
    ],
)
def test_the_columns_are_those_that_are_described(categories, steps, count, why):
    terms = SmoothTerms(categories, steps)

    assert terms.count == count, why
    if categories:
        assert terms.evaluate(places(categories)).shape == (52, count)


@pytest.mark.parametrize("categories", [(0, 0, 40), (0, 0, 0, 0, 150), (0, 0, 39), (150, 60)])
def test_no_step_pushes_out_what_a_category_does(categories):
    """A category that explained nearly all was once left out for having many values."""
    without, stepped = SmoothTerms(categories), SmoothTerms(categories, ((0, 0.3), (0, 0.7)))

    for position, count in enumerate(categories):
        if count:
            assert (Factor("category", position),) in without.blocks
    if categories[0] == 0:
        assert stepped.blocks[: len(without.blocks)] == without.blocks


def test_nobody_has_no_columns_but_as_many_as_anybody():
    assert SmoothTerms((0, 0, 3)).evaluate(np.empty((0, 3))).shape == (
        0,
        SmoothTerms((0, 0, 3)).count,
    )


def test_a_step_is_up_from_its_rank_on():
    terms = SmoothTerms((0,), ((0, 0.3),))
    below = np.nextafter(0.3, 0)

    assert terms.evaluate(np.array([[below], [0.3], [1.0]]))[:, -1].tolist() == [0, 1, 1]


def test_a_category_has_a_column_and_a_slope_of_its_own():
    terms = SmoothTerms((0, 3))

    columns = terms.evaluate(np.array([[0.75, 2.0]]))[0]

    assert columns[SPLINE:].tolist() == [0, 0, 1, 0, 0, 0.25]
    assert terms.blocks[-1] == (Factor("category", 1), Factor("line", 0))


@given(st.integers(0, 2**32))
def test_one_place_gives_the_same_bits_alone_and_among_others(seed):
    terms = SmoothTerms((0, 0, 3), ((1, 0.4),))
    rng = np.random.default_rng(seed)
    asked = np.column_stack([rng.random((20, 2)), rng.integers(0, 3, 20)]).astype(float)

    alone = np.concatenate([terms.evaluate(row[None]) for row in asked])

    assert alone.tobytes() == terms.evaluate(asked).tobytes()
