"""What deploy/images/build asks of podman and docker, by engines that write it down."""

import os
import subprocess

import pytest

from tests.container.building import IMAGES

#: Writes its arguments down, a line per call. Of docker, it knows buildx if BUILDX names a driver.
ENGINE = """#!/bin/sh
echo "$(basename "$0") $*" >> "$CALLS"
[ "$1" != buildx ] || [ -n "${BUILDX-}" ] || exit 1
[ "$1 ${2-}" != "buildx inspect" ] || printf 'Name: here\\nDriver: %s\\n' "$BUILDX"
"""


@pytest.fixture
def asked(tmp_path):
    """Give the one build asked for: `asked(["docker"], "serving", BUILDX="docker")`."""

    def ask(engines, target, **settings):
        for name in engines:
            (tmp_path / name).write_text(ENGINE)
            (tmp_path / name).chmod(0o755)
        calls = tmp_path / "calls"
        environ = {"PATH": f"{tmp_path}:/usr/bin:/bin", "CALLS": str(calls), **settings}
        ignored = {"ENGINE", "PLATFORM", "BUILD_FLAGS", "TAG"}
        kept = {name: value for name, value in os.environ.items() if name not in ignored}
        subprocess.run([IMAGES / "build", target], env={**kept, **environ}, check=True)
        (build,) = [line for line in calls.read_text().splitlines() if " build " in line]
        return build

    return ask


def test_podman_builds_for_the_instances_in_aws_whatever_the_machine_is(asked):
    build = asked(["podman", "docker"], "serving")

    assert build.startswith("podman build --platform linux/amd64 ")
    assert "--format docker --timestamp" in build
    assert "--output" not in build
    assert "--provenance" not in build


def test_docker_makes_one_image_that_sagemaker_takes(asked):
    build = asked(["docker"], "serving", ENGINE="docker", BUILDX="docker")

    assert build.startswith("docker build --platform linux/amd64 ")
    assert "--provenance=false --output type=docker ." in build


def test_a_builder_that_can_gives_all_files_one_time(asked):
    build = asked(["docker"], "training", ENGINE="docker", BUILDX="docker-container")

    assert "--build-arg SOURCE_DATE_EPOCH=" in build
    assert "--output type=docker,rewrite-timestamp=true ." in build


def test_docker_without_buildx_is_asked_for_nothing_it_does_not_know(asked):
    build = asked(["docker"], "serving", ENGINE="docker")

    assert "--platform linux/amd64" in build
    assert "--provenance" not in build
    assert "--output" not in build


def test_another_platform_is_a_setting(asked):
    build = asked(["podman"], "gateway", PLATFORM="linux/arm64")

    assert "--platform linux/arm64 " in build
    assert "--target gateway " in build
