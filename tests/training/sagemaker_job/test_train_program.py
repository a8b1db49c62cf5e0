"""`train` as SageMaker starts it: what it writes, where, and how it ends."""

import io
import json
import subprocess
import tarfile
from pathlib import Path

import pytest
from job_folders import METRICS, digests

from serving.scoring import load_scorer
from serving.scoring.artifact import pack_artifact
from serving.scoring.errors import InvalidInput
from tests.processes import BIN, Process, call, free_port
from training.sagemaker_job.failure import reason_of

ROW = {"instances": [{"features": [1.0, 12.0, 100.0, 3.0, 0.5]}]}


def packed_as_sagemaker_does(model: Path) -> bytes:
    """The archive of a folder, its files at the root."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for path in sorted(model.iterdir()):
            archive.add(path, path.name)
    return file.getvalue()


def test_t1_the_model_s_archive_has_its_files_at_the_root_and_loads(finished, tmp_path):
    archive = tmp_path / "model.tar.gz"
    archive.write_bytes(packed_as_sagemaker_does(finished / "model"))
    with tarfile.open(archive) as opened:
        opened.extractall(tmp_path / "model", filter="data")

    loaded = [load_scorer(tmp_path / name).artifact.version for name in ("model", "model.tar.gz")]

    assert loaded == [load_scorer(finished / "model").artifact.version] * 2
    assert (tmp_path / "model" / "manifest.json").is_file()


@pytest.mark.slow
def test_t1_train_on_path_writes_a_model_that_serve_loads_from_its_archive(
    job, model_bytes, tmp_path
):
    process = job.start(PYTHONHASHSEED="7")
    said, _ = process.communicate(timeout=120)
    archive = packed_as_sagemaker_does(job.model)
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        opened.extractall(tmp_path / "served", filter="data")
    port = free_port()
    server = Process(
        [BIN / "serve"],
        tmp_path / "log",
        port=port,
        SCORECARD_MODEL=str(tmp_path / "served"),
        SCORECARD_PORT=str(port),
        SCORECARD_WORKERS="1",
    )
    server.wait_for_ping()
    answer = call(port, "POST", "/invocations", json.dumps(ROW), content_type="application/json")
    server.stop()

    assert process.returncode == 0
    assert "rank_crps_ratio=" in said
    assert digests(job.model) == model_bytes
    assert answer.status == 200
    assert answer.json()["predictions"][0]["global_score"] is not None


@pytest.mark.slow
def test_t5_an_invalid_value_ends_with_1_and_the_reason_first(job):
    job.configure("hyperparameters", {"seed": "many", "jobs": "x" * 5000})

    process = job.start()
    _, said = process.communicate(timeout=60)

    assert process.returncode == 1
    assert job.failure.startswith("hyperparameter seed: ")
    assert "hyperparameter jobs: " in job.failure
    assert "Traceback" not in said


def test_t5_what_nobody_foresaw_says_its_reason_first_and_its_traceback_last():
    try:
        raise KeyError("x" * 10)
    except KeyError as error:
        reason = reason_of(error)

    assert reason.startswith("unexpected KeyError: 'xxxxxxxxxx'\n\nTraceback")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (InvalidInput("the file x is empty"), "the file x is empty"),
        (OSError(28, "No space left on device", "/opt/ml/m"), "/opt/ml/m: No space left on device"),
        (MemoryError(), "there is not enough memory for this data: choose a larger instance"),
    ],
)
def test_t5_what_was_foreseen_has_no_traceback(error, reason):
    assert reason_of(error) == reason


@pytest.mark.slow
def test_t17_the_same_data_and_seed_give_the_same_archive(job, finished):
    job.configure("hyperparameters", {"jobs": "1"})

    assert job.run() == 0
    assert pack_artifact(job.model) == pack_artifact(finished / "model")


def test_t18_the_model_says_what_it_takes_and_gives_and_how_it_was_made(finished):
    manifest = json.loads((finished / "model" / "manifest.json").read_text())

    columns = ["acct_age", "acct_size", *sorted(METRICS)]
    assert sorted(column["name"] for column in manifest["inputs"]) == sorted(columns)
    assert {column["type"] for column in manifest["inputs"]} == {"number"}
    assert manifest["outputs"][-1] == "last_modified"
    assert set(manifest["training"]["libraries"]) == {"numpy", "scipy", "xgboost"}
    assert len(manifest["training"]["data_sha256"]) == 64
    assert manifest["training"]["seed"] == 0


@pytest.mark.slow
def test_t18_a_server_refuses_a_model_of_another_format_with_503(finished, tmp_path):
    manifest = json.loads((finished / "model" / "manifest.json").read_text())
    for path in digests(finished / "model"):
        (tmp_path / "model" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "model" / path).write_bytes((finished / "model" / path).read_bytes())
    (tmp_path / "model" / "manifest.json").write_text(
        json.dumps({**manifest, "format_version": 99})
    )
    port = free_port()
    server = Process(
        [BIN / "serve"],
        tmp_path / "log",
        port=port,
        SCORECARD_MODEL=str(tmp_path / "model"),
        SCORECARD_PORT=str(port),
        SCORECARD_WORKERS="1",
    )

    server.wait_for_ping(503)
    answer = call(port, "POST", "/invocations", json.dumps(ROW), content_type="application/json")
    server.stop()

    assert answer.status == 503


def test_the_jobs_of_these_tests_have_more_to_keep_than_shares_of_all_accounts(finished):
    told = json.loads((finished / "model" / "manifest.json").read_text())["training"]["metrics"]

    kinds = {fit["estimator"] for fit in told.values()}
    assert "distribution_regression" in kinds


def test_t19_evaluation_card_and_plots_are_output(finished):
    output, model = digests(finished / "output" / "data"), digests(finished / "model")

    reports = {name for name in output if name != "refused_rows.csv"}
    assert {"evaluation.json", "model_card.md", "plots/calibration.png"} <= reports
    assert {name: output[name] for name in reports} == {name: model[name] for name in reports}
    listed = (finished / "output" / "data" / "refused_rows.csv").read_text()
    assert listed == "file,line,reason\n"


def test_too_many_refused_rows_fail_the_job_and_are_listed(job, tables):
    job.channel("train").unlink()
    job.channel("train").mkdir()
    for path in tables.iterdir():
        text = path.read_text()
        if path.stem == "usage_metrics":
            text = text.replace(",2", ",?", 900)
        (job.channel("train") / path.name).write_text(text)

    code = job.run()

    assert code == 1
    assert "rows" in job.failure.splitlines()[0]
    assert "train/usage_metrics.csv" in job.failure
    listed = (job.output / "refused_rows.csv").read_text().splitlines()
    assert listed[1].startswith("train/usage_metrics.csv,")
    assert not any(job.model.glob("*"))


def test_an_old_failure_does_not_outlive_a_run(job):
    (job.root / "output").mkdir()
    (job.root / "output" / "failure").write_text("of before")
    job.configure("resourceconfig", {"current_host": "b", "hosts": ["a", "b"]})

    assert job.run() == 0
    assert not (job.root / "output" / "failure").exists()


def test_a_failure_that_cannot_be_written_is_in_the_log(job, caplog):
    job.configure("hyperparameters", {"seed": "x"})
    (job.root / "output").symlink_to("/proc")

    assert job.run() == 1
    assert any(line.startswith("hyperparameter seed") for line in caplog.messages)
    assert any("output/failure cannot be written" in line for line in caplog.messages)


def test_help_says_how_to_start_it():
    done = subprocess.run([BIN / "train", "--help"], capture_output=True, text=True, check=True)

    assert "SAGEMAKER_BASE_DIR=build/ml train" in done.stdout
