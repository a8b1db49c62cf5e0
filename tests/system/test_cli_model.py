"""`scorecard model show`: a fitted model per metric, each one to be looked into by itself."""

from __future__ import annotations

import csv
import io
import json
import shutil

import numpy as np
import pytest
from attempts import attempt

from serving.scoring import load_scorer
from serving.scoring.artifact import build_manifest, read_files
from serving.scoring.manifest import MANIFEST
from training.inspection import peer_quantiles

NAMES = ["macro", "workflowrules", "workflows", "activation_rate", "utilization_rate"]


def shown(*arguments):
    done = attempt(["model", "show", *map(str, arguments)])
    assert done.exit_code == 0, done.stderr
    return done.stdout


def as_json(*arguments):
    return json.loads(shown(*arguments, "--json"))


def stored(artifact, name):
    return json.loads((artifact / name).read_text())


def test_without_a_metric_every_one_has_a_line(small_trained):
    lines = shown(small_trained).splitlines()

    version = load_scorer(small_trained).artifact.version
    assert lines[0].startswith(f"scorecard five-metrics, version {version}")
    assert [line.split()[0] for line in lines[2:]] == NAMES
    assert all("from 0 (learned)" in line for line in lines[2:])


def test_its_figures_are_those_of_the_evaluation_and_the_fit(small_trained):
    told = as_json(small_trained)

    evaluation = stored(small_trained, "evaluation.json")["metrics"]
    training = stored(small_trained, "manifest.json")["training"]
    assert list(told["metrics"]) == NAMES
    for name, metric in told["metrics"].items():
        fit = training["metrics"][name]
        keys = ("rank_crps_ratio", "rank_crps_knn_ratio", "pit_ks", "worst_cell_ks")
        assert {key: metric[key] for key in keys} == {key: evaluation[name][key] for key in keys}
        assert metric["estimator"] == fit["estimator"]
        assert metric["steps"] == fit["steps_at"]
        seen = training["split"]["accounts"]["fit"] + training["split"]["accounts"]["select"]
        assert metric["accounts"] + metric["missing"] == seen


def test_a_metric_tells_its_estimator_n_calibration_and_peers(small_trained):
    text = shown(small_trained, "macro")

    training = stored(small_trained, "manifest.json")["training"]["metrics"]["macro"]
    for part in (
        training["estimator"],
        f"accounts     {training['accounts']:,}, zeros {training['zeros']:,}",
        "bounds       from 0 (learned)",
        "CRPS to nearest peers",
        "expected    10%    20%    30%    40%    50%    60%    70%    80%    90%",
        "acct_age: 0 to ",
        "acct_size: ",
        "(median): median",
    ):
        assert part in text


def test_peer_quartiles_are_those_of_the_artifact_s_own_tables(small_trained):
    told = as_json(small_trained, "workflows")

    scorer = load_scorer(small_trained)
    (metric,) = [metric for metric in scorer.scorecard.metrics if metric.name == "workflows"]
    places = told["peer_quartiles"]
    median = {place["dimension"]: place["value"] for place in places if place["place"] == "median"}
    assert [(place["dimension"], place["place"]) for place in places] == [
        (dimension, place)
        for dimension in ("acct_age", "acct_size")
        for place in ("low", "median", "high")
    ]
    for place in places:
        account = {**dict.fromkeys(NAMES, np.nan), **median, place["dimension"]: place["value"]}
        around = scorer.around(scorer.encode({key: [value] for key, value in account.items()}))
        table = around.metrics["workflows"]
        expected = peer_quantiles(table, metric, around.cells, (0.25, 0.5, 0.75))
        assert place["quartiles"] == expected[0].tolist()


def test_an_archive_tells_the_same_as_its_folder(small_trained, tmp_path):
    archive = tmp_path / "model.tar.gz"
    assert attempt(["pack", str(small_trained), "--out", str(archive)]).exit_code == 0

    assert shown(archive) == shown(small_trained)
    assert shown(archive, "macro") == shown(small_trained, "macro")


def test_a_built_artifact_tells_the_fit_it_was_built_from(small_trained, five_metrics, tmp_path):
    text = five_metrics.read_text().replace("macro: {kind: peer}", "macro: {kind: peer, upper: 7}")
    (tmp_path / "mine.yaml").write_text(text)
    line = ["build", "--scorecard", tmp_path / "mine.yaml", "--from", small_trained]
    assert attempt([*map(str, line), "--out", str(tmp_path / "B")]).exit_code == 0

    told, before = as_json(tmp_path / "B", "macro"), as_json(small_trained, "macro")

    assert told["fit"] == before["fit"]
    assert told["evaluation"] == before["evaluation"]
    assert told["bounds"] == "from 0 (learned) to 7 (declared)"


def test_an_artifact_without_an_evaluation_says_so(small_trained, tmp_path):
    folder = tmp_path / "bare"
    shutil.copytree(small_trained, folder)
    scorer = load_scorer(small_trained)
    served = {
        name: data
        for name, data in read_files(small_trained).items()
        if name in ("peer_tables.npz", "golden.json")
    }
    shutil.rmtree(folder)
    folder.mkdir()
    for name, data in served.items():
        (folder / name).write_bytes(data)
    manifest = build_manifest(scorer.scorecard, served, scorer.artifact.manifest["training"])
    (folder / MANIFEST).write_bytes(manifest)

    assert "it was not evaluated" in shown(folder)
    assert "warning: not evaluated: how right its scores are is not known" in shown(folder, "macro")
    assert as_json(folder, "macro")["evaluation"] is None


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("macros", "Did you mean macro? It has macro, workflowrules, workflows,"),
        ("xyz", "no metric 'xyz'. It has macro,"),
    ],
)
def test_an_unknown_metric_is_one_message_that_names_those_there_are(small_trained, asked, says):
    done = attempt(["model", "show", str(small_trained), asked])

    assert done.exit_code == 1
    assert done.stderr.startswith("error: the artifact has no metric")
    assert says in done.stderr
    assert done.stdout == ""


def test_what_is_no_artifact_is_one_message(tmp_path):
    done = attempt(["model", "show", str(tmp_path / "nowhere")])

    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
    assert "there is no artifact at" in done.stderr


def test_the_help_teaches_with_an_example():
    text = attempt("model show --help").stdout

    assert "scorecard model show build/artifact bots" in text
    assert "Nothing is fitted or measured" in text


def with_other_macro(folder, data):
    """The same accounts with another macro."""
    shutil.copytree(data, folder)
    with (data / "usage_metrics.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    column = header.index("macro")
    for row in rows:
        row[column] = str(float(row[column]) * 3 + 1) if row[column] else ""
    with (folder / "usage_metrics.csv").open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return folder


def tables_of(artifact):
    with np.load(io.BytesIO((artifact / "peer_tables.npz").read_bytes())) as packed:
        return {key: packed[key].tobytes() for key in packed.files}


@pytest.mark.slow
def test_refitting_one_metric_leaves_the_others_byte_identical(
    run, small, small_trained, five_metrics, tmp_path
):
    data = with_other_macro(tmp_path / "data", small)

    done = run("train", "--data", data, "--scorecard", five_metrics, "--out", "A", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    before, after = tables_of(small_trained), tables_of(tmp_path / "A")
    assert set(before) == set(after)
    changed = {key for key in before if before[key] != after[key]}
    assert "metrics/macro/values" in changed
    assert {key.split("/")[1] for key in changed} == {"macro"}
