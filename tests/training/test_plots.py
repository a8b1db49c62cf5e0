import io

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread
from text_overlaps import overlaps

from training.inspection import PeerCurve
from training.plots import calibration_figure, curves_figure


def make_evaluation(metrics, **changes):
    levels = [level / 100 for level in range(5, 100, 5)]
    results = {
        f"metric_{number}": {
            "accounts": 1000,
            "pit_ks": 0.02,
            "pit_ks_noise_95": 0.043,
            "coverage": {f"{level:.2f}": level + 0.01 for level in levels},
        }
        for number in range(metrics)
    }
    return {"on": "evaluation split", "accounts": 1000, "metrics": results | changes}


def calibration_plot(evaluation):
    return calibration_figure(evaluation).png()


def curves_plot(curves):
    return curves_figure(curves).png()


def decode(png):
    """Rows, columns and colours."""
    return imread(io.BytesIO(png), format="png")


NOBODY = {"accounts": 0, "missing": 1000}


@pytest.mark.parametrize(
    ("evaluation", "rows", "width", "why"),
    [
        (make_evaluation(1), 1, 900, "one metric, as wide as the title"),
        (make_evaluation(4), 1, 1200, "a full row"),
        (make_evaluation(5), 2, 1200, "one more than a row"),
        (make_evaluation(13), 4, 1200, "the default scorecard"),
        (make_evaluation(3, empty=NOBODY), 1, 900, "one metric nobody has"),
        (make_evaluation(4, empty=NOBODY), 1, 1200, "which takes no place of its own"),
        (make_evaluation(0, empty=NOBODY), 1, 900, "no metric that anybody has"),
        (make_evaluation(0), 1, 900, "no metric"),
    ],
)
def test_draws_a_panel_per_metric_that_accounts_have(evaluation, rows, width, why):
    picture = decode(calibration_plot(evaluation))

    assert picture.shape[:2] == (round(100 * (2.3 * rows + 0.8)), width), why
    assert picture.std() > 0.01, "not blank"


@pytest.mark.slow
def test_the_same_numbers_give_the_same_bytes():
    assert calibration_plot(make_evaluation(5)) == calibration_plot(make_evaluation(5))


def test_other_numbers_give_another_picture():
    off = make_evaluation(1)
    off["metrics"]["metric_0"]["coverage"]["0.50"] = 0.6

    assert calibration_plot(off) != calibration_plot(make_evaluation(1))


def test_a_metric_nobody_has_changes_nothing_in_the_picture():
    assert calibration_plot(make_evaluation(2, empty=NOBODY)) == calibration_plot(
        make_evaluation(2)
    )


def test_the_file_says_nothing_of_who_drew_it():
    png = calibration_plot(make_evaluation(1))

    assert b"Matplotlib" not in png
    assert b"tEXt" not in png


def test_no_warning_comes_of_a_perfect_or_a_hopeless_calibration():
    perfect, hopeless = make_evaluation(1), make_evaluation(1)
    for evaluation, share in ((perfect, None), (hopeless, 0.0)):
        coverage = evaluation["metrics"]["metric_0"]["coverage"]
        coverage |= {level: float(level) if share is None else share for level in coverage}

    pictures = [decode(calibration_plot(evaluation)) for evaluation in (perfect, hopeless)]

    assert not np.array_equal(*pictures)


def test_settings_of_the_place_where_it_is_started_change_nothing():
    before = calibration_plot(make_evaluation(2))

    with mpl.rc_context({"font.size": 20, "axes.facecolor": "black"}):
        assert calibration_plot(make_evaluation(2)) == before


def make_curves(metrics, shift=0.0):
    along = np.linspace(0, 180, 101)
    quartiles = np.column_stack([along * part for part in (0.5, 1.0, 2.0)]) + shift
    return {
        f"metric_{number}": PeerCurve("acct_age", along, quartiles) for number in range(metrics)
    }


@pytest.mark.parametrize(
    ("metrics", "rows", "width"),
    [(0, 1, 900), (1, 1, 900), (5, 2, 1200), pytest.param(40, 10, 1200, marks=pytest.mark.slow)],
)
def test_draws_a_panel_of_curves_per_metric(metrics, rows, width):
    picture = decode(curves_plot(make_curves(metrics)))

    assert picture.shape[:2] == (round(100 * (2.3 * rows + 0.8)), width)
    assert picture.std() > 0.01, "not blank"


@pytest.mark.slow
def test_the_same_curves_give_the_same_bytes_and_others_another_picture():
    assert curves_plot(make_curves(2)) == curves_plot(make_curves(2))
    assert curves_plot(make_curves(2)) != curves_plot(make_curves(2, shift=50.0))


@pytest.mark.slow
def test_curves_do_not_depend_on_the_place_where_they_are_drawn():
    before = curves_plot(make_curves(2))

    with mpl.rc_context({"font.size": 20, "axes.facecolor": "black"}):
        assert curves_plot(make_curves(2)) == before


def test_a_metric_that_is_the_same_for_all_peers_is_drawn_as_a_flat_line():
    curve = PeerCurve("acct_age", np.linspace(0, 1, 101), np.full((101, 3), 5.0))

    assert decode(curves_plot({"constant": curve})).std() > 0.01


def test_a_notebook_shows_a_picture_without_being_told_to():
    figure = calibration_figure(make_evaluation(1))

    assert isinstance(figure, Figure)
    assert figure._repr_png_() == figure.png()


def test_a_name_that_looks_like_a_formula_is_drawn_as_a_name():
    strange = {"$\\frac{1$": make_evaluation(1)["metrics"]["metric_0"]}

    picture = decode(calibration_plot(make_evaluation(0, **strange)))

    assert picture.std() > 0.01


def test_a_metric_that_is_never_negative_is_drawn_from_0_and_others_are_not():
    usual, negative = (
        curves_figure(make_curves(1, shift=shift)).axes[0].get_ylim() for shift in (50.0, -50.0)
    )

    assert usual[0] == 0
    assert negative[0] < -50


def test_the_calibration_curve_goes_through_the_distance_that_its_title_tells():
    evaluation = make_evaluation(1)
    evaluation["metrics"]["metric_0"] |= {
        "pit_ks": 0.037, "pit_ks_rank": 0.612, "pit_ks_gap": -0.037,
    }  # fmt: skip

    panel = calibration_figure(evaluation).axes[0]

    ranks, gaps = panel.get_lines()[1].get_data()
    assert np.all(np.diff(ranks) > 0)
    assert gaps[list(ranks).index(0.612)] == pytest.approx(-3.7)
    assert np.abs(gaps).max() == pytest.approx(3.7)
    assert "KS 0.037" in panel.get_title()


@pytest.mark.slow
def test_no_two_texts_of_a_picture_overlap():
    long = {f"a_metric_with_a_name_that_says_everything_{n}": value for n, value in enumerate(
        make_evaluation(5)["metrics"].values())}  # fmt: skip

    for figure in (
        calibration_figure(make_evaluation(0, **long)),
        curves_figure(dict(zip(
            long, make_curves(5).values(), strict=True))),
    ):  # fmt: skip
        assert not overlaps(figure)
