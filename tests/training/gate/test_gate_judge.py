import re
import shutil

import pandas as pd
import pytest
from gate_reports import METRICS, NAMES, failed, texts, verdicts, with_manifest

from serving.scoring import ArtifactError, InvalidInput
from serving.scoring.artifact import read_artifact
from training.errors import TooManyRefused
from training.gate import Limits, judge


def test_a_retrain_on_four_fifths_of_the_accounts_passes_every_check(made):
    report = judge(made.retrained, made.champion, data=made.data, limits=Limits())

    assert report.passed, str(report)
    assert [verdict.name for verdict in report.verdicts] == NAMES
    assert all(verdict.judged for verdict in report.verdicts)


def test_every_verdict_says_its_numbers_in_one_line(made):
    report = judge(made.retrained, made.champion, data=made.data, limits=Limits())

    told = texts(report)
    assert told["same wire"].startswith("5 inputs and 7 outputs are those of the champion")
    assert re.search(r"KS 0\.\d{3}, at most 0\.\d{3} on \d{3} accounts", told["calibration"])
    assert re.search(r"CRPS [+-]\d\.\d%, [+-]\d+\.\d standard errors", told["not worse"])
    assert re.search(r"\d\.\d% of [\d,]+ accounts move more than a point", told["stable metrics"])
    assert re.search(r"the largest by \d\.\d, the mean by 0\.\d\d", told["stable global score"])
    assert told["no score comes or goes"] == "6 scores, 0 accounts"
    assert not any("\n" in text for text in told.values())


def test_data_of_which_a_column_was_shuffled_and_two_swapped_are_refused_by_every_check(made):
    report = judge(made.broken, made.champion, data=made.data, limits=Limits())

    told = texts(report)
    assert failed(report) == set(NAMES) - {"same wire", "no score comes or goes"}
    assert {name for name in METRICS if name in told["calibration"]} == {"activation_rate", "bots"}
    assert all(f"{name}: CRPS worse by +" in told["not worse"] for name in METRICS)
    assert all(f"{name}_metric_score" in told["stable metrics"] for name in METRICS)


def test_the_shuffled_column_is_refused_on_the_shuffled_accounts_too(made):
    report = judge(made.broken, made.champion, data=made.tampered, limits=Limits())

    assert "auto_workflowrules_metric_score" in texts(report)["stable metrics"]
    assert "stable metrics" in failed(report)


def test_a_metric_turned_round_is_refused_for_its_moves_alone(made):
    report = judge(made.reversed, made.champion, data=made.data, limits=Limits())

    told = texts(report)["stable metrics"]
    assert failed(report) == {"stable metrics", "stable components", "stable global score"}
    assert "auto_bots_metric_score" in told
    assert "workflowrules" not in told, "which was left as it is"
    assert "largest_move 10 > 8" in told


def test_a_fit_to_200_accounts_is_refused_with_data_and_without(made):
    measured = judge(made.few, made.champion, data=made.data, limits=Limits())
    unmeasured = judge(made.few, made.champion, limits=Limits())

    assert failed(measured) >= {"not worse", "stable metrics"}
    assert failed(unmeasured) == {"calibration", "not worse"}
    for name in METRICS:
        told = rf"{name} is not evaluated \(\d\d? held-out accounts, 100 are needed\)"
        assert re.search(told, texts(unmeasured)["calibration"])


def test_a_metric_without_evaluation_may_be_allowed_by_name_of_the_limit(made):
    limits = Limits(allow_not_evaluated=True, other_accounts_crps_margin=1.0)

    report = judge(made.few, made.champion, limits=limits, reason="a pilot of 200 accounts")

    assert report.passed
    assert "allowed: " in texts(report)["calibration"]
    assert report.to_dict()["verdict"] == "overridden"
    assert report.to_dict()["reason"] == "a pilot of 200 accounts"
    assert report.to_dict()["overrides"] == limits.changed()


@pytest.mark.parametrize(
    ("candidate", "told"),
    [
        ("renamed", "output usage_component_score is new"),
        ("without_bots", "input bots (number) is gone"),
        ("rescaled", "scores were 0 to 10 and are 0 to 100"),
    ],
)
def test_another_wire_is_refused_unless_allowed(made, candidate, told):
    path = getattr(made, candidate)
    limits = Limits(allow_other_wire=True)

    refused = judge(path, made.champion, data=made.data, limits=Limits())
    allowed = judge(path, made.champion, data=made.data, limits=limits, reason="agreed on")

    assert "same wire" in failed(refused)
    assert told in texts(refused)["same wire"]
    assert "same wire" not in failed(allowed)
    assert told in texts(allowed)["same wire"]


def test_another_wire_is_what_one_hears_where_the_accounts_lack_an_input_too(made, tmp_path):
    for path in made.data.glob("*.csv"):
        table = pd.read_csv(path, dtype=str)
        table.drop(columns="bots", errors="ignore").to_csv(tmp_path / path.name, index=False)

    report = judge(made.champion, made.without_bots, data=tmp_path, limits=Limits())

    assert failed(report) == {"same wire"}
    assert "bots" in texts(report)["stable metrics"]
    with pytest.raises(InvalidInput, match="bots"):
        judge(made.champion, made.champion, data=tmp_path, limits=Limits())


