import numpy as np
import pytest
from samples import make_sample, shuffle, take

from serving.scoring.smooth_terms import SmoothTerms
from training.peer_models.distribution_regression import fit_distribution_regression
from training.peer_models.interface import MetricSample
from training.peer_models.smooth_logit import TYPICAL, fit_smooth, sigmoid
from training.peer_models.steps import find_step


def drawn(scale, seed=2):
    """A metric whose scale is a law of the dimensions."""
    return lambda places: np.random.default_rng(seed).gamma(2.0, scale(places))


def left_over(sample: MetricSample):
    cells = sample.cells
    model = fit_smooth(cells, SmoothTerms(sample.categories), TYPICAL)
    return find_step(sample, cells, sigmoid(model.margin_of(cells)))


@pytest.mark.parametrize("dimension", [0, 1])
@pytest.mark.parametrize("at", [0.08, 0.31, 0.5, 0.9])
def test_a_step_is_found_where_it_is(dimension, at):
    sample = make_sample(
        8000, values=drawn(lambda x: np.where(x[:, dimension] < at, 1.0, 2.5) * (1 + x[:, 0]))
    )

    found = left_over(sample)

    assert found is not None
    assert found[0] == dimension
    assert found[1] == pytest.approx(at, abs=0.004)


@pytest.mark.parametrize(
    ("scale", "why"),
    [
        (lambda x: np.ones(len(x)), "nothing depends on anything"),
        (lambda x: 1 + 4 * x[:, 0], "a line"),
        (lambda x: np.exp(2 * x[:, 0] * x[:, 1]), "steep in a corner"),
        (lambda x: 1.5 + np.sin(5 * x[:, 0]), "a wave"),
    ],
)
@pytest.mark.parametrize("seed", range(2))
def test_what_is_smooth_has_no_step(scale, why, seed):
    assert left_over(make_sample(5000, seed, values=drawn(scale, seed))) is None, why


def test_the_side_of_every_account_is_told_even_where_ranks_repeat():
    """Whole months: the step is between two of them, not at one."""
    sample = make_sample(6000, values=lambda x: np.zeros(len(x)))
    months = np.floor(sample.dimensions[:, 0] * 40) / 40
    places = np.column_stack([months, sample.dimensions[:, 1]])
    values = drawn(lambda x: np.where(x[:, 0] < 0.3, 1.0, 3.0))(places)
    ranks = np.argsort(np.argsort(values)) / len(values)
    knots = np.linspace(0, 1, 11)

    found = left_over(MetricSample(places, (0, 0), values, ranks, knots, knots))

    assert found is not None
    assert 11 / 40 < found[1] < 12 / 40 + 1e-9


def test_the_order_of_accounts_does_not_move_a_step():
    sample = make_sample(5000, values=drawn(lambda x: np.where(x[:, 0] < 0.4, 1.0, 2.0)))

    assert left_over(sample) == left_over(shuffle(sample)) is not None


@pytest.mark.parametrize("steps", [(0.2, 0.7)])
def test_steps_become_part_of_the_model_and_stay_sharp(steps):
    law = drawn(lambda x: 1.0 + 2.0 * sum(x[:, 0] >= at for at in steps))
    sample = make_sample(10000, values=law)
    chosen = np.arange(10000) % 4 == 3
    fitting, selection = (take(sample, rows) for rows in (~chosen, chosen))

    model = fit_distribution_regression(fitting, selection, seed=0)

    assert [at for _, at in model.steps] == pytest.approx(list(steps), abs=0.004)
    for at in steps:
        sides = model.cdf(np.array([[at - 0.01, 0.5], [at + 0.01, 0.5]]))
        assert np.abs(sides[0] - sides[1]).max() > 0.15
