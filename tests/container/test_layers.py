"""An image can be built again."""

import os
import shutil

import pytest

from tests.container.building import ROOT, build

pytestmark = pytest.mark.container

#: What .dockerignore lets through, more or less.
SOURCES = ["deploy/images", "serving", "training", "data/scorecards", "data/jobs"]
FILES = ["pyproject.toml", "README.md", ".dockerignore"]


def test_built_anew_from_another_clone_it_has_the_same_layers(podman, image, tmp_path, report):
    clone = tmp_path / "clone"
    for name in SOURCES:
        shutil.copytree(ROOT / name, clone / name, copy_function=shutil.copyfile)
    for name in FILES:
        shutil.copyfile(ROOT / name, clone / name)
    # Another day, another umask, other leftovers.
    for path in clone.rglob("*"):
        path.chmod(0o775 if path.is_dir() or path.suffix == "" else 0o664)
        os.utime(path, (1_600_000_000, 1_600_000_000))
    (clone / "serving" / "__pycache__" / "leftover.pyc").write_bytes(b"x")

    again = build(podman, "serving", "--no-cache", tag="again", root=clone)

    first, second = (
        podman.inspect("image", name)["RootFS"]["Layers"] for name in (image("serving"), again)
    )
    assert len(set(first)) >= 5
    assert first == second
    report(f"serving image: {len(second)} layers, the same ones when built again without a cache")
