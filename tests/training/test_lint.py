import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from training.cli.lint import lint
from training.definition import default_scorecard

CARDS = default_scorecard().parent

BROKEN = """\
schema: scorecard/v1
id: broken
scale: {type: zero_to_100, step: 3}
metrics:
  seats: {kind: ratio, numerator: used}
components:
  adoption: {weight: 1, metrics: {seats: 1, logins: 1}}
"""


def run(*arguments: object) -> Result:
    return CliRunner().invoke(lint, [str(argument) for argument in arguments])


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "broken.yaml"
    path.write_text(BROKEN)
    return path


def test_a_good_card_is_told_with_its_inputs_in_order_its_outputs_and_needs() -> None:
    done = run(CARDS / "account_health.yaml")

    lines = [line.split() for line in done.stdout.splitlines()]
    assert done.exit_code == 0
    assert lines[0][1:] == ["8", "metrics,", "8", "components,", "no", "mistakes"]
    assert ["1", "days_since_health_check", "number"] in lines
    assert ["2", "insider_program", "true", "or", "false"] in lines
    assert ["8", "pipeline_moving", "number,", "0", "or", "more"] in lines
    assert ["global_score"] in lines
    assert "renewals.csv; without it churn has no score" in done.stdout


def test_columns_made_of_events_and_the_comparison_beside_the_score_are_told() -> None:
    done = run(CARDS / "customer_success_score.yaml")

    assert "(of events threshold_review)" in done.stdout
    assert "comparison by acct_size beside the score" in done.stdout


def test_all_mistakes_are_told_with_their_lines_and_the_exit_is_2(broken: Path) -> None:
    done = run(broken)

    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        f"{broken}:3: scale.step: 3 does not divide 100 into equal steps",
        f"{broken}:5: metrics.seats.denominator: missing; `numerator` alone is no ratio",
        f"{broken}:7: components.adoption.metrics.logins: logins is not declared under `metrics`",
    ]


def test_a_good_card_beside_a_broken_one_is_still_told(broken: Path) -> None:
    done = run(CARDS / "service_cloud_mini.yaml", broken)

    assert done.exit_code == 2
    assert "13 metrics, 3 components, no mistakes" in done.stdout
    assert len(done.stderr.splitlines()) == 3


def test_as_json_a_card_says_what_it_holds() -> None:
    done = run(CARDS / "customer_success_score.yaml", CARDS / "service_cloud_mini.yaml", "--json")

    success, mini = json.loads(done.stdout)
    assert done.exit_code == 0
    assert success["metrics"]["swarming"] == "indicator"
    assert success["bands"]["Healthy"] == 75
    assert {each["name"]: each["event"] for each in success["inputs"]}["credits_used_12m"] == (
        "credits_used"
    )
    assert [each["name"] for each in mini["inputs"]] == sorted(
        each["name"] for each in mini["inputs"]
    )
    assert len(mini["inputs"]) == 15
    assert len(mini["outputs"]) == 18
    assert mini["needs"][0].startswith("needs a fit")


def test_as_json_a_mistake_says_its_line(broken: Path, tmp_path: Path) -> None:
    done = run(broken, tmp_path / "nowhere.yaml", "--json")

    told, nowhere = json.loads(done.stdout)
    assert done.exit_code == 2
    assert [mistake["line"] for mistake in told["mistakes"]] == [3, 5, 7]
    assert nowhere["mistakes"][0]["line"] is None
    assert "No such file" in nowhere["mistakes"][0]["text"]


def test_a_card_that_learns_its_weights_and_labels_can_be_linted(tmp_path: Path) -> None:
    text = (CARDS / "service_cloud_mini.yaml").read_text()
    learned = text.replace(
        "    metrics:\n      lightning_utilization: 1\n",
        "    metrics: [lightning_utilization]\n    weights: nonzero_share\n",
    ).replace("acct_size]", "{name: region, type: category}]")
    (tmp_path / "card.yaml").write_text(learned)

    done = run(tmp_path / "card.yaml")

    assert done.exit_code == 0
    assert "category, as the training data have it" in done.stdout


def test_a_file_that_cannot_be_read_is_an_exit_of_1(tmp_path: Path) -> None:
    done = run(tmp_path / "nowhere.yaml", CARDS / "account_health.yaml")

    assert done.exit_code == 1
    assert done.stderr.startswith("error: cannot read the scorecard")
    assert "8 metrics, 8 components, no mistakes" in done.stdout


def test_a_card_of_one_metric_is_told_of_in_the_singular(tmp_path: Path) -> None:
    (tmp_path / "card.yaml").write_text(
        "schema: scorecard/v1\nid: one\nscale: {type: out_of_10}\n"
        "metrics: {use: {kind: linear, input: logins, best: 9, worst: 0}}\n"
        "components: {all: {weight: 1, metrics: {use: 1}}}\n"
    )

    told = run(tmp_path / "card.yaml").stdout

    assert told.splitlines()[0].endswith("card.yaml: 1 metric, 1 component, no mistakes")


def test_numbers_of_a_mistake_are_written_as_people_give_them(tmp_path: Path) -> None:
    steps = "{kind: indicator, input: orders, type: count, steps: {1: 50, 1234567: 101}}"
    (tmp_path / "card.yaml").write_text(
        "schema: scorecard/v1\nid: one\nscale: {type: zero_to_100, step: 3}\n"
        f"metrics:\n  use: {steps}\n  age: {{kind: linear, input: days, best: 5, worst: 5}}\n"
        "components: {all: {weight: -1, metrics: {use: 1, age: 1}}}\n"
    )

    told = run(tmp_path / "card.yaml").stderr

    assert "start at 1; say what a count of 0 is worth" in told
    assert "points are from 0 to 100, not 101\n" in told
    assert "is 5, as `best` is" in told
    assert "3 does not divide 100" in told
    assert "not -1\n" in told


def test_help_shows_examples() -> None:
    assert "scorecard lint data/scorecards/account_health.yaml" in run("--help").stdout


def test_nothing_to_do_is_wrong_usage() -> None:
    assert run().exit_code == 2
