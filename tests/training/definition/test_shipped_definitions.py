import json
from pathlib import Path

import pytest
from absolute_cases import as_an_editor_reads
from mistake_cases import editor, mistakes_of, read

from serving.scoring.errors import InvalidScorecard
from training.definition import default_scorecard, parse_definition, read_definition

CARDS = default_scorecard().parent
NAMES = ("account_health", "customer_success_score", "service_cloud_mini")
HEALTH = (CARDS / "account_health.yaml").read_text("utf-8")
SUCCESS = (CARDS / "customer_success_score.yaml").read_text("utf-8")


def replaced(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, old
    return text.replace(old, new)


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_card_is_read_by_us_and_by_editors(name: str) -> None:
    text = (CARDS / f"{name}.yaml").read_text("utf-8")

    editor().validate(as_an_editor_reads(text))
    card = read_definition(CARDS / f"{name}.yaml")
    assert card.id == name.replace("_", "-")


def test_every_shipped_card_is_tested() -> None:
    assert {path.stem for path in CARDS.glob("*.yaml")} == set(NAMES)


def test_c1_account_health_has_its_eight_components() -> None:
    card = read(HEALTH).resolve()

    assert [node.name for node in card.components] == [
        "churn",
        "usage",
        "cadence",
        "onboarding",
        "insider",
        "qbr",
        "pipeline",
        "tenure",
    ]
    assert [node.weight for node in card.components] == [30, 15, 15, 10, 10, 10, 5, 5]


def test_c2_weights_that_sum_to_99_are_refused_and_the_message_shows_99() -> None:
    text = replaced(HEALTH, "tenure: {weight: 5", "tenure: {weight: 4")

    (mistake,) = mistakes_of(text)

    assert mistake.endswith(
        "the weights of churn, usage, cadence, onboarding, insider, qbr, pipeline, tenure"
        " sum to 99, not to 100"
    )


def test_c2_weights_that_sum_to_100_otherwise_are_fine() -> None:
    text = replaced(HEALTH, "tenure: {weight: 5", "tenure: {weight: 4.5")

    read(replaced(text, "pipeline: {weight: 5", "pipeline: {weight: 5.5"))


@pytest.mark.parametrize(
    ("bands", "reason"),
    [
        ("Watch: 50, At Risk: 25}", "no band from 0 to 25"),
        ("Watch: 50, At Risk: 50, Critical: 0}", "overlaps Watch: both begin at 50"),
        ("Watch: -5, At Risk: 25, Critical: 0}", "begins at -5, outside the scale"),
    ],
)
def test_c6_a_gap_or_an_overlap_of_bands_is_refused(bands: str, reason: str) -> None:
    (mistake,) = mistakes_of(replaced(HEALTH, "Watch: 50, At Risk: 25, Critical: 0}", bands))

    assert reason in mistake


def test_b10_technical_health_has_four_pillars_with_scores() -> None:
    card = read(SUCCESS).resolve()

    technical = card.components[2]
    pillars = ["efficiency", "customization", "observability", "operational_excellence"]
    assert [node.name for node in technical.components] == pillars
    assert {f"{pillar}_component_score" for pillar in pillars} < set(card.score_names)


@pytest.mark.parametrize(
    ("pillar", "hint"),
    [
        ("speed", "they are efficiency, customization, observability and operational_excellence"),
        ("observabilty", "did you mean observability?"),
    ],
)
def test_b10_an_unknown_pillar_is_refused(pillar: str, hint: str) -> None:
    text = replaced(SUCCESS, "observability: {weight", f"{pillar}: {{weight")

    unknown = [mistake for mistake in mistakes_of(text) if "allows no component" in mistake]

    assert len(unknown) == 1
    assert unknown[0].endswith(f"technical_health allows no component {pillar}; {hint}")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (
            "{event_monitoring_on: 1}",
            "{event_monitoring_on: 1, license_activation: 1}",
            "license_activation is of kind ratio; observability allows indicator.binary",
        ),
        (
            "{api_version_recency: 1}",
            "{api_version_recency: 1, license_activation: 1}",
            "license_activation is of kind ratio; customization allows indicator.binary and"
            " recency",
        ),
    ],
)
def test_b12_a_pillar_refuses_what_it_does_not_allow(old: str, new: str, reason: str) -> None:
    moved = replaced(SUCCESS, "{license_activation: 2, ", "{")

    (mistake,) = mistakes_of(replaced(moved, old, new))

    assert mistake.endswith(reason)


def test_b12_operational_excellence_takes_binary_and_continuous_measures() -> None:
    text = replaced(SUCCESS, "{license_activation: 2, ", "{")

    read(replaced(text, "config_compliance: 1}", "config_compliance: 1, license_activation: 1}"))


def test_a_card_can_be_written_as_json() -> None:
    text = json.dumps(as_an_editor_reads(HEALTH))

    assert json.dumps(parse_definition(text, source="card.json").resolve().tree) == json.dumps(
        read(HEALTH).resolve().tree
    )


def test_a_card_with_a_mistake_names_its_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(replaced(HEALTH, "best: 36", "bets: 36"))
    line = HEALTH[: HEALTH.index("best: 36")].count("\n") + 1

    with pytest.raises(InvalidScorecard) as caught:
        read_definition(path)

    assert caught.value.mistakes == (
        f"{path}:{line}: metrics.tenure.best: missing; for example `best: 1000`",
        f"{path}:{line}: metrics.tenure.bets: unknown key; did you mean best?",
    )
