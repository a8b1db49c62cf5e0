"""What is in the way of a model: older models go, and whatever else is there stays."""

import json
import os
import shutil
import tempfile
from contextlib import contextmanager

import pytest
from job_folders import digests

from serving.scoring.errors import ArtifactError
from training.sagemaker_job import results
from training.sagemaker_job.model_place import check_model_place
from training.sagemaker_job.results import write_model


@pytest.fixture
def model(tmp_path):
    return tmp_path / "model"


@pytest.fixture
def older(finished, model):
    """A model of another scorecard, with files that the new one does not have."""
    shutil.copytree(finished / "model", model)
    manifest = json.loads((model / "manifest.json").read_text())
    for name in ("plots/of_before.png", "of_before.npz"):
        (model / name).write_text("before")
        manifest["files"][name] = {"sha256": "0" * 64, "bytes": 6}
    (model / "manifest.json").write_text(json.dumps(manifest))
    return digests(model)


def written(path, text="mine"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize(
    "name",
    [
        "thesis.txt",
        "manifest.json",
        ".partial-thesis",
        ".partial-x/thesis.txt",
        ".partial-x/plots/thesis.txt",
        "plots/thesis.txt",
    ],
)
@pytest.mark.parametrize("text", ["mine", '{"name": "my web app", "files": {"x": 1}}'])
def test_a_file_that_no_model_lists_is_named_and_left_before_any_work_is_done(job, name, text):
    written(job.model / name, text)

    assert job.run() == 1
    assert f"holds {name}, of no model" in job.failure
    assert "move or remove what is there" in job.failure
    assert (job.model / name).read_text() == text
    assert not list(job.checkpoints.iterdir()), "nothing was fitted"


def test_a_file_beside_a_model_is_not_taken_for_a_part_of_it(older, model):
    written(model / "plots" / "mine.png")

    with pytest.raises(ArtifactError, match=r"plots/mine\.png"):
        check_model_place(model)

    assert {name: digests(model)[name] for name in older} == older


def test_a_link_to_another_folder_is_not_looked_behind(older, model, tmp_path):
    shutil.move(model / "plots", tmp_path / "pictures")
    (model / "plots").symlink_to(tmp_path / "pictures")
    pictures = digests(tmp_path / "pictures")

    with pytest.raises(ArtifactError, match="holds plots,"):
        check_model_place(model)

    assert digests(tmp_path / "pictures") == pictures


def test_an_older_model_is_replaced_whole(finished, model, older, model_bytes):
    assert len(older) == len(model_bytes) + 2

    write_model(finished / "model", model)

    assert digests(model) == model_bytes
    assert {path.name for path in model.rglob("*") if path.is_dir()} == {"boosters", "plots"}


class Killed(BaseException):
    """The process ends here, without a word."""


def kill_after(monkeypatch, steps):
    """End the process after so many changes of the file system, and clear nothing up."""
    left = iter(range(steps))

    def counted(change):
        def changes(*arguments, **options):
            if next(left, None) is None:
                raise Killed
            return change(*arguments, **options)

        return changes

    for name in ("unlink", "replace", "rename", "mkdir", "rmdir"):
        monkeypatch.setattr(os, name, counted(getattr(os, name)))
    monkeypatch.setattr(shutil, "copyfile", counted(shutil.copyfile))
    monkeypatch.setattr("tempfile.TemporaryDirectory", scratch_folder)


@contextmanager
def scratch_folder(**where):
    folder = tempfile.mkdtemp(**where)
    yield folder
    shutil.rmtree(folder)


def test_wherever_a_writer_is_killed_the_next_one_ends_with_its_model_and_nothing_else(
    finished, model, older, model_bytes, tmp_path
):
    before = tmp_path / "before"
    shutil.copytree(model, before)
    steps, whole = 0, False

    while not whole:
        shutil.rmtree(model)
        shutil.copytree(before, model)
        with pytest.MonkeyPatch.context() as patch:
            kill_after(patch, steps)
            try:
                write_model(finished / "model", model)
                whole = True
            except Killed:
                steps += 1
        left = digests(model)
        if "manifest.json" in left:
            own = {name: told for name, told in left.items() if ".partial-" not in name}
            assert own in (older, model_bytes), "a model with a manifest is whole"
        check_model_place(model)
        write_model(finished / "model", model)
        assert digests(model) == model_bytes

    assert steps > 2 * len(model_bytes)


def test_a_model_folder_that_is_full_gets_nothing(finished, model, older, monkeypatch):
    def refuse(*_arguments, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(results.shutil, "copytree", refuse)
    with pytest.raises(OSError, match="No space left"):
        write_model(finished / "model", model)

    assert digests(model) == older
