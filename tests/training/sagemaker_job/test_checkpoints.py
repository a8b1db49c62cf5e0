"""A run that was stopped goes on where it was, and ends with the bytes of one that was not."""

import logging
import shutil

import pytest
from job_folders import CARD, METRICS, JobFolder, digests

FITS = [f"{name}-*.fit" for name in METRICS]


def kept(job):
    """The fits there are, by metric."""
    return sorted(path.name.rpartition("-")[0] for path in job.checkpoints.glob("fits-*/*.fit"))


@pytest.fixture
def restarted(job, finished):
    """A job with all checkpoints of one that ran."""
    shutil.copytree(finished / "checkpoints", job.checkpoints, dirs_exist_ok=True)
    assert kept(job) == sorted(METRICS)
    return job


@pytest.mark.parametrize(
    "fitted",
    [
        pytest.param(fitted, marks=pytest.mark.slow if fitted == 1 else pytest.mark.soak)
        for fitted in range(len(METRICS) + 1)
    ],
)
def test_t15_a_run_resumed_after_any_number_of_metrics_gives_the_same_bytes(
    restarted, model_bytes, caplog, fitted
):
    for name in FITS[fitted:]:
        for path in restarted.checkpoints.glob(f"fits-*/{name}"):
            path.unlink()
    caplog.set_level(logging.INFO, "training")

    code = restarted.run()

    assert code == 0
    assert digests(restarted.model) == model_bytes
    taken = [line for line in caplog.messages if line.endswith("taken from its checkpoint")]
    assert len(taken) == fitted
    assert kept(restarted) == sorted(METRICS)


@pytest.mark.soak
def test_without_a_folder_for_checkpoints_none_are_kept_and_the_model_is_the_same(job, model_bytes):
    job.checkpoints.rmdir()

    assert job.run() == 0
    assert not job.checkpoints.exists()
    assert digests(job.model) == model_bytes


@pytest.mark.soak
def test_checkpoints_can_be_left_out(job):
    job.configure("hyperparameters", {"checkpoints": "false"})

    assert job.run() == 0
    assert kept(job) == []


def other_seed(job, _tables):
    job.configure("hyperparameters", {"seed": "1"})
    return "seed differs"


def other_definition(job, _tables):
    (job.channel("scorecard") / "card.yaml").write_text(CARD.replace("bots: 1,", "bots: 2,"))
    return "definition differs"


def other_estimator(job, _tables):
    job.configure("hyperparameters", {"estimator": "marginal"})
    return "estimators differs"


def other_data(job, tables):
    job.channel("train").unlink()
    shutil.copytree(tables, job.channel("train"))
    path = job.channel("train") / "usage_metrics.csv"
    header, first, *rest = path.read_text().splitlines(keepends=True)
    cells = first.split(",")
    cells[header.strip().split(",").index("bots")] = "777"
    path.write_text("".join([header, ",".join(cells), *rest]))
    return "data_sha256 differs"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(other_data, marks=pytest.mark.slow),
        *(
            pytest.param(each, marks=pytest.mark.soak)
            for each in (other_definition, other_estimator, other_seed)
        ),
    ],
)
def test_checkpoints_of_another_run_are_not_used_and_the_log_says_why(
    restarted, tables, caplog, change
):
    why = change(restarted, tables)
    caplog.set_level(logging.INFO, "training")

    code = restarted.run()

    assert code == 0
    assert not any("taken from its checkpoint" in line for line in caplog.messages)
    assert [line for line in caplog.messages if line.endswith(f"are not used: {why}")]
    assert kept(restarted) == sorted([*METRICS, *METRICS]), "the others stay"


@pytest.mark.soak
def test_checkpoints_made_by_other_libraries_or_code_are_not_met(restarted, caplog):
    (folder,) = restarted.checkpoints.glob("fits-*")
    about = folder / "run.json"
    told = about.read_text()
    about.write_text(
        told.replace('"xgboost": "', '"xgboost": "0.').replace(
            '"code_sha256": "', '"code_sha256": "0'
        )
    )
    folder.rename(folder.with_name("fits-0000000000000000"))
    caplog.set_level(logging.INFO, "training")

    assert restarted.run() == 0
    assert any(
        line.endswith("are not used: code_sha256, libraries differ") for line in caplog.messages
    )


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def empty(path):
    path.write_bytes(b"")


def replace_by_folder(path):
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(flip, marks=pytest.mark.slow),
        *(pytest.param(each, marks=pytest.mark.soak) for each in (cut, empty, replace_by_folder)),
    ],
)
def test_a_damaged_checkpoint_is_fitted_again(restarted, model_bytes, caplog, damage):
    (path,) = restarted.checkpoints.glob("fits-*/bots-*.fit")
    damage(path)

    assert restarted.run() == 0
    assert digests(restarted.model) == model_bytes
    assert sum("the metric is fitted again" in line for line in caplog.messages) == 1


@pytest.mark.soak
def test_what_a_killed_run_left_in_the_making_is_removed(restarted, model_bytes):
    (folder,) = restarted.checkpoints.glob("fits-*")
    (folder / ".partial-x").write_bytes(b"half")

    assert restarted.run() == 0
    assert not any(folder.glob(".partial-*"))
    assert digests(restarted.model) == model_bytes


@pytest.mark.soak
def test_a_folder_that_cannot_be_written_costs_the_checkpoints_only(job, model_bytes, caplog):
    job.checkpoints.rmdir()
    job.checkpoints.symlink_to("/proc")

    assert job.run() == 0
    assert digests(job.model) == model_bytes
    assert any(line.startswith("no checkpoints are kept") for line in caplog.messages)


@pytest.mark.soak
def test_a_changed_card_file_with_the_same_meaning_resumes(restarted, model_bytes, caplog):
    (restarted.channel("scorecard") / "card.yaml").write_text(f"# a remark\n{CARD}")
    caplog.set_level(logging.INFO, "training")

    assert restarted.run() == 0
    assert digests(restarted.model) == model_bytes
    assert sum("taken from its checkpoint" in line for line in caplog.messages) == len(METRICS)


@pytest.mark.soak
def test_several_jobs_may_share_a_folder(tmp_path, tables, model_bytes, restarted):
    other = JobFolder(tmp_path / "other", tables, seed="5")
    other.checkpoints.rmdir()
    other.checkpoints.symlink_to(restarted.checkpoints)

    assert (other.run(), restarted.run()) == (0, 0)
    assert digests(restarted.model) == model_bytes
