"""Models come from a path or a registry, and only good ones are remembered."""

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from serving.inference.model_origins import AtPath, InRegistry, origin_of
from serving.inference.served_model import ServedModel
from serving.inference.server import check_model
from serving.inference.settings import InferenceSettings
from serving.registry import Follower, RegistryError
from serving.registry.cache import alone
from serving.scoring import ArtifactCorrupt, load_scorer
from serving.web.settings import SettingsError, read_settings
from tests.processes import BIN
from tests.scoring.builders import make_parts
from training.registry import publish


@pytest.fixture
def uri(tmp_path):
    """A registry with one version."""
    (tmp_path / "registry").mkdir()
    uri = f"file://{tmp_path / 'registry'}"
    publish(make_parts(seed=1).write(tmp_path / "artifact"), uri)
    return uri


def load(path):
    return ServedModel(load_scorer(path))


def test_a_place_is_a_path_or_a_registry(tmp_path):
    assert isinstance(origin_of(str(tmp_path), tmp_path, load), AtPath)
    for uri in ("s3://models/team", f"file://{tmp_path}"):
        assert isinstance(origin_of(uri, tmp_path, load), InRegistry)


def test_a_model_of_a_registry_is_remembered_once_it_is_accepted(uri, tmp_path):
    offer = InRegistry(Follower(uri, tmp_path / "cache"), load).newer()

    later = InRegistry(Follower(uri, tmp_path / "cache"), load)
    assert later.last_accepted() is None
    offer.accept()
    assert later.last_accepted().model.version == offer.model.version


def test_what_was_good_last_is_taken_though_another_process_is_busy_in_the_cache(uri, tmp_path):
    InRegistry(Follower(uri, tmp_path / "cache"), load).newer().accept()
    offer = InRegistry(Follower(uri, tmp_path / "cache"), load).last_accepted()

    with alone(tmp_path / "cache"), ThreadPoolExecutor(1) as pool:
        pool.submit(offer.accept).result(timeout=5)


def test_a_version_that_cannot_be_loaded_is_refused_until_the_pointer_changes(uri, tmp_path):
    follower = Follower(uri, tmp_path / "cache")
    follower.in_use = "another version"

    def refuse(_):
        raise ArtifactCorrupt("golden row 3")

    with pytest.raises(ArtifactCorrupt):
        InRegistry(follower, refuse).newer()

    assert InRegistry(follower, load).newer() is None


def test_without_any_model_a_refused_version_is_tried_again(uri, tmp_path):
    follower = Follower(uri, tmp_path / "cache")

    def refuse(_):
        raise ArtifactCorrupt("golden row 3")

    with pytest.raises(ArtifactCorrupt):
        InRegistry(follower, refuse).newer()

    assert InRegistry(follower, load).newer() is not None


def test_a_fault_that_is_not_the_version_s_is_no_reason_to_give_it_up(uri, tmp_path):
    follower = Follower(uri, tmp_path / "cache")
    follower.in_use = "another version"

    def fail(_):
        raise MemoryError

    with pytest.raises(MemoryError):
        InRegistry(follower, fail).newer()

    assert InRegistry(follower, load).newer() is not None


@pytest.mark.parametrize("place", ["s3://user:hush@models/team", "https://hush/team", "S3://hush"])
def test_an_address_of_another_kind_is_a_mistake_in_the_settings_and_not_repeated(place):
    with pytest.raises(SettingsError, match=r"SCORECARD_MODEL: a registry's address") as caught:
        read_settings(InferenceSettings, {"SCORECARD_MODEL": place})

    assert "hush" not in str(caught.value)


def test_serve_says_at_once_that_a_registry_has_nothing_to_serve(tmp_path):
    (tmp_path / "registry").mkdir()
    command = [BIN / "scorecard", "serve", f"file://{tmp_path / 'registry'}"]

    finished = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)

    assert finished.returncode == 1
    assert finished.stderr.startswith("error: nothing is published at file://")


def test_what_was_accepted_last_is_enough_to_serve_without_the_registry(uri, tmp_path):
    cache = tmp_path / "cache"
    settings = read_settings(
        InferenceSettings, {"SCORECARD_MODEL": uri, "SCORECARD_CACHE": str(cache)}
    )
    InRegistry(Follower(uri, cache), load).newer().accept()
    shutil.rmtree(tmp_path / "registry")

    check_model(settings)

    shutil.rmtree(cache)
    with pytest.raises(RegistryError, match="there is no directory"):
        check_model(settings)