def test_scales_are_compared_and_told_in_points_of_the_candidates(made):
    limits = Limits(allow_other_wire=True)

    report = judge(made.rescaled, made.champion, data=made.data, limits=limits, reason="agreed on")

    # The new scale is not rounded to whole points, and nothing else has changed.
    assert report.passed, str(report)
    assert 0.5 < report.comparison.frame()["largest_move"].max() <= 5.0


def test_other_weights_move_the_global_score_and_no_metric(made):
    report = judge(made.reweighted, made.champion, data=made.data, limits=Limits())

    moved = report.comparison.frame()["largest_move"]
    assert moved.filter(like="metric_score").max() == 0
    assert moved["global_score"] > 0
    assert texts(report)["not worse"].count("CRPS +0.0%, +0.0 standard errors") == 1


def test_artifacts_that_dealt_accounts_differently_are_compared_where_neither_fit_has_seen_them(
    made, tmp_path
):
    def another_salt(training):
        training["split"]["salt"] = "another"

    resalted = with_manifest(made.retrained, tmp_path / "resalted", another_salt)

    report = judge(resalted, made.champion, data=made.data, limits=Limits())
    usual = judge(made.retrained, made.champion, data=made.data, limits=Limits())

    def count(text):
        return int(text["not worse"].split(" ")[0].replace(",", ""))

    # A fifth of a fifth, instead of a fifth.
    assert 0.02 * 2500 < count(texts(report)) < 0.06 * 2500
    assert 0.16 * 2500 < count(texts(usual)) < 0.24 * 2500
    assert report.data["held_out"] > 0.16 * 2500, "calibration needs the candidate's split only"


def test_a_champion_that_does_not_say_what_its_fit_has_seen_is_not_compared(made, tmp_path):
    silent = with_manifest(
        made.champion, tmp_path / "silent", lambda training: training.pop("split")
    )

    report = judge(made.retrained, silent, data=made.data, limits=Limits())

    assert report.passed
    assert not verdicts(report)["not worse"].judged
    assert "does not say which accounts" in texts(report)["not worse"]


def test_a_candidate_that_does_not_say_what_its_fit_has_seen_is_an_error(made, tmp_path):
    silent = with_manifest(
        made.retrained, tmp_path / "silent", lambda training: training.pop("split")
    )

    with pytest.raises(ArtifactError, match="how accounts were split"):
        judge(silent, made.champion, data=made.data, limits=Limits())


def test_accounts_in_another_order_give_the_same_report(made, tmp_path):
    shuffled = tmp_path / "shuffled"
    shutil.copytree(made.data, shuffled)
    for path in shuffled.glob("*.csv"):
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        frame.sample(frac=1.0, random_state=0).to_csv(path, index=False)

    one, two = (
        judge(made.retrained, made.champion, data=data, limits=Limits())
        for data in (made.data, shuffled)
    )

    assert one.to_dict() == two.to_dict()


def test_a_score_that_only_one_artifact_gives_is_refused_unless_allowed(made):
    # A metric that no training account had is never scored.
    allowed = Limits(null_changes=1.0)

    refused = judge(made.few, made.champion, data=made.data, limits=Limits())
    passed = judge(made.few, made.champion, data=made.data, limits=allowed, reason="no more bots")

    assert "no score comes or goes" in failed(refused)
    assert "auto_bots_metric_score: 9" in texts(refused)["no score comes or goes"]
    assert "bots is not evaluated (0 held-out accounts" in texts(refused)["calibration"]
    assert "bots: CRPS" not in texts(refused)["not worse"]
    assert "no score comes or goes" not in failed(passed)
    assert "allowed: auto_bots_metric_score: 9" in texts(passed)["no score comes or goes"]


def test_another_limit_takes_a_reason_of_one_line(made):
    other = Limits(moving_share=0.5)

    with pytest.raises(InvalidInput, match="takes a reason"):
        judge(made.retrained, made.champion, limits=other, reason="  ")
    with pytest.raises(InvalidInput, match="one line of at most 500"):
        judge(made.retrained, made.champion, limits=other, reason="two\nlines")
    with pytest.raises(InvalidInput, match="one line of at most 500"):
        judge(made.retrained, made.champion, limits=other, reason="x" * 501)


def test_a_limit_that_is_drawn_tighter_refuses(made):
    tight = Limits(global_largest_move=0.01)

    report = judge(made.retrained, made.champion, data=made.data, limits=tight, reason="a trial")

    assert failed(report) == {"stable global score"}
    assert report.to_dict()["verdict"] == "refused"


def test_rows_that_cannot_be_used_are_counted_and_too_many_refuse_the_run(made, tmp_path):
    shutil.copytree(made.data, tmp_path / "data")
    with (tmp_path / "data" / "peer_dims.csv").open("a") as file:
        file.write("bad,1,2,3\n" * 20)

    report = judge(made.retrained, made.champion, data=tmp_path / "data", limits=Limits())

    assert report.accounts.refusals.total == 20
    with pytest.raises(TooManyRefused):
        judge(
            made.retrained, made.champion, data=tmp_path / "data", limits=Limits(),
            max_refused_share=0.001,
        )  # fmt: skip


def test_the_report_names_the_accounts_it_rests_on(made):
    report = judge(made.retrained, made.champion, data=made.data, limits=Limits())

    sha256 = read_artifact(made.champion).manifest["training"]["data_sha256"]
    assert report.data["sha256"] == sha256, "the very accounts that the champion was trained with"
    assert report.data["accounts"] == 2500
