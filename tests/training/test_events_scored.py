"""From a folder with events to scores, by the scorecard that comes with the program."""

import csv
import datetime as dt
from pathlib import Path

import pytest
from account_folders import write

from training.build import build
from training.bulk.scoring import score_folder
from training.joining.size import MEMORY_BYTES

CARD = Path(__file__).parents[2] / "data" / "scorecards" / "customer_success_score.yaml"
SCORED = dt.datetime(2026, 1, 10, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def artifact(tmp_path_factory):
    folder = tmp_path_factory.mktemp("built") / "artifact"
    return build(CARD, None, folder), folder


def scored(artifact, folder, events, memory_bytes=MEMORY_BYTES):
    """Score the account A, of which only the events are known; gives its scores by key."""
    scorer, path = artifact
    derived = scorer.scorecard.tree["events"]
    known = [entry.name for entry in scorer.inputs if entry.name not in derived]
    write(
        folder,
        peer_dims="acct_id,acct_size\nA,20\n",
        facts=f"acct_id,{','.join(known[1:])}\nA{',' * len(known[1:])}\n",
        events=f"acct_id,event,date,quantity\n{events}",
    )
    score_folder(
        path, folder, str(folder / "out.csv"), scoring_date=SCORED, memory_bytes=memory_bytes
    )
    with (folder / "out.csv").open() as file:
        (row,) = csv.DictReader(file)
    return row


@pytest.mark.parametrize(
    ("days_ago", "points"),
    [((), 0), ((0,), 50), ((365,), 50), ((366,), 0), ((1, 365), 100), ((1, 1, 1, 1, 1), 100)],
)
def test_b8_reviews_of_the_last_365_days_count(artifact, tmp_path, days_ago, points):
    days = [(SCORED - dt.timedelta(days=days)).date() for days in days_ago]

    row = scored(artifact, tmp_path, "".join(f"A,threshold_review,{day},\n" for day in days))

    assert float(row["operational_excellence_monitoring_reviews_metric_score"]) == points


def test_b3_consumption_is_of_the_same_twelve_months_on_both_sides(artifact, tmp_path):
    row = scored(
        artifact,
        tmp_path,
        "A,credits_provisioned,2025-01-10,5000\n"
        "A,credits_provisioned,2025-01-11,1200\n"
        "A,credits_used,2025-03-01,900\n",
    )

    assert float(row["product_adoption_data360_consumption_metric_score"]) == 75


@pytest.mark.parametrize(
    ("day", "points"), [("2025-12-11", 100), ("2025-12-10", 50), ("2025-10-11", 0), (None, 0)]
)
def test_the_latest_event_is_a_date_that_ages(artifact, tmp_path, day, points):
    row = scored(artifact, tmp_path, f"A,expert_coaching,{day},\n" if day else "")

    assert float(row["customer_expertise_last_coaching_metric_score"]) == points


def test_without_provisioned_credits_there_is_nothing_to_take_a_share_of(artifact, tmp_path):
    row = scored(artifact, tmp_path, "A,credits_used,2025-03-01,900\n")

    assert row["product_adoption_data360_consumption_metric_score"] == ""


def test_events_are_derived_from_in_memory_however_little_there_is_of_it(artifact, tmp_path):
    row = scored(artifact, tmp_path, "A,credits_used,2025-03-01,900\n", memory_bytes=1)

    assert row["product_adoption_data360_consumption_metric_score"] == ""
