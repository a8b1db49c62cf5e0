"""The lines on stdout are what the regular expressions of a tuning job find."""

import json
import math
import re

import pytest
from job_folders import METRICS

from training.sagemaker_job.objectives import OBJECTIVE, figures_of, regex_of


@pytest.fixture
def said(finished):
    return (finished.parent / "said").read_text()


@pytest.fixture
def evaluation(finished):
    return json.loads((finished / "model" / "evaluation.json").read_text())


def test_t13_every_line_on_stdout_is_a_figure_that_its_expression_alone_finds(said, evaluation):
    figures = figures_of(evaluation)

    progress = re.findall(regex_of("metrics_fitted"), said)
    found = {name: re.findall(regex_of(name), said) for name in figures}

    assert progress == ["1", "2", "3"]
    assert {name: [float(text) for text in texts] for name, texts in found.items()} == {
        name: [value] for name, value in figures.items()
    }
    assert len(said.splitlines()) == len(progress) + len(figures)
    assert all(math.isfinite(value) for value in figures.values())


def test_t13_the_plain_pattern_name_equals_something_semicolon_does_too(said, evaluation):
    for name, value in figures_of(evaluation).items():
        assert re.findall(f"{name}=(.*?);", said) == [repr(value)]


def test_the_objective_is_the_mean_over_the_metrics(evaluation):
    figures = figures_of(evaluation)

    each = [figures[f"{OBJECTIVE}:{name}"] for name in METRICS]
    assert figures[OBJECTIVE] == pytest.approx(sum(each) / 3, rel=1e-12)
    assert figures["pit_ks"] == pytest.approx(
        sum(told["pit_ks"] for told in evaluation["metrics"].values()) / 3, rel=1e-12
    )


def test_a_metric_without_values_has_no_figures_and_spoils_none(evaluation):
    without = {**evaluation["metrics"], "empty": {"accounts": 0, "missing": 9}}

    figures = figures_of({**evaluation, "metrics": without})

    assert figures == figures_of(evaluation)


def test_where_nothing_can_be_ranked_there_is_no_objective():
    told = {"accounts": 9, "metrics": {"empty": {"accounts": 0, "missing": 9}}}

    assert figures_of(told) == {"evaluated_accounts": 9.0}


def test_a_training_job_takes_forty_metric_definitions_of_the_default_scorecard_s_figures():
    thirteen = {f"m{number}": {"rank_crps_ratio": 0.9, "pit_ks": 0.1} for number in range(13)}

    figures = figures_of({"accounts": 9, "metrics": thirteen})

    assert len(figures) + len(["metrics_fitted"]) <= 40
    assert all(len(regex_of(name)) <= 500 and len(name) <= 255 for name in figures)
