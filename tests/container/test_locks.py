"""The packages of the images are pinned, and the pins are those that pyproject.toml asks for."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.container.building import IMAGES, ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LINUX = {"sys_platform": "linux", "python_version": "3.11", "python_full_version": "3.11.14"}
EXTRAS = ["serving", "gateway", "training"]


def asked(lock):
    """What pyproject.toml asks of a lock, by package."""
    if lock == "wheel":
        lines = PROJECT["build-system"]["requires"]
    else:
        project = PROJECT["project"]
        lines = project["dependencies"] + project["optional-dependencies"][lock]
    wanted = [Requirement(line) for line in lines]
    return {
        canonicalize_name(one.name): one.specifier
        for one in wanted
        if (one.marker is None or one.marker.evaluate(LINUX))
    }


def pinned(lock):
    """What a lock holds: version and number of hashes by package."""
    text = (IMAGES / "requirements" / f"{lock}.txt").read_text()
    pins = re.findall(
        r"^(\S+)==(\S+)((?: \\\n    --hash=sha256:[0-9a-f]{64})*)", text, re.MULTILINE
    )
    left = [line for line in text.splitlines() if not line.strip().startswith(("#", "--hash"))]
    assert len(pins) == len(left), "a line that pins nothing"
    return {
        canonicalize_name(name): (version, rest.count("--hash")) for name, version, rest in pins
    }


@pytest.mark.parametrize("lock", ["wheel", *EXTRAS])
def test_a_lock_satisfies_pyproject_with_pins_and_hashes(lock):
    pins = pinned(lock)

    unsatisfied = {
        name: str(specifier)
        for name, specifier in asked(lock).items()
        if name not in pins or not specifier.contains(pins[name][0])
    }
    assert not unsatisfied, "pyproject.toml has changed: `make lock`"
    assert all(hashes for _, hashes in pins.values())


@pytest.mark.parametrize("lock", ["wheel", *EXTRAS])
def test_a_lock_names_no_place_where_packages_come_from(lock):
    text = (IMAGES / "requirements" / f"{lock}.txt").read_text()

    assert not re.search(r"://|--(?:extra-)?index-url|--find-links|--trusted-host|@ ", text)


def test_the_locks_agree_and_hold_only_what_their_image_may():
    locks = {lock: pinned(lock) for lock in EXTRAS}

    versions = {(name, pins[name][0]) for pins in locks.values() for name in pins}
    assert len(versions) == len({name for name, _ in versions}), "one version for all images"
    assert not {"pandas", "scipy", "xgboost-cpu", "scikit-learn"} & {*locks["serving"]}
    assert "xgboost-cpu" in locks["training"]
    assert not {"xgboost", "nvidia-nccl-cu12"} & {*locks["training"]}, "the CUDA build: 680 MB"


def test_the_build_sees_every_file_that_the_package_is_made_of():
    seen = (ROOT / ".dockerignore").read_text().splitlines()
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]

    needed = ["pyproject.toml", PROJECT["project"]["readme"], "deploy/images"]
    needed += [*wheel["packages"], *wheel.get("force-include", {})]

    assert seen[next(n for n, line in enumerate(seen) if not line.startswith("#"))] == "*"
    assert {f"!{name}" for name in needed} == {line for line in seen if line.startswith("!")}
