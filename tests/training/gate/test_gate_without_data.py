"""What can be judged without accounts, or without a champion."""

import json

from gate_reports import NAMES, failed, texts, verdicts

from serving.scoring.artifact import read_files, write_artifact
from serving.scoring.manifest import describe_files, to_json
from training.gate import Limits, judge


def test_without_data_evaluations_of_the_same_accounts_are_compared(made):
    report = judge(made.reweighted, made.champion, limits=Limits())

    told = verdicts(report)
    assert report.passed
    assert "both evaluations, of the same accounts" in told["not worse"].text
    assert "by its own evaluation" in told["calibration"].text
    assert {name for name, one in told.items() if not one.judged} == set(NAMES[3:])
    assert report.data is None


def test_without_data_evaluations_of_other_accounts_are_compared_coarsely_and_it_says_so(made):
    report = judge(made.retrained, made.champion, limits=Limits())

    told = verdicts(report)
    assert report.passed
    assert told["not worse"].judged
    assert "a coarse comparison of evaluations on other accounts" in told["not worse"].text
    assert told["stable metrics"].text == "not compared: give --data"
    assert told["stable metrics"].word == "not judged"


def test_without_data_a_fit_to_a_shuffled_column_is_refused(made):
    report = judge(made.broken, made.champion, limits=Limits())

    assert failed(report) == {"not worse"}
    assert "workflowrules: CRPS worse by +" in texts(report)["not worse"]


def test_without_data_a_worse_evaluation_of_the_same_accounts_is_refused(made, tmp_path):
    files = read_files(made.champion)
    evaluation = json.loads(files["evaluation.json"])
    for key in ("rank_crps", "rank_crps_ratio"):
        evaluation["metrics"]["bots"][key] *= 1.5
    files["evaluation.json"] = to_json(evaluation)
    manifest = json.loads((made.champion / "manifest.json").read_text())
    manifest["files"] = describe_files(files)
    write_artifact(tmp_path / "worse", files, to_json(manifest))

    report = judge(tmp_path / "worse", made.champion, limits=Limits())

    assert failed(report) == {"not worse"}
    assert "bots: CRPS worse by +50.0%" in texts(report)["not worse"]


def test_an_empty_registry_has_only_calibration_to_judge(made):
    measured = judge(made.champion, None, data=made.data, limits=Limits())
    unmeasured = judge(made.champion, None, limits=Limits())

    for report in (measured, unmeasured):
        assert report.passed
        judged = [verdict.name for verdict in report.verdicts if verdict.judged]
        assert judged == ["calibration"]
        assert texts(report)["not worse"] == "there is no champion"


def test_an_artifact_that_carries_no_evaluation_is_refused(made, tmp_path):
    manifest = json.loads((made.champion / "manifest.json").read_text())
    files = read_files(made.champion)
    del files["evaluation.json"], manifest["files"]["evaluation.json"]
    write_artifact(tmp_path / "bare", files, to_json(manifest))

    report = judge(tmp_path / "bare", made.champion, limits=Limits())

    assert failed(report) == {"calibration"}
    assert "bots is not evaluated (0 held-out accounts" in texts(report)["calibration"]
