"""What SageMaker, its local mode and its toolkit say of a job, and what they leave out."""

import logging

import pytest
from job_folders import digests

from serving.scoring.errors import InvalidInput
from training.sagemaker_job.job import read_job
from training.sagemaker_job.places import find_places


def told(job, **environ):
    given = job.environ(**environ)
    return read_job(find_places(given), given)


@pytest.mark.parametrize(
    "channels", [None, {}, {"train": {"ContentType": "application/octet-stream"}}]
)
@pytest.mark.parametrize("resources", [None, {}, {"current_host": "algo-1", "hosts": ["algo-1"]}])
def test_t7_t8_local_mode_leaves_files_and_keys_out(job, channels, resources):
    for name, value in (("inputdataconfig", channels), ("resourceconfig", resources)):
        if value is not None:
            job.configure(name, value)

    read = told(job)

    assert read.trains_here
    assert read.channels == (channels or {})


@pytest.mark.soak
def test_t7_a_job_without_any_configuration_file_runs(job, model_bytes):
    for path in (job.root / "input" / "config").iterdir():
        path.unlink()

    assert job.run() == 0
    assert digests(job.model) == model_bytes


@pytest.mark.soak
def test_t8_a_job_with_short_configuration_files_runs(job, model_bytes):
    job.configure("inputdataconfig", {"train": {"ContentType": "application/octet-stream"}})
    job.configure("resourceconfig", {"current_host": "algo-1", "hosts": ["algo-1"]})

    assert job.run() == 0
    assert digests(job.model) == model_bytes


def test_t16_every_host_but_the_first_is_done_at_once(job, caplog):
    hosts = ["algo-1", "algo-2"]
    job.configure("resourceconfig", {"current_host": "algo-2", "hosts": hosts})
    caplog.set_level(logging.INFO, "training")

    code = job.run()

    assert code == 0
    assert caplog.messages == ["algo-1 trains; nothing is to do on algo-2"]
    assert not job.model.exists()
    assert not job.output.exists()


@pytest.mark.soak
def test_t16_the_first_host_trains(job, model_bytes):
    job.configure("resourceconfig", {"current_host": "algo-1", "hosts": ["algo-1", "algo-2"]})

    assert job.run() == 0
    assert digests(job.model) == model_bytes


def test_a_host_that_is_none_of_the_job_s_is_refused_for_nobody_might_train(job):
    job.configure("resourceconfig", {"current_host": "algo-3", "hosts": ["algo-1", "algo-2"]})

    assert job.run() == 1
    assert job.failure == "this host, 'algo-3', is none of the job's hosts: algo-1, algo-2"


def test_the_toolkit_s_variables_go_before_the_files(job):
    job.configure("hyperparameters", {"seed": "1", "jobs": "1"})
    job.configure("resourceconfig", {"current_host": "a", "hosts": ["a", "b"]})

    read = told(
        job,
        SM_HPS='{"jobs": 2}',
        SM_HP_SEED="3",
        SM_HP__TUNING_OBJECTIVE_METRIC="x",
        SM_CURRENT_HOST="b",
        SM_HOSTS='["b", "c"]',
    )

    assert read.hyperparameters == {"seed": "3", "jobs": 2, "_tuning_objective_metric": "x"}
    assert (read.host, read.hosts) == ("b", ("b", "c"))


def test_t12_every_place_can_be_elsewhere(job, tmp_path):
    elsewhere = {
        "SM_MODEL_DIR": "m",
        "SM_OUTPUT_DIR": "o",
        "SM_OUTPUT_DATA_DIR": "od",
        "SM_INPUT_DIR": "i",
        "SM_INPUT_CONFIG_DIR": "c",
        "SM_CHANNEL_TRAIN": "t",
    }

    places = find_places({name: str(tmp_path / path) for name, path in elsewhere.items()})

    assert places.model == tmp_path / "m"
    assert places.failure == tmp_path / "o" / "failure"
    assert places.output == tmp_path / "od"
    assert places.data == tmp_path / "i" / "data"
    assert places.config == tmp_path / "c"
    assert places.channels == {"train": tmp_path / "t"}


def test_without_variables_the_places_are_sagemaker_s():
    places = find_places({"SM_MODEL_DIR": ""})

    assert str(places.model) == "/opt/ml/model"
    assert str(places.config) == "/opt/ml/input/config"
    assert str(places.data) == "/opt/ml/input/data"
    assert str(places.output) == "/opt/ml/output/data"
    assert str(places.failure) == "/opt/ml/output/failure"
    assert str(places.checkpoints) == "/opt/ml/checkpoints"


@pytest.mark.parametrize("name", ["hyperparameters", "inputdataconfig", "resourceconfig"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", ".json is not JSON"),
        (b"[]", ".json must hold a JSON object"),
        (b"\xff", ".json is not UTF-8"),
        (b"[" * 100_000, ".json is not JSON"),
    ],
)
def test_a_broken_configuration_file_is_named(job, name, content, message):
    (job.root / "input" / "config" / f"{name}.json").write_bytes(content)

    with pytest.raises(InvalidInput, match=f"^{name}{message}"):
        told(job)


@pytest.mark.parametrize("hosts", ["algo-1", [1], {"a": 1}])
def test_hosts_are_names(job, hosts):
    job.configure("resourceconfig", {"current_host": "algo-1", "hosts": hosts})

    with pytest.raises(InvalidInput, match="hosts must be a list of names"):
        told(job)
